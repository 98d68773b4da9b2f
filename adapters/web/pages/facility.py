"""One facility: who is there, in whose custody, what the rules say and said, and what is owed and recorded.

/facilities/mn-cass-jail                             the latest of each list, by the moment
/facilities/mn-cass-jail?listed=handoffs&skip=10     of one list, those before
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict

from starlette.responses import Response

from adapters.questions.coverage import While, answers_over
from adapters.questions.custody_at import custody_at
from adapters.questions.latest import Latest, Span, latest_duties, latest_rows, latest_told
from adapters.questions.overheld import overheld
from adapters.web.asking import Asking, Open, Skip
from adapters.web.rendering import page, pages_router
from adapters.web.words import agency_names
from domain.instants import MINNESOTA
from projections.coverage_history import Window
from projections.handoffs import HANDOFFS, PICKUPS
from projections.overholds import OVERHOLDS

router = pages_router()
FIRST, MORE = 10, 20
SINCE = datetime(2025, 1, 1, tzinfo=MINNESOTA)


class Clocks(TypedDict):
    """As of when, and as known at which position."""

    at: datetime
    upto: int


class Listed(StrEnum):
    """The lists of the page that may be longer than what is shown."""

    CUSTODY = "custody"
    OVERHOLDS = "overholds"
    HANDOFFS = "handoffs"
    PICKUPS = "pickups"
    DUTIES = "duties"


@router.get("/facilities/{facility}")
def facility(asking: Open, facility: str, listed: Listed | None = None, skip: Skip = 0) -> Response:
    """Show one facility: what the rules say to everybody, who is there to those who may be told."""
    asked = asking.asked
    place = asked.services.register.facility(facility)
    tells = asking.may_be_told_of(facility)
    spans = {one: Span(skip, MORE) if one is listed else Span(0, FIRST) for one in Listed}
    return page(
        "facility.html.jinja",
        asking,
        of_persons="facility" if tells else "",
        later=lambda: _gathered(asking, facility, spans if tells else None),
        place=place,
        spans=spans,
        further=lambda one: lambda skip: asking.to(f"/facilities/{facility}", **_part(one, skip)) + f"#{one}",
        first=SINCE,
        names=agency_names(asked),
    )


def _gathered(asking: Asking, facility: str, spans: Mapping[Listed, Span] | None) -> dict[str, Any]:
    """Return what the rules say there, and these parts of what is recorded of persons."""
    answers = answers_over(asking.asked, asking.by, facility, Window(SINCE))
    return {
        "now": [one for one in answers if _holds(one, asking.at)],
        "over": _over(answers),
        "local": {rule.id for rule in asking.by.rules.rulebook.rules if rule.is_local},
        "people": _people(asking, facility, spans) if spans else None,
    }


def _part(listed: str, skip: int) -> dict[str, Any]:
    """Return the parameters of the page that shows a list from there on."""
    return {"listed": listed, "skip": skip} if skip else {}


def _people(asking: Asking, facility: str, spans: Mapping[Listed, Span]) -> dict[str, Any]:
    """Return what is recorded there of persons."""
    clocks: Clocks = {"at": asking.at, "upto": asking.known}
    state = custody_at(asking.asked, facility, **clocks)
    return {
        "state": state,
        "custodians": Counter(row["legal_custodian"] for row in state.in_custody).most_common(),
        "custody": Latest.of(state.in_custody, spans[Listed.CUSTODY]),
        "handoffs": latest_told(asking.asked, HANDOFFS.name, facility, spans[Listed.HANDOFFS], **clocks),
        "pickups": latest_told(asking.asked, PICKUPS.name, facility, spans[Listed.PICKUPS], **clocks),
        "duties": latest_duties(asking.asked, facility, spans[Listed.DUTIES], **clocks),
        "overholds": _overholds(asking, facility, spans[Listed.OVERHOLDS], clocks),
    }


def _holds(one: While, at: datetime) -> bool:
    return (one.since is None or one.since <= at) and (one.until is None or at < one.until)


def _over(answers: Sequence[While]) -> list[While]:
    """Return the answers of the decision points at which they changed."""
    changed = Counter(one.cell.decision_point for one in answers)
    return [one for one in answers if changed[one.cell.decision_point] > 1]


def _overholds(asking: Asking, facility: str, span: Span, clocks: Clocks) -> Latest[dict[str, Any]]:
    """Return the latest stays past release that had begun by the moment, with the rules that spoke."""
    found = latest_rows(asking.asked, OVERHOLDS.name, facility, span, **clocks)
    order = [row["episode"] for row in found.rows]
    rows = overheld(asking.asked, episodes=order, **clocks)
    return Latest(sorted(rows, key=lambda row: order.index(row["episode"])), found.has_more)
