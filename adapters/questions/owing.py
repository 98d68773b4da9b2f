"""What was owed, by whom, by when, under which rule, and whether it was done; `projections/owed.py` draws a row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from adapters.cases import decided_cases
from adapters.questions.asked import Asked, Where
from adapters.read_models.rows import ModelRow
from domain.errors import InputRefused
from domain.instants import Instant, local
from projections.duties import DUTIES
from projections.leaving import DEPARTURES, left_at
from projections.owed import DECIDED_POINTS, Status, owed

NOT_DONE = {Status.OPEN.value, Status.OVERDUE.value, Status.NOT_KNOWN.value}

Owed = dict[str, Any]


def owing(
    asked: Asked,
    *,
    facility: str | None = None,
    agency: str | None = None,
    only_open: bool = False,
    begin: str = "",
    at: datetime | None,
    upto: int,
) -> Iterator[Owed]:
    """Yield the duties by episode, from the episode `begin` on; as of now if `at` is not given.

    Raise InputRefused: unknown_facility, unknown_agency.
    """
    where = _where(asked, facility, agency)

    def tells_of_later(row: ModelRow, moment: datetime) -> bool:
        return row["episode"] >= begin and _tells_of_later(row, moment)

    told = asked.without_later(DUTIES.name, where, tells_of_later, at=at, upto=upto)
    kept = [row for row in told if row["episode"] >= begin]
    return (row for row in _owed(asked, kept, at, upto) if not only_open or _is_open(row))


def _tells_of_later(row: ModelRow, at: datetime) -> bool:
    told = [Instant.from_json(row[name]) for name in ("started", "done", "withheld") if row[name]]
    return not all(instant.maybe_by(at) for instant in told)


def _is_open(row: Owed) -> bool:
    return row["status"] in NOT_DONE and row["done"] is None


def _where(asked: Asked, facility: str | None, agency: str | None) -> Where:
    """Return at which facilities to look."""
    at_one = asked.at_facility(facility)
    if agency is None:
        return at_one
    run = [one.id for one in asked.services.register.facilities if one.agency == agency]
    if not run:
        raise InputRefused("unknown_agency", f"no facility is run by {agency[:80]!r}", mend="see `custody facilities`")
    return {"facility": [one for one in run if facility in (None, one)]}


def _owed(asked: Asked, kept: list[ModelRow], at: datetime | None, upto: int) -> Iterator[Owed]:
    """Decide the cases of the duties found, and yield these with their rules."""
    moment = at or local(asked.services.clock())
    custodians = asked.services.custodians()
    by_case: dict[str, list[ModelRow]] = {}
    for row in kept:
        by_case.setdefault(f"episode/{row['episode']}", []).append(row)
    cases = decided_cases(asked.services, asked.ledger, sorted(by_case), DECIDED_POINTS, at=at, upto=upto)
    for done, case in enumerate(cases, 1):
        made = {decision.determination.decision_point: decision for decision in case.decisions}
        departures = [left_at(event) for event in case.events if isinstance(event.data, DEPARTURES)]
        left = min(departures, key=lambda instant: instant.sort_key, default=None)
        found: list[Owed] = []
        for row in by_case[case.ref]:
            custodian = custodians.get(row["facility"] or "")
            found += owed(row, made, owed_by=custodian.agency if custodian else None, left=left, at=moment)
        yield from sorted(found, key=_order)
        asked.progress(done)


def _order(row: Owed) -> tuple[str, str, str]:
    return row["duty"], row["rule"] or "", row["detainer"] or ""
