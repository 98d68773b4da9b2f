"""What the rules say to every custodian at every decision point in the ordinary case, at a moment and over time.

`projections/coverage.py` draws a cell, `projections/coverage_history.py` a row of how it changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from weakref import WeakKeyDictionary

from adapters.deciding import Deciding
from adapters.questions.asked import Asked
from adapters.rules.published import RULE_TYPES, rules_by_position
from domain.errors import InputRefused
from domain.events.fields import DecisionPoint
from domain.rules.rulebook import Rulebook
from projections.coverage import Cell, coverage, places
from projections.coverage_history import TYPES, Known, Place, Row, Window, coverage_history
from projections.facts import Custodian

EVERY_POINT = tuple(DecisionPoint)


def coverage_at(
    asked: Asked,
    by: Deciding,
    at: datetime,
    *,
    facility: str | None = None,
    points: Sequence[DecisionPoint] = EVERY_POINT,
) -> list[Cell]:
    """Return a cell for each custodian and point at a moment; raise InputRefused(unknown_facility)."""
    found = coverage(_custodians(asked, facility), by.beside.asked(at), points)
    return [cell for cell in found if cell.facility or not facility]


def places_of(
    asked: Asked, by: Deciding, *, facility: str | None, county: str | None, points: Sequence[DecisionPoint]
) -> list[Place]:
    """Return what has a cell, in the order of `coverage`: of a facility, the facilities of a county, or all.

    Raise InputRefused: unknown_facility, unknown_county.
    """
    custodians = _custodians(asked, facility)
    if county is not None:
        name = asked.services.register.counties.get(county.strip().casefold())
        if name is None:
            what = f"Minnesota has no county {county[:80]!r}"
            raise InputRefused("unknown_county", what, where="county", mend="see /v1/facilities")
        custodians = {place: one for place, one in custodians.items() if one.county == name}
    every = places(custodians, by.rules.rulebook, points)
    return [place for place in every if place[0] or not (facility or county)]


class While(NamedTuple):
    """An answer to one custodian, since when and until when it was given (None: open)."""

    since: datetime | None
    until: datetime | None
    cell: Cell


_answers: WeakKeyDictionary[Known, dict[tuple[str, Window], list[While]]] = WeakKeyDictionary()


def answers_over(asked: Asked, by: Deciding, facility: str, window: Window) -> list[While]:
    """Return what the rules said to one facility, by decision point and time, as known at one position.

    It is worked out once for as long as nothing new is known of rules or agreements. Raise
    InputRefused(unknown_facility).
    """
    found = _answers.setdefault(by.beside, {})
    if (facility, window) not in found:
        found[facility, window] = list(_answers_over(asked, by.beside, facility, window))
    return found[facility, window]


def _answers_over(asked: Asked, known: Known, facility: str, window: Window) -> Iterator[While]:
    custodian = _custodians(asked, facility)[facility]
    for point in EVERY_POINT:
        moments = window.moments(known.turns(custodian, point))
        cells = [(moment, known.asked(moment).cell(facility, custodian, point)) for moment in moments]
        kept = [one for one, before in zip(cells, [None, *cells], strict=False) if _differs(one[1], before)]
        ends = [moment for moment, _ in kept[1:]]
        for number, ((since, cell), until) in enumerate(zip(kept, [*ends, None], strict=True)):
            yield While(since if number else window.first, until, cell)


def _differs(cell: Cell, before: tuple[datetime, Cell] | None) -> bool:
    return before is None or before[1].answer != cell.answer


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
