"""One facility: who is there, in whose custody, what the rules say and said, and what is owed and recorded.

/facilities/mn-cass-jail    Lists end with the latest by the moment; `rows=all` gives up to 500 of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from starlette.responses import Response

from adapters.questions.coverage import While, answers_over
from adapters.questions.custody_at import custody_at
from adapters.questions.overheld import overheld
from adapters.read_models.rows import ModelRow
from adapters.web.asking import Asking, Open
from adapters.web.rendering import page, pages_router
from adapters.web.words import agency_names
from domain.instants import MINNESOTA, Instant, microseconds
from projections.coverage_history import Window
from projections.duties import DUTIES
from projections.handoffs import HANDOFFS, PICKUPS
from projections.overholds import OVERHOLDS

router = pages_router()
SHOWN, ALL = 20, 500
SINCE = datetime(2025, 1, 1, tzinfo=MINNESOTA)


class Listed(NamedTuple):
    """The latest rows by a moment, and how many there are."""

    rows: list[Any]
    total: int


@router.get("/facilities/{facility}")
def facility(asking: Open, facility: str, rows: str = "") -> Response:
    """Show one facility: what the rules say to everybody, who is there to those who may be told."""
    asked = asking.asked
    place = asked.services.register.facility(facility)
    answers = list(answers_over(asked, asking.by, facility, Window(SINCE)))
    tells = asking.may_be_told_of(facility)
    most = ALL if rows == "all" else SHOWN
    return page(
        "facility.html.jinja",
        asking,
        of_persons="facility" if tells else "",
        place=place,
        most=most,
        shown=ALL,
        names=agency_names(asked),
        now=[one for one in answers if _holds(one, asking.at)],
        over=_over(answers),
        local={rule.id for rule in asking.by.rules.rulebook.rules if rule.is_local},
        people=_people(asking, facility, most) if tells else None,
    )


def _people(asking: Asking, facility: str, most: int) -> dict[str, Any]:
    """Return what is recorded there of persons."""
    state = custody_at(asking.asked, facility, at=asking.at, upto=asking.known)
    return {
        "state": state,
        "custodians": Counter(row["legal_custodian"] for row in state.in_custody).most_common(),
        "handoffs": _listed(asking, facility, HANDOFFS.name, _first_said, most),
        "pickups": _listed(asking, facility, PICKUPS.name, itemgetter("scheduled_at"), most),
        "duties": _listed(asking, facility, DUTIES.name, itemgetter("started"), most),
        "overholds": _overholds(asking, facility, most),
    }


def _holds(one: While, at: datetime) -> bool:
    return (one.since is None or one.since <= at) and (one.until is None or at < one.until)


def _over(answers: list[While]) -> list[While]:
    """Return the answers of the decision points at which they changed."""
    changed = Counter(one.cell.decision_point for one in answers)
    return [one for one in answers if changed[one.cell.decision_point] > 1]


def _listed(asking: Asking, facility: str, table: str, began: Callable[[ModelRow], Any], most: int) -> Listed:
    """Return the latest rows of a table that began by the moment asked about."""
    rows = asking.asked.rows(table, {"facility": [facility]}, at=None, upto=asking.known)
    begun = [row for row in rows if _is_by(began(row), asking.at)]
    return Listed(sorted(begun, key=lambda row: _order(began(row)), reverse=True)[:most], len(begun))


def _first_said(row: ModelRow) -> Any:
    return row["told_at"] or next((one["at"] for one in row["said"]), None)


def _is_by(value: Any, at: datetime) -> bool:
    """Say whether a moment in microseconds, or an instant, may be no later than `at`."""
    if value is None or isinstance(value, int):
        return value is None or value <= microseconds(at)
    return Instant.from_json(value).maybe_by(at)


def _order(value: Any) -> int:
    if value is None or isinstance(value, int):
        return value or 0
    earliest = Instant.from_json(value).earliest
    return microseconds(earliest) if earliest else 0


def _overholds(asking: Asking, facility: str, most: int) -> Listed:
    """Return the stays past release that had begun by the moment, with the rules that spoke."""
    rows = overheld(asking.asked, facility=facility, at=asking.at, upto=asking.known, limit=most)
    return Listed(rows, _count(asking, facility))


def _count(asking: Asking, facility: str) -> int:
    rows = asking.asked.rows(OVERHOLDS.name, {"facility": [facility]}, at=None, upto=asking.known)
    return sum(row["valid_from"] <= microseconds(asking.at) for row in rows)
