"""What is held against cases, as known at a position: rules, agreements, courts' stops, and what amends events."""

from __future__ import annotations

from datetime import datetime

from adapters.queries import ice_reaches
from adapters.remembering import Grown
from adapters.rules.published import KnownRules, known_rules
from adapters.store.ledger import Ledger, decode
from domain.rules.stops import Stops
from projections.agreements import Agreements
from projections.amendments import AMENDING_TYPES, Amendments
from projections.finding import Setting
from projections.published_packs import PublishedPacks
from projections.rule_stops import STOPPING_TYPES, rule_stops
from projections.sequences import Sequences


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
