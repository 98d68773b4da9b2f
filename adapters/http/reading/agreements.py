"""The 287(g) agreements as ICE has listed, corrected and delisted them: public texts, told to everybody."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.export.references import AGREEMENTS
from adapters.http.reading import documents
from adapters.http.reading.asking import Open
from adapters.http.reading.parameters import ID_MAX, TEXT_MAX, PageSize
from adapters.questions.agreements import agreements_listed
from adapters.questions.knowledge import moment_of
from domain.events.instrument import AgreementModel
from projections.folding.table import Kind, Table

TABLE = Table(
    "agreements",
    {**AGREEMENTS.columns, "agency_basis": Kind.TEXT, "model_name": Kind.TEXT, "gaps": Kind.JSON, "sheets": Kind.JSON},
    AGREEMENTS.about,
)
EXAMPLE: dict[str, Any] = {
    "agency": "Freeborn County Sheriff's Office",
    "agency_id": "mn-freeborn-sheriff",
    "agency_basis": "as printed",
    "state": "MN",
    "county": "Freeborn",
    "as_printed": "Freeborn County Sheriff's Office",
    "model": "WSO",
    "model_name": "Warrant Service Officer",
    "signed": "2025-03-05",
    "listed_from": "2025-03-10",
    "ended": None,
    "corrections": [],
    "gaps": [],
    "sheets": {"first": "2025-03-10am", "last_listed": "2026-01-20am", "first_absent": None},
}

router = APIRouter(tags=["rules and agreements"])


@router.get("/v1/agreements", responses=documents.table(EXAMPLE), response_class=Response)
def agreements(
    asking: Open,
    size: PageSize,
    county: Annotated[str | None, Query(max_length=TEXT_MAX, examples=["Freeborn"])] = None,
    agency: Annotated[str | None, Query(max_length=ID_MAX, examples=["mn-freeborn-sheriff"])] = None,
    model: Annotated[AgreementModel | None, Query(examples=["WSO"])] = None,
    published: Annotated[str | None, Query(max_length=TEXT_MAX, description="as ICE had published by then")] = None,
) -> Response:
    """Return the agreements; with `at`, those in force then, or possibly so (`in_force`). JSON, CSV or Parquet."""
    by = moment_of(published) if published else None

    def rows(start: int, limit: int) -> list[dict[str, Any]]:
        found = agreements_listed(asking.asked, county=county, at=asking.at, published=by, upto=asking.upto)
        wanted = (row for row in found if agency in (None, row["agency_id"]) and model in (None, row["model"]))
        return list(wanted)[start : start + limit]

    return asking.numbered("agreements", size, rows, TABLE)
