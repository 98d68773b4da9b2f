"""The composition root: the only place where adapters are wired to the core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from adapters.intake.checking import Checker, ParallelChecker, SerialChecker
from adapters.places.register import Register, minnesota_register
from adapters.queries import ice_reaches
from adapters.read_models.keeping import models_of
from adapters.read_models.models import Models
from adapters.remembering import Grown
from adapters.rules.published import KnownRules, known_rules
from adapters.store.ledger import Ledger, decode, let_in, system_clock
from adapters.store.place import Place
from domain.instants import MINNESOTA
from domain.rules.stops import Stops
from projections.agreements import Agreements
from projections.amendments import AMENDING_TYPES, Amendments
from projections.custody import Custody
from projections.decision_trail import DecisionTrail
from projections.departures import Departures
from projections.detainers import Detainers
from projections.duties import Duties
from projections.facts import Custodian
from projections.finding import Setting
from projections.finding_trail import FindingTrail
from projections.folding.table import Fold
from projections.handoffs import Handoffs
from projections.overholds import Overholds
from projections.published_packs import PublishedPacks
from projections.replay import ReadModel
from projections.rule_stops import STOPPING_TYPES, rule_stops
from projections.sequences import Sequences


@dataclass(frozen=True, slots=True)
class Services:
    """What every command needs: where the ledger is, which places there are, what time it is."""

    place: Place
    register: Register
    clock: Callable[[], datetime]

    def reading(self) -> Ledger:
        """Open the ledger to read; it must exist."""
        return Ledger.open_to_read(self.place)

    def writing(self) -> Ledger:
        """Open the ledger to append, making it first if there is none."""
        return Ledger.create(self.place)

    def appending(self) -> Ledger:
        """Open the ledger to append; it must exist."""
        return Ledger.open_to_write(self.place)

    @contextmanager
    def checker(self, processes: int) -> Iterator[Checker]:
        """Yield what checks events on their way in: here, or in so many processes beside."""
        if processes == 0:
            yield SerialChecker(self.register)
            return
        with ParallelChecker(self.register, processes=processes) as checker:
            yield checker

    def let_in(self, *, writer: str | None, reader: str | None) -> None:
        """Make the ledger if there is none, and let one role of its database append and read, another only read."""
        let_in(self.place, writer=writer, reader=reader)

    def custody(self) -> Custody:
        """Return the custody fold, which knows who runs each facility."""
        return Custody({facility.id: facility.agency for facility in self.register.facilities})

    def models(self) -> Models:
        """Return the read models kept beside the ledger."""
        folds: tuple[Fold, ...] = (
            self.custody(),
            Handoffs(),
            Detainers(),
            Overholds(),
            Duties(),
            Departures(),
        )
        return models_of(self.place, {fold.name: fold for fold in folds})

    def custodians(self) -> dict[str, Custodian]:
        """Return what the rules need to know of each facility."""
        return {f.id: Custodian(f.kind, f.county, f.agency) for f in self.register.facilities}


def services(place: Place) -> Services:
    """Wire the real register and clock."""
    return Services(place, minnesota_register(), system_clock)


def _read_amendments(found: Amendments, ledger: Ledger, after: int, upto: int) -> None:
    for event in ledger.recorded(after=after, upto=upto, topics=AMENDING_TYPES):
        found.add(event)


_amendments = Grown(Amendments, _read_amendments)


def amendments(ledger: Ledger, upto: int | None) -> Amendments:
    """Return the corrections and retractions known at a position."""
    known = ledger.position() if upto is None else upto
    return _amendments.upto(ledger, known).known_at(known)


def agreements(ledger: Ledger, upto: int | None, amending: Amendments) -> Agreements:
    """Return the agreements known at a position, as amended by then."""
    return Agreements.from_events(amending.apply(ledger.recorded(upto=upto, topics=Agreements.TYPES)))


def agreements_in_force(ledger: Ledger, upto: int | None, amending: Amendments) -> Agreements | None:
    """Return the agreements for the rule engine: None, which is "not known", if no sheet was ever imported."""
    if not list(ledger.recorded(upto=upto, topics=Agreements.TYPES, limit=1)):
        return None
    return agreements(ledger, upto, amending)


def published_packs(ledger: Ledger, upto: int | None, amending: Amendments) -> PublishedPacks:
    """Return the rule packs published by a position, as amended by then."""
    return PublishedPacks(amending.apply(ledger.recorded(upto=upto, topics=PublishedPacks.TYPES)))


def rules_known(ledger: Ledger, upto: int | None, amending: Amendments) -> KnownRules:
    """Return the rules to decide by as known at a position: the pack last published, else the one that ships."""
    return known_rules(published_packs(ledger, upto, amending))


def stops(ledger: Ledger, upto: int | None, amending: Amendments) -> Stops:
    """Return the suspensions and ends of rules known at a position, as amended by then."""
    return rule_stops(amending.apply(ledger.recorded(upto=upto, topics=STOPPING_TYPES)))


def setting(ledger: Ledger, upto: int, amending: Amendments, at: datetime | None = None) -> Setting:
    """Return what cases are held against to find what disagrees, as known at a position and as of a moment."""
    in_force, stopped = agreements_in_force(ledger, upto, amending), stops(ledger, upto, amending)
    return Setting(rules_known(ledger, upto, amending).rulebook, in_force, ice_told_until(ledger, upto, at), stopped)


def ice_told_until(ledger: Ledger, upto: int, at: datetime | None) -> datetime | None:
    """Return how far, and no further than `at`, ICE's own records of transfers reach; None if there are none."""
    reaches = ice_reaches(ledger, upto)
    return min(reaches, at) if reaches and at else reaches


def sequences(ledger: Ledger, upto: int, at: datetime | None = None) -> Sequences:
    """Return the agencies' own counts as known at a position, without what surely happened after a moment."""
    signed = map(decode, (row for row in ledger.event_rows(upto=upto) if row["signature"] is not None))
    return Sequences(event for event in signed if at is None or event.occurred.maybe_by(at))


def read_models(services: Services, ledger: Ledger, upto: int, amending: Amendments) -> list[ReadModel]:
    """Return the read models that are folded when asked, empty."""
    against, custodians = setting(ledger, upto, amending), services.custodians()
    decided = DecisionTrail(against.rulebook, against.agreements, custodians, against.stops)
    return [Agreements(), decided, FindingTrail(against, custodians, sequences(ledger, upto))]


def local(moment: datetime) -> datetime:
    """Show a moment in Minnesota's time."""
    return moment.astimezone(MINNESOTA)
