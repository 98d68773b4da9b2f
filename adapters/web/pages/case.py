"""One case: an episode, detainer, handoff or agreement, each side's assertions on its own lane.

/cases/episode/mn-cass-jail.1       /cases?ref=mn-cass-jail.1 finds it
"""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from adapters.questions.trail import trail
from adapters.web.asking import Persons
from adapters.web.drawing.lanes import lanes_of
from adapters.web.rendering import HEADERS, SEE_OTHER, page, pages_router
from adapters.web.words import agency_names, details

router = pages_router()


@router.get("/cases")
def find(asking: Persons, ref: str) -> Response:
    """Lead to the case that a reference, or a bare id, means."""
    found = trail(asking.asked, ref.strip(), at=None, upto=asking.known).ref
    return RedirectResponse(asking.to(f"/cases/{found}"), SEE_OTHER, HEADERS)


@router.get("/cases/{ref:path}")
def case(asking: Persons, ref: str) -> Response:
    """Show a case as it was recorded by the moment."""
    asking.within_case(ref)
    found = trail(asking.asked, ref, at=asking.at, upto=asking.known)
    numbers = {event["position"]: number for number, event in enumerate(found.events, 1)}
    return page(
        "case.html.jinja",
        asking,
        of_persons="case",
        found=found,
        rows=[(event, details(event["data"])) for event in found.events],
        drawing=lanes_of(found.events, found.findings),
        numbers=numbers,
        disagreeing={position for finding in found.findings for position in finding["events"]},
        names=agency_names(asking.asked),
        facilities=sorted({event["data"]["facility"] for event in found.events if event["data"].get("facility")}),
    )
