"""The named counts, the rows behind them, and public claims beside them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from adapters.counting import named_counts
from adapters.http.reading import documents
from adapters.http.reading.asking import Asking, Figures, Open, Persons
from adapters.http.reading.parameters import ID_MAX, AtFacility, PageSize, Period
from adapters.questions.claimed import claimed
from adapters.questions.counted import Counting, explained_counts, grouping, members, tally
from adapters.released import figures, releases
from domain.counts.fields import FIELDS
from domain.events.record import QUARTER
from projections.claims import whole
from projections.folding.table import Kind, Table
from projections.tally import Tally

FIELDS_MAX = 10
TABLES = {
    of: Table(
        of,
        {
            "ref": Kind.TEXT,
            **{name: Kind.BOOLEAN if True in field.values else Kind.TEXT for name, field in fields.items()},
            "events": Kind.POSITIONS,
        },
        f"{of} of a named count",
    )
    for of, fields in FIELDS.items()
}

router = APIRouter(tags=["counts and claims"])

CountId = Annotated[str, Path(max_length=ID_MAX, examples=["N2"])]
Fields = Annotated[list[str] | None, Query(max_length=FIELDS_MAX)]


def _tally(asking: Asking, period: Period, facility: str | None) -> Tally:
    asking.within(facility)
    return tally(asking.asked, Counting(asking.upto, asking.now(), *period, facility))


@router.get("/v1/counts", responses=documents.several(), response_class=Response)
def counts(
    asking: Figures,
    period: Period,
    by: Annotated[Fields, Query(description="in groups by these fields", examples=[["custodian_kind"]])] = None,
    facility: AtFacility = None,
) -> Response:
    """Return every named count, in all or in groups."""
    fields = grouping(by or ())
    asking.now()

    def answer() -> list[dict[str, Any]]:
        return list(_tally(asking, period, facility).counted(fields))

    return asking.document("counts", answer)


@router.get("/v1/counts/definitions", responses=documents.several(), response_class=Response)
def definitions(asking: Open) -> Response:
    """Return what each count counts, what it leaves out, and whose word it is."""
    return asking.document("definitions", lambda: explained_counts(named_counts()))


@router.get("/v1/counts/{count}/rows", responses=documents.table(), response_class=Response)
def count_rows(
    asking: Persons,
    size: PageSize,
    period: Period,
    count: CountId,
    where: Annotated[Fields, Query(description="FIELD=VALUE", examples=[["custodian_kind=state_prison"]])] = None,
    facility: AtFacility = None,
) -> Response:
    """Return the rows of a count: what each refers to, and the events it rests on. JSON, CSV or Parquet."""
    asking.now()

    def rows(start: int, limit: int) -> list[dict[str, Any]]:
        found = members(_tally(asking, period, facility), count, where or ())
        return found[start : start + limit]

    return asking.numbered(f"count {count}"[:40], size, rows, TABLES[named_counts().get(count).of])


@router.get("/v1/public/figures", responses=documents.several(), response_class=Response)
def released_quarters(asking: Open) -> Response:
    """Return the quarters whose figures were released for the public."""
    return asking.document("releases", lambda: releases(asking.asked.ledger, asking.upto))


@router.get(
    "/v1/public/figures/{quarter}",
    responses=documents.one("quarter", "position", "released_at", "digest", "threshold", "tables"),
    response_class=Response,
)
def released_figures(
    asking: Open, quarter: Annotated[str, Path(pattern=f"^{QUARTER}$", examples=["2026-Q1"])]
) -> Response:
    """Return a quarter's figures by county and kind of custodian, in which nobody can be singled out."""

    def answer() -> dict[str, Any]:
        return figures(asking.asked, quarter, asking.upto)

    return asking.document("figures", answer)


@router.get("/v1/claims", responses=documents.several(), response_class=Response)
def claims(
    asking: Persons,
    claim: Annotated[str | None, Query(max_length=ID_MAX, description="only this claim")] = None,
    count: Annotated[str | None, Query(max_length=ID_MAX, description="compared with this count")] = None,
) -> Response:
    """Return public figures beside the named counts, and what lies between, down to the events."""
    asking.within()

    def answer() -> list[dict[str, Any]]:
        found = claimed(asking.asked, claim, count_id=count, at=asking.at, upto=asking.upto)
        return [whole(one) for one in found]

    return asking.document("claims", answer)
