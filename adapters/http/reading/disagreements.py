"""What disagrees, who was kept past the moment release was due, and what is owed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from operator import itemgetter
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from adapters.http.reading import documents
from adapters.http.reading.asking import Persons
from adapters.http.reading.forms import FOUND, OVERHELD, OWED
from adapters.http.reading.parameters import ID_MAX, AtFacility, PageSize
from adapters.questions.disagreeing import Findings, disagreeing, finding_shown
from adapters.questions.overheld import overheld
from adapters.questions.owing import owing
from projections.finding import Kind
from projections.finding_workflow import State

router = APIRouter(tags=["findings, overholds and duties"])


@router.get("/v1/findings", responses=documents.table(), response_class=Response)
def findings(
    asking: Persons,
    size: PageSize,
    kind: Annotated[list[Kind] | None, Query(description="only these kinds")] = None,
    facility: AtFacility = None,
    state: Annotated[State | None, Query(description="only in this state")] = None,
) -> Response:
    """Return what disagrees, each with the events it rests on; it judges nothing, and reads the whole log."""
    asking.within(facility)

    def answer() -> Findings:
        kinds = [one.value for one in kind or ()]
        with asking.whole_log():
            return disagreeing(
                asking.asked, at=asking.at, upto=asking.upto, kinds=kinds, facility=facility, state=state
            )

    return asking.numbered("findings", size, lambda start, limit: answer().rows[start : start + limit], FOUND)


@router.get("/v1/findings/{finding}", responses=documents.one("id", "arises", "workflow"), response_class=Response)
def finding(asking: Persons, finding: Annotated[str, Path(max_length=ID_MAX)]) -> Response:
    """Return one finding with all that agencies said of it; it reads the whole log."""

    def answer() -> dict[str, Any]:
        with asking.whole_log():
            found = finding_shown(asking.asked, finding, at=asking.at, upto=asking.upto)
        asking.within(found.get("facility"))
        return found

    return asking.document("finding", answer)


@router.get("/v1/overholds", responses=documents.table(), response_class=Response)
def overholds(
    asking: Persons,
    size: PageSize,
    facility: AtFacility = None,
) -> Response:
    """Return who was kept past the moment release was due, with minutes, holds and the rules that spoke."""
    asking.within(facility)
    at = asking.now()
    return asking.numbered(
        "overholds",
        size,
        lambda start, limit: overheld(
            asking.asked, facility=facility, at=at, upto=asking.upto, first=start, limit=limit
        ),
        OVERHELD,
    )


@router.get("/v1/duties", responses=documents.table(), response_class=Response)
def duties(
    asking: Persons,
    size: PageSize,
    facility: AtFacility = None,
    agency: Annotated[str | None, Query(max_length=ID_MAX, description="only what it owes")] = None,
    open_: Annotated[bool, Query(alias="open", description="only what is not recorded as done")] = False,
) -> Response:
    """Return what was owed or asked, by whom, by when, under which rule, and whether it was done."""
    if agency:
        asking.within_agency(agency)
    else:
        asking.within(facility)
    at = asking.now()

    def rows(begin: str, limit: int) -> Iterator[dict[str, Any]]:
        found = owing(
            asking.asked, facility=facility, agency=agency, only_open=open_, begin=begin, at=at, upto=asking.upto
        )
        return islice(found, limit)

    return asking.keyed("duties", size, itemgetter("episode"), rows, OWED)
