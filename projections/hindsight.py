"""Determinations that look different in hindsight: derived otherwise now than at the moment of the decision.

    position  event                             hold_past_release of episode/e-1
    5         release was due, 17:00            permitted
    7         the hold is recorded              permitted      <- the moment: what was known then
    12        an order of a court, told late    prohibited
    12        now                               prohibited     differs; the event that made it differ: 12

The moment of a decision is a position: the greatest of
  - that from which the decision point arises at all, since it last did not,
  - that of the first record of what was then done, and
  - the last one that the ledger had by the decision's own time, on the ledger's clock.
So nothing counts as known then that came after both the decision and its record; and what an agency recorded late, it
is taken to have recorded on all that the ledger had by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.instants import Instant

Row = Mapping[str, Any]  # as `projections.determinations` draws it


@dataclass(frozen=True, slots=True)
class Hindsight:
    """One decision point of a case; a status is None where the point does not arise.

    `moment` is the position at which it was decided, and `turns` are those after it at which the status changed.
    """

    ref: str
    decision_point: str
    at: Instant
    moment: int
    then: str | None
    now: str | None
    rules_then: list[str]
    rules_now: list[str]
    turns: list[int]


def in_hindsight(rows: Iterable[Row], position_by: Callable[[datetime], int]) -> Iterator[Hindsight]:
    """Yield what differs, by case and by when it was decided.

    `rows` are all of the cases asked about, in the order of the log; `position_by` gives the last position stored by a
    moment.
    """
    told: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        told.setdefault((row["ref"], row["decision_point"]), []).append(row)
    found = (_compared(ref, point, its, position_by) for (ref, point), its in told.items())
    yield from sorted((one for one in found if one.then != one.now), key=_order)


def _compared(ref: str, point: str, rows: list[Row], position_by: Callable[[datetime], int]) -> Hindsight:
    decided = next(row for row in reversed(rows) if "withdrawn" not in row)
    at = Instant.from_json(decided["at"])
    by_clock = position_by(at.latest) if at.latest else 0
    moment = max([_arises(rows), by_clock, *sorted(act["position"] for act in decided["done"])[:1]])
    then = next(row for row in reversed(rows) if row["position"] <= moment)
    now, turns = rows[-1], []
    status = _status(then)
    for row in rows[rows.index(then) + 1 :]:
        if _status(row) != status:
            status = _status(row)
            turns.append(row["position"])
    return Hindsight(ref, point, at, moment, _status(then), _status(now), _standing(then), _standing(now), turns)


def _arises(rows: list[Row]) -> int:
    """Return the position from which the point last began to arise."""
    last = max((place for place, row in enumerate(rows[:-1]) if "withdrawn" in row), default=-1)
    return int(rows[last + 1]["position"])


def _status(row: Row) -> str | None:
    return row.get("status")


def _standing(row: Row) -> list[str]:
    return [rule["id"] for rule in row.get("rules", ()) if rule["standing"] == "stands"]


def _order(one: Hindsight) -> tuple[str, tuple[datetime, datetime], str]:
    return one.ref, one.at.sort_key, one.decision_point
