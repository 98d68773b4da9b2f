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
from adapters.intake.offered import Accepted, Answer, Offered
from domain.canonical import BODY_BYTES_MAX
from domain.errors import InputRefused, LedgerUnavailable

SINGLE_BYTES_MAX = 2 * BODY_BYTES_MAX  # an envelope writes the event in base64
BATCH_BYTES_MAX = 16 * 1024 * 1024
STORE_SECONDS = 30.0
PLAIN = "identity"  # as Content-Encoding
SIGNATURE = "custody-signature"
SAID = {"ce-id": "id", "ce-source": "source", "ce-type": "type", "ce-subject": "subject", "ce-agencykey": "agencykey"}
OK, CREATED = 200, 201

router = APIRouter()


@router.post("/v1/events", openapi_extra=openapi.PUBLISH, responses=openapi.PUBLISHED, response_class=Response)
async def publish_events(request: Request) -> Response:
    """Record one event, or up to 1,000."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_single = media_type in SINGLE_TYPES
    if media_type not in MEDIA_TYPES:  # before reading what may be large
        parts_of(b"", media_type, signature=None, said=())
    _check_not_packed(request)
    body = await body_of(request, SINGLE_BYTES_MAX if is_single else BATCH_BYTES_MAX)
    parts = parts_of(body, media_type, signature=request.headers.get(SIGNATURE), said=_said(request))
    rates: Rates = request.app.state.rates
    rates.take(request.client.host if request.client else "", len(parts), time.monotonic())
    answers = await recorded(request.app.state.intake, parts)
    return _single(answers[0]) if is_single else _many(answers)


def _check_not_packed(request: Request) -> None:
    packed = request.headers.get("content-encoding", PLAIN).strip().lower()
    if packed != PLAIN:
        what = f"{packed[:80]!r} is not unpacked here"
        mend = "send the body as it is, without Content-Encoding"
        raise InputRefused("unknown_media_type", what, where="Content-Encoding", mend=mend)


def _said(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple((name, request.headers[header]) for header, name in SAID.items() if header in request.headers)


async def recorded(intake: GroupCommit, parts: Sequence[Part]) -> list[Answer]:
    """Offer what could be read, and return an answer for each part.

    Raise TooBusy if none of it can be taken now, LedgerUnavailable if it cannot be stored.
    """
    offered = [part for part in parts if isinstance(part, Offered)]
    if not offered:
        return [part for part in parts if isinstance(part, InputRefused)]
    future = asyncio.wrap_future(intake.submit(offered))
    try:
        answered = await asyncio.wait_for(future, STORE_SECONDS)
    except TimeoutError:
        what = f"the store has not answered within {STORE_SECONDS:g} seconds: whether it is stored is not known"
        mend = "send the same again: what is stored is never stored twice"
        raise LedgerUnavailable("store_away", what, mend=mend) from None
    answers = iter(answered)
    return [next(answers) if isinstance(part, Offered) else part for part in parts]


def _single(answer: Answer) -> Response:
    if isinstance(answer, InputRefused):
        return problem_response(answer)
    return _json(answer.as_json(), CREATED if answer.receipt.is_new else OK)


def _many(answers: Sequence[Answer]) -> Response:
    accepted = [answer for answer in answers if isinstance(answer, Accepted)]
    stored = sum(answer.receipt.is_new for answer in accepted)
    counts = {"stored": stored, "already_there": len(accepted) - stored, "refused": len(answers) - len(accepted)}
    return _json({**counts, "results": [_shown(answer) for answer in answers]}, OK)


def _shown(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, InputRefused):
        return {"status": status_of(answer), "problem": problem_of(answer)}
    return {"status": CREATED if answer.receipt.is_new else OK, "receipt": answer.as_json()}


def _json(document: dict[str, Any], status: int) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")
