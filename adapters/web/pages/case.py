"""One case: an episode, detainer, handoff or agreement, each side's assertions on its own lane.

/cases/episode/mn-cass-jail.1       /cases?ref=mn-cass-jail.1 finds it
"""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse, Response

from adapters.queries import FoundCase, find_case
from adapters.questions.trail import trail_of
from adapters.web.asking import Asking, Persons
from adapters.web.drawing.lanes import lanes_of
from adapters.web.rendering import HEADERS, SEE_OTHER, page, pages_router
from adapters.web.words import agency_names, details

router = pages_router()


@router.get("/cases")
def find(asking: Persons, ref: str) -> Response:
    """Lead to the case that a reference, or a bare id, means."""
    found = find_case(asking.asked.ledger, ref.strip(), asking.known)
    return RedirectResponse(asking.to(f"/cases/{found.ref}"), SEE_OTHER, HEADERS)


@router.get("/cases/{ref:path}")
def case(asking: Persons, ref: str) -> Response:
    """Show a case as it was recorded by the moment."""
    found = asking.case(ref)
    return page(
        "case.html.jinja",
        asking,
        of_persons="case",
        later=lambda: _gathered(asking, found),
        ref=found.ref,
        names=agency_names(asking.asked),
    )


def _gathered(asking: Asking, case: FoundCase) -> dict[str, Any]:
    """Return what was recorded of a case, and what disagrees in it."""
    found = trail_of(asking.asked, case, at=asking.at, upto=asking.known)
    return {
        "found": found,
        "rows": [(event, details(event["data"])) for event in found.events],
        "drawing": lanes_of(found.events, found.findings),
        "numbers": {event["position"]: number for number, event in enumerate(found.events, 1)},
        "disagreeing": {position for finding in found.findings for position in finding["events"]},
        "facilities": sorted({event["data"]["facility"] for event in found.events if event["data"].get("facility")}),
    }
