"""What the rules say to every custodian at every decision point in the ordinary case, at a moment and over time.

`projections/coverage.py` draws a cell, `projections/coverage_history.py` a row of how it changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.composition import agreements_in_force, amendments, rules_known, stops
from adapters.questions.asked import Asked
from adapters.rules.published import RULE_TYPES, KnownRules, rules_by_position
from domain.events.fields import DecisionPoint
from domain.events.instrument import BoardApprovalRecorded
from domain.instants import Instant
from domain.rules.rulebook import Rulebook
from domain.rules.stops import Stops
from projections.agreements import Agreements
from projections.coverage import Asked as Ordinary
from projections.coverage import Cell, board_approvals, coverage
from projections.coverage_history import TYPES, Row, Window, coverage_history
from projections.facts import Custodian
from projections.recorded import Recorded

EVERY_POINT = tuple(DecisionPoint)


@dataclass(frozen=True, slots=True)
class Said:
    """The rules known at a position, and what the log says beside them. `agreements`: None if no list was imported."""

    known: int
    rules: KnownRules
    agreements: Agreements | None
    stops: Stops
    approvals: Sequence[Recorded]


def said_by(asked: Asked, upto: int, pack: Rulebook | None = None) -> Said:
    """Read what the log says of rules up to a position; with a pack it is asked under that one."""
    ledger = asked.ledger
    amending = amendments(ledger, upto)
    return Said(
        known=upto,
        rules=KnownRules(pack, None) if pack else rules_known(ledger, upto, amending),
        agreements=agreements_in_force(ledger, upto, amending),
        stops=stops(ledger, upto, amending),
        approvals=list(amending.apply(ledger.recorded(upto=upto, topics=(BoardApprovalRecorded.TYPE,)))),
    )


def coverage_at(
    asked: Asked,
    said: Said,
    at: datetime,
    *,
    facility: str | None = None,
    points: Sequence[DecisionPoint] = EVERY_POINT,
) -> list[Cell]:
    """Return a cell for each custodian and point at a moment; raise InputRefused(unknown_facility)."""
    ordinary = Ordinary(
        said.rules.rulebook, said.agreements, Instant.exact(at), board_approvals(said.approvals, at), said.stops
    )
    found = coverage(_custodians(asked, facility), ordinary, points)
    return [cell for cell in found if cell.facility or not facility]


def coverage_over(
    asked: Asked,
    window: Window,
    *,
    upto: int,
    facility: str | None = None,
    points: Sequence[DecisionPoint] = EVERY_POINT,
    pack: Rulebook | None = None,
) -> list[Row]:
    """Return how the cells changed, under one pack or under each that was published, as known up to a position.

    Raise InputRefused(unknown_facility).
    """
    ledger, custodians = asked.ledger, _custodians(asked, facility)
    rulebooks = {0: pack} if pack else rules_by_position(ledger.recorded(upto=upto, topics=RULE_TYPES))
    events = ledger.recorded(upto=upto, topics=tuple({*TYPES, *RULE_TYPES}))
    rows = coverage_history(custodians, rulebooks, events, points, window)
    return [row for row in rows if row.cell.facility or not facility]


def _custodians(asked: Asked, facility: str | None) -> Mapping[str, Custodian]:
    custodians = asked.services.custodians()
    return {facility: custodians[asked.services.register.facility(facility).id]} if facility else custodians
