"""The parameters that several questions have: pages of lists, a facility, a read model, bounds of time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query

from adapters.questions.knowledge import moment_of

TEXT_MAX, ID_MAX = 64, 160
CURSOR_MAX = 1_000
SIZE, SIZE_MAX = 100, 1_000
CASES, CASES_MAX = 25, 100  # each is decided twice
Size = Annotated[int, Query(ge=1, le=SIZE_MAX, description="rows a page; more than the most is refused, not cut")]


Next = Annotated[
    str | None, Query(alias="next", max_length=CURSOR_MAX, description="go on where `next` of the page before says")
]


def _size(next_: Next = None, size: Size = SIZE) -> int:  # noqa: ARG001 - `Asking` reads it
    return size


def _cases(
    next_: Next = None,  # noqa: ARG001 - same
    size: Annotated[int, Query(ge=1, le=CASES_MAX, description="cases a page")] = CASES,
) -> int:
    return size


PageSize = Annotated[int, Depends(_size)]
PageCases = Annotated[int, Depends(_cases)]
AtFacility = Annotated[str | None, Query(max_length=ID_MAX, description="only there", examples=["mn-cass-jail"])]
ModelName = Annotated[str | None, Query(max_length=ID_MAX, description="only this read model", examples=["custody"])]


def _period(
    first: Annotated[
        str | None, Query(alias="from", max_length=TEXT_MAX, description="from this date on (its start)")
    ] = None,
    last: Annotated[
        str | None, Query(alias="until", max_length=TEXT_MAX, description="up to this date (its end)")
    ] = None,
) -> tuple[datetime | None, datetime | None]:
    return moment_of(first, start=True) if first else None, moment_of(last) if last else None


Period = Annotated[tuple[datetime | None, datetime | None], Depends(_period)]
