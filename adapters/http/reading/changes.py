"""What came to be known: between two positions, since one, late, or differently in hindsight."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.http.reading import documents
from adapters.http.reading.asking import SIZE, TEXT_MAX, Next, Persons, Size
from adapters.questions.changes import diff, since
from adapters.questions.hindsight import hindsight
from adapters.questions.knowledge import known_position, moment_of
from adapters.questions.late import late

ID_MAX = 160
DAY_MINUTES = 1_440
YEAR_MINUTES = 525_600

router = APIRouter(tags=["changes"])

Model = Annotated[str | None, Query(max_length=ID_MAX, description="only this read model", examples=["custody"])]
AtFacility = Annotated[str | None, Query(max_length=ID_MAX, description="only there", examples=["mn-cass-jail"])]
Bound = Annotated[str | None, Query(max_length=TEXT_MAX, description="a date or a time")]


@router.get("/v1/diff", responses=documents.rows(), response_class=Response)
def difference(
    asking: Persons,
    before: Annotated[str, Query(max_length=TEXT_MAX, description="a position or a date", examples=["340"])],
    model: Model = None,
    facility: AtFacility = None,
    next_: Next = None,  # noqa: ARG001 - read by `Asking`
    size: Size = SIZE,
) -> Response:
    """Return what is known otherwise at `known` than at `before`, and which events changed it."""
    asking.within(facility)
    first = known_position(asking.asked.ledger, before, where="before")
    return asking.numbered(
        "diff",
        size,
        lambda start, limit: [
            one.as_json()
            for one in diff(asking.asked, first, asking.upto, at=asking.at, model=model, facility=facility)[
                start : start + limit
            ]
        ],
    )


@router.get(
    "/v1/since",
    responses=documents.one("since", "position", "root", "events", "changes"),
    response_class=Response,
)
def news(
    asking: Persons,
    after: Annotated[str, Query(max_length=TEXT_MAX, description="a position or a date", examples=["340"])],
    model: Model = None,
) -> Response:
    """Return everything newly known since a position, with the position and root to note down for next time."""
    asking.within()
    first = known_position(asking.asked.ledger, after, where="after")
    return asking.document("since", lambda: since(asking.asked, first, model=model, upto=asking.upto).as_json())


@router.get("/v1/late", responses=documents.one("known", "over_minutes", "late", "agencies"), response_class=Response)
def late_reports(
    asking: Persons,
    over_minutes: Annotated[int, Query(ge=0, le=YEAR_MINUTES, description="later than this")] = DAY_MINUTES,
    agency: Annotated[str | None, Query(max_length=ID_MAX, examples=["mn-cass-sheriff"])] = None,
) -> Response:
    """Return the reports that came late, and tallies by agency; it reads the whole log."""
    asking.within_agency(agency)
    over = timedelta(minutes=over_minutes)
    with asking.whole_log():
        return asking.document("late", lambda: late(asking.asked, over=over, agency=agency, upto=asking.upto).as_json())


@router.get("/v1/hindsight", responses=documents.rows(), response_class=Response)
def in_hindsight(
    asking: Persons,
    ref: Annotated[str | None, Query(max_length=ID_MAX, description="only this case")] = None,
    facility: AtFacility = None,
    first: Annotated[Bound, Query(alias="from")] = None,
    last: Annotated[Bound, Query(alias="until")] = None,
    next_: Next = None,  # noqa: ARG001 - same
    size: Size = SIZE,
) -> Response:
    """Return the determinations that are derived otherwise now than on what was known at the moment of the decision.

    Without `ref` it reads the whole log.
    """
    asking.within(facility)
    within = (moment_of(first, start=True) if first else None, moment_of(last) if last else None)

    def rows(start: int, limit: int) -> list[dict[str, object]]:
        with asking.whole_log():
            found = hindsight(asking.asked, ref, facility=facility, within=within, upto=asking.upto)
        return [one.as_json() for one in found[start : start + limit]]

    return asking.numbered("hindsight", size, rows)
