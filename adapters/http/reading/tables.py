"""Places, who is in custody there, and the tables of the read models."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from operator import itemgetter
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from adapters.http.reading import documents
from adapters.http.reading.asking import Asking, Open, Persons, Row
from adapters.http.reading.forms import HANDED_OVER
from adapters.http.reading.parameters import ID_MAX, AtFacility, PageSize
from adapters.questions.asked import Where
from adapters.questions.custody_at import custody_at
from adapters.questions.handed_over import as_told, with_lifts
from adapters.questions.shown import row_shown
from projections.folding.table import Table
from projections.handoffs import HANDOFFS

router = APIRouter(tags=["places and tables"])

Facility = Annotated[str, Path(max_length=ID_MAX, examples=["mn-freeborn-jail"])]


@router.get("/v1/facilities", responses=documents.several(), response_class=Response)
def facilities(asking: Open) -> Response:
    """Return every facility: id, name, kind, agency, county."""
    register = asking.asked.services.register
    return asking.document("facilities", lambda: [one.as_json() for one in register.facilities])


@router.get(
    "/v1/facilities/{facility}/state",
    responses=documents.one("facility", "at", "known", "count", "in_custody", "contradictions"),
    response_class=Response,
)
def state(asking: Persons, facility: Facility) -> Response:
    """Return who is in custody at a facility, as of a moment (now, if none is given)."""
    asking.within(facility)
    at = asking.now()
    return asking.document("state", lambda: custody_at(asking.asked, facility, at=at, upto=asking.upto).as_json())


@router.get("/v1/tables", responses=documents.several(), response_class=Response)
def tables(asking: Open) -> Response:
    """Return the tables there are, with their columns and what a row is."""
    folds = asking.asked.folds()
    return asking.document("tables", lambda: [_described(fold.name, one) for fold in folds for one in fold.tables])


@router.get("/v1/tables/{table}", responses=documents.table(), response_class=Response)
def table_rows(
    asking: Persons,
    size: PageSize,
    table: Annotated[str, Path(max_length=ID_MAX, examples=["handoffs"])],
    facility: AtFacility = None,
) -> Response:
    """Return a table's rows by key: as JSON, or as CSV or Parquet by `Accept`.

    With `at`, what the events give without those that surely happened later: that reads the whole log.
    """
    asking.within(facility)
    where = asking.asked.at_facility(facility)
    _, described = asking.asked.table(table)

    def rows(begin: str, limit: int) -> list[dict[str, Any]]:
        return _page(asking, table, where, begin, limit)

    return asking.table(f"table {table}", size, described, rows, lambda row: row_shown(described, row))


@router.get("/v1/handoffs", responses=documents.table(), response_class=Response)
def handoffs(
    asking: Persons,
    size: PageSize,
    facility: AtFacility = None,
) -> Response:
    """Return handoffs with what each side said, and beside it how ICE lifted the detainer."""
    asking.within(facility)
    where = asking.asked.at_facility(facility)

    def rows(begin: str, limit: int) -> list[Row]:
        told = _page(asking, HANDOFFS.name, where, begin, limit)
        return [as_told(row) for row in with_lifts(asking.asked, told, at=asking.at, upto=asking.upto)]

    return asking.keyed("handoffs", size, itemgetter(HANDOFFS.key), rows, HANDED_OVER)


def _page(asking: Asking, table: str, where: Where, begin: str, limit: int) -> list[dict[str, Any]]:
    holding: AbstractContextManager[None] = asking.whole_log() if asking.at else nullcontext()
    with holding:
        return asking.asked.page(table, where, at=asking.at, upto=asking.upto, begin=begin, limit=limit)


def _described(model: str, table: Table) -> dict[str, Any]:
    columns = {name: kind.value for name, kind in table.columns.items()}
    return {"table": table.name, "model": model, "about": table.about, "columns": columns}
