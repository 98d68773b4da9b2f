"""`POST /v1/events`: one event or many in, a receipt each out. A receipt means that the event is on the disk.

    POST /v1/events                                   201 Created
    Content-Type: application/cloudevents+json        {"id":"019b…","source":"agency:mn-cass-sheriff",
    Custody-Signature: BASE64                          "position":17,"leaf":"5f0a…","new":true,…}
    {"data":{…},…}

The same event again gives the same receipt with `"new":false` and status 200, however often it is sent. A list of
events is answered with 200 and a result each, in order: one that is refused changes nothing for its neighbours.

    {"stored":1,"already_there":0,"refused":1,
     "results":[{"status":201,"receipt":{…}},{"status":401,"problem":{…}}]}
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from adapters.http import openapi
from adapters.http.batches import MEDIA_TYPES, SINGLE_TYPES, Part, parts_of
from adapters.http.bodies import body_of
from adapters.http.problems import problem_of, problem_response, status_of
from adapters.http.rates import Rates
from adapters.intake.group_commit import GroupCommit
from adapters.intake.offered import Accepted, Offered
from domain.canonical import BODY_BYTES_MAX
from domain.errors import InputRefused, LedgerError, LedgerUnavailable

SINGLE_BYTES_MAX = 2 * BODY_BYTES_MAX  # an envelope writes the event in base64
BATCH_BYTES_MAX = 16 * 1024 * 1024
STORE_SECONDS = 30.0
SIGNATURE = "custody-signature"
SAID = {"ce-id": "id", "ce-source": "source", "ce-type": "type", "ce-subject": "subject", "ce-agencykey": "agencykey"}
OK, CREATED = 200, 201

Result = Accepted | LedgerError

router = APIRouter()


@router.post("/v1/events", openapi_extra=openapi.PUBLISH, responses=openapi.PUBLISHED, response_class=Response)
async def publish_events(request: Request) -> Response:
    """Record one event, or up to 1,000."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_single = media_type in SINGLE_TYPES
    if media_type not in MEDIA_TYPES:  # before reading what may be large
        parts_of(b"", media_type, signature=None, said=())
    body = await body_of(request, SINGLE_BYTES_MAX if is_single else BATCH_BYTES_MAX)
    parts = parts_of(body, media_type, signature=request.headers.get(SIGNATURE), said=_said(request))
    rates: Rates = request.app.state.rates
    rates.take(request.client.host if request.client else "", len(parts), time.monotonic())
    results = await recorded(request.app.state.intake, parts)
    return _single(results[0]) if is_single else _many(results)


def _said(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple((name, request.headers[header]) for header, name in SAID.items() if header in request.headers)


async def recorded(intake: GroupCommit, parts: Sequence[Part]) -> list[Result]:
    """Offer what could be read, and return a result for each part; raise TooBusy if none of it can be taken now."""
    offered = [part for part in parts if isinstance(part, Offered)]
    futures = [asyncio.wrap_future(future) for future in intake.submit_many(offered)] if offered else []
    if futures:
        _, late = await asyncio.wait(futures, timeout=STORE_SECONDS)
        for future in late:
            future.cancel()
    answers = iter([_result(future) for future in futures])
    return [next(answers) if isinstance(part, Offered) else part for part in parts]


def _result(future: asyncio.Future[Accepted]) -> Result:
    if future.cancelled() or not future.done():
        what = f"the store has not answered within {STORE_SECONDS:g} seconds: whether it is stored is not known"
        return LedgerUnavailable("store_away", what, mend="send the same again: what is stored is never stored twice")
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, LedgerError):
        return error
    raise error


def _single(result: Result) -> Response:
    if isinstance(result, LedgerError):
        return problem_response(result)
    return _json(result.as_json(), CREATED if result.receipt.is_new else OK)


def _many(results: Sequence[Result]) -> Response:
    accepted = [result for result in results if isinstance(result, Accepted)]
    stored = sum(result.receipt.is_new for result in accepted)
    counts = {
        "stored": stored,
        "already_there": len(accepted) - stored,
        "refused": sum(isinstance(result, InputRefused) for result in results),
    }
    away = next((result for result in results if isinstance(result, LedgerUnavailable)), None)
    if away and not accepted:
        return problem_response(away)
    return _json({**counts, "results": [_shown(result) for result in results]}, OK)


def _shown(result: Result) -> dict[str, Any]:
    if isinstance(result, LedgerError):
        return {"status": status_of(result), "problem": problem_of(result)}
    return {"status": CREATED if result.receipt.is_new else OK, "receipt": result.as_json()}


def _json(document: dict[str, Any], status: int) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
