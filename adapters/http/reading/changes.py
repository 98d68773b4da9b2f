"""What came to be known: between two positions, since one, late, or differently in hindsight."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing, nullcontext
from datetime import timedelta
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.http.reading import documents
from adapters.http.reading.asking import Persons
from adapters.http.reading.forms import CHANGED, DIFFERING
from adapters.http.reading.parameters import ID_MAX, TEXT_MAX, AtFacility, ModelName, PageSize, Period
from adapters.questions.changes import changes, key_of, since
from adapters.questions.hindsight import hindsight
from adapters.questions.knowledge import known_position
from adapters.questions.late import late

DAY_MINUTES = 1_440
YEAR_MINUTES = 525_600

router = APIRouter(tags=["changes"])


@router.get("/v1/diff", responses=documents.table(), response_class=Response)
def difference(
    asking: Persons,
    size: PageSize,
    before: Annotated[str, Query(max_length=TEXT_MAX, description="a position or a date", examples=["340"])],
    model: ModelName = None,
    facility: AtFacility = None,
) -> Response:
    """Return what is known otherwise at `known` than at `before`, and which events changed it."""
    asking.within(facility)
    first = known_position(asking.asked.ledger, before, where="before")

    def rows(begin: str, limit: int) -> list[dict[str, Any]]:
        found = changes(asking.asked, first, asking.upto, at=asking.at, model=model, facility=facility, begin=begin)
        with closing(found):
            return [one.as_json() for one in islice(found, limit)]

    return asking.keyed("diff", size, key_of, rows, CHANGED)


@router.get(
    "/v1/since",
    responses=documents.one("since", "position", "root", "events", "changes", "next", "next_url"),
    response_class=Response,
)
def news(
    asking: Persons,
    size: PageSize,
    after: Annotated[str, Query(max_length=TEXT_MAX, description="a position or a date", examples=["340"])],
    model: ModelName = None,
) -> Response:
    """Return what is newly known since a position, so many events at a time, and what these changed.

    The last page has the position and root to note down for next time.
    """
    asking.within()
    first, where = (asking.cursor.skip, "next") if asking.cursor else (after, "after")
    begin = known_position(asking.asked.ledger, first, where=where)

    def answer() -> dict[str, Any]:
        end = min(begin + size, asking.upto)
        found = since(asking.asked, begin, model=model, upto=end).as_json()
        return {**found, "known": asking.upto, **asking.going_on(end if end < asking.upto else None)}

    return asking.document("since", answer)


@router.get("/v1/late", responses=documents.one("known", "over_minutes", "late", "agencies"), response_class=Response)
def late_reports(
    asking: Persons,
    over_minutes: Annotated[int, Query(ge=0, le=YEAR_MINUTES, description="later than this")] = DAY_MINUTES,
    agency: Annotated[str | None, Query(max_length=ID_MAX, examples=["mn-cass-sheriff"])] = None,
) -> Response:
    """Return the reports that came late, and tallies by agency; it reads the whole log."""
    asking.within_agency(agency)
    over = timedelta(minutes=over_minutes)

    def answer() -> dict[str, Any]:
        with asking.whole_log():
            return late(asking.asked, over=over, agency=agency, upto=asking.upto).as_json()

    return asking.document("late", answer)


@router.get("/v1/hindsight", responses=documents.table(), response_class=Response)
def in_hindsight(
    asking: Persons,
    size: PageSize,
    period: Period,
    ref: Annotated[str | None, Query(max_length=ID_MAX, description="only this case")] = None,
    facility: AtFacility = None,
) -> Response:
    """Return the determinations that are derived otherwise now than on what was known at the moment of the decision.

    Without `ref` it reads the whole log.
    """
    asking.within(facility)

    def rows(start: int, limit: int) -> list[dict[str, object]]:
        holding: AbstractContextManager[None] = nullcontext() if ref else asking.whole_log()
        with holding:
            found = hindsight(asking.asked, ref, facility=facility, within=period, upto=asking.upto)
        return [one.as_json() for one in found[start : start + limit]]

    return asking.numbered("hindsight", size, rows, DIFFERING)
