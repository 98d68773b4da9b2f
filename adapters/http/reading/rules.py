"""The 287(g) agreements as ICE has listed, corrected and delisted them: public texts, told to everybody."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.composition import agreements as known_agreements
from adapters.composition import amendments
from adapters.http.reading import documents
from adapters.http.reading.asking import TEXT_MAX, Open
from adapters.questions.knowledge import moment_of

router = APIRouter(tags=["rules and agreements"])


@router.get("/v1/agreements", responses=documents.several(), response_class=Response)
def agreements(
    asking: Open,
    county: Annotated[str | None, Query(max_length=TEXT_MAX, examples=["Freeborn"])] = None,
    published: Annotated[str | None, Query(max_length=TEXT_MAX, description="as ICE had published by then")] = None,
) -> Response:
    """Return the agreements; with `at`, those in force then, or possibly so."""
    by = moment_of(published) if published else None

    def answer() -> list[dict[str, Any]]:
        ledger, upto = asking.asked.ledger, asking.upto
        found = known_agreements(ledger, upto, amendments(ledger, upto))
        return found.rows(county=county, at=asking.at, published=by)

    return asking.document("agreements", answer)
