"""`GET /healthz`: the process answers. `GET /readyz`: the ledger answers too, and the queue has room."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.http import openapi
from adapters.http.problems import problem_response
from domain.errors import LedgerError, LedgerUnavailable

READY_SECONDS = 2.0

router = APIRouter()


@router.get("/healthz")
async def health() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=openapi.refused(503), response_class=JSONResponse)
async def ready(request: Request) -> Response:
    """Say the last position, or why events cannot be taken now."""
    state = request.app.state
    try:
        async with asyncio.timeout(READY_SECONDS):
            position = await asyncio.to_thread(state.ledger.position)
        state.intake.ensure_room(1)
    except TimeoutError:
        what = f"no answer within {READY_SECONDS:g} seconds"
        return problem_response(LedgerUnavailable("store_away", what, mend="ask again"))
    except LedgerError as error:
        return problem_response(error)
    return JSONResponse({"status": "ready", "position": position})
