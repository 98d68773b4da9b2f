"""The composition root: the only place where adapters are wired to the core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from adapters.intake.checking import Checker, ParallelChecker, SerialChecker
from adapters.known import sequences, setting
from adapters.places.register import Register, minnesota_register
from adapters.read_models.keeping import models_of
from adapters.read_models.models import Models
from adapters.store.ledger import Ledger, let_in, system_clock
from adapters.store.place import Place
from projections.agreements import Agreements
from projections.amendments import Amendments
from projections.custody import Custody
from projections.decision_trail import DecisionTrail
from projections.departures import Departures
from projections.detainers import Detainers
from projections.duties import Duties
from projections.facts import Custodian
from projections.finding_trail import FindingTrail
from projections.folding.table import Fold
from projections.handoffs import Handoffs
from projections.overholds import Overholds
from projections.replay import ReadModel


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


def read_models(services: Services, ledger: Ledger, upto: int, amending: Amendments) -> list[ReadModel]:
    """Return the read models that are folded when asked, empty."""
    against, custodians = setting(ledger, upto, amending), services.custodians()
    decided = DecisionTrail(against.rulebook, against.agreements, custodians, against.stops)
    return [Agreements(), decided, FindingTrail(against, custodians, sequences(ledger, upto))]
