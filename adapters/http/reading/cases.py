"""One case: its trail, the rules explained, what was derived when, and its rows on both clocks."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.http.reading import documents
from adapters.http.reading.asking import Persons
from adapters.http.reading.forms import DERIVED, VERSIONS
from adapters.http.reading.parameters import ID_MAX, ModelName, PageSize
from adapters.questions.determined import determined_of
from adapters.questions.explained import explained_whole
from adapters.questions.history import history
from adapters.questions.trail import trail_of
from domain.events.fields import DecisionPoint

router = APIRouter(tags=["cases"])

Ref = Annotated[
    str,
    Query(
        max_length=ID_MAX,
        description="`episode/ID`, `detainer/ID`, `handoff/ID`, `agreement/ID`, or a bare id of one",
        examples=["mn-freeborn-jail.story-1"],
    ),
]


@router.get(
    "/v1/trail",
    responses=documents.one("ref", "known", "pack", "events", "decisions", "findings"),
    response_class=Response,
)
def case_trail(asking: Persons, ref: Ref) -> Response:
    """Return the audit trail of a case: what happened, which rules spoke at each decision point, what disagrees."""
    case = asking.case(ref)
    return asking.document("trail", lambda: trail_of(asking.asked, case, at=asking.at, upto=asking.upto).as_json())


@router.get("/v1/explain", responses=documents.several(), response_class=Response)
def explain(
    asking: Persons,
    ref: Ref,
    decision_point: Annotated[
        DecisionPoint | None, Query(description="only this one", examples=["hold_past_release"])
    ] = None,
) -> Response:
    """Return an explanation for each decision point that arose in a case: every rule, why, and what is not known."""
    case = asking.case(ref)

    def answer() -> list[object]:
        whole = explained_whole(asking.asked, case, at=asking.at, upto=asking.upto)
        return [one.as_json() for one in whole.at(decision_point)]

    return asking.document("explanation", answer)


@router.get("/v1/determinations", responses=documents.table(), response_class=Response)
def determinations(
    asking: Persons,
    size: PageSize,
    ref: Ref,
) -> Response:
    """Return what was derived at each decision point of a case, whenever that changed."""
    case = asking.case(ref)
    return asking.numbered(
        "determinations",
        size,
        lambda start, limit: islice(determined_of(asking.asked, case, asking.upto), start, start + limit),
        DERIVED,
    )


@router.get("/v1/history", responses=documents.table(), response_class=Response)
def whole_history(
    asking: Persons,
    size: PageSize,
    ref: Annotated[
        str, Query(max_length=ID_MAX, description="a facility, or as of `trail`", examples=["mn-cass-jail"])
    ],
    model: ModelName = None,
) -> Response:
    """Return every row of a facility, episode, detainer or handoff: when it was so, and when it was known."""
    if ref in asking.asked.services.register.by_id:
        asking.within(ref)
    else:
        asking.within_case(ref)
    return asking.numbered(
        "history",
        size,
        lambda start, limit: [
            one.as_json()
            for one in history(asking.asked, ref, at=asking.at, upto=asking.upto, model=model)[start : start + limit]
        ],
        VERSIONS,
    )
