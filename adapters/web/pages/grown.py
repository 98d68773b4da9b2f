"""Whether the ledger has grown since a page was made: a stream that says so once. The page itself never changes.

/grown?after=350
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.http.reading.asking import Reading, Token
from adapters.http.reading.log import streaming
from adapters.web.rendering import pages_router
from domain.canonical import INTEGER_MAX

router = pages_router()


@router.get("/grown")
async def grown(
    request: Request, after: Annotated[int, Query(ge=0, le=INTEGER_MAX)], authorization: Token = None
) -> Response:
    """Say when something is recorded after a position, other than who reads."""
    reading: Reading = request.app.state.reading
    return await streaming(
        reading, authorization, lambda may_go_on: reading.live.grown(reading.told.position, after, may_go_on)
    )
