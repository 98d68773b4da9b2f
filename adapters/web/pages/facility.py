"""One facility: who is there, in whose custody, what the rules say and said, and what is owed and recorded.

/facilities/mn-cass-jail    Lists end with the latest by the moment; `rows=all` gives up to 500 of each.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from starlette.responses import Response

from adapters.questions.asked import Latest
from adapters.questions.coverage import While, answers_over
from adapters.questions.custody_at import custody_at
from adapters.questions.overheld import overheld
from adapters.read_models.rows import ModelRow
from adapters.web.asking import Asking, Open
from adapters.web.rendering import page, pages_router
from adapters.web.words import agency_names
from domain.instants import MINNESOTA, Instant
from projections.coverage_history import Window
from projections.duties import DUTIES
from projections.handoffs import HANDOFFS, PICKUPS
from projections.overholds import OVERHOLDS

router = pages_router()
SHOWN, ALL = 12, 500
SINCE = datetime(2025, 1, 1, tzinfo=MINNESOTA)


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
        first=SINCE,
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
        "handoffs": _latest(asking, facility, HANDOFFS.name, "told_at", most),
        "pickups": _latest(asking, facility, PICKUPS.name, "scheduled_at", most),
        "duties": _duties(asking, facility, most),
        "overholds": _overholds(asking, facility, most),
    }


def _holds(one: While, at: datetime) -> bool:
    return (one.since is None or one.since <= at) and (one.until is None or at < one.until)


def _over(answers: list[While]) -> list[While]:
    """Return the answers of the decision points at which they changed."""
    changed = Counter(one.cell.decision_point for one in answers)
    return [one for one in answers if changed[one.cell.decision_point] > 1]


def _latest(asking: Asking, facility: str, table: str, by: str, most: int) -> Latest:
    where = {"facility": [facility]}
    return asking.asked.latest(table, where, by=by, at=asking.at, upto=asking.known, limit=most)


def _overholds(asking: Asking, facility: str, most: int) -> Latest:
    """Return the latest stays past release that had begun by the moment, with the rules that spoke."""
    found = _latest(asking, facility, OVERHOLDS.name, "valid_from", most)
    kept = {row["episode"] for row in found.rows}
    rows = overheld(asking.asked, episodes=kept, at=asking.at, upto=asking.known)
    order = [row["episode"] for row in found.rows]
    return Latest(sorted(rows, key=lambda row: order.index(row["episode"])), found.total)


def _duties(asking: Asking, facility: str, most: int) -> list[ModelRow]:
    """Return the duties that became known last, of those begun by the moment."""

    def has_begun(row: ModelRow) -> bool:
        return Instant.from_json(row["started"]).maybe_by(asking.at)

    where = {"facility": [facility]}
    return asking.asked.newest(DUTIES.name, where, upto=asking.known, limit=most, counts=has_begun)
