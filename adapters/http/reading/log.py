"""The log itself: the tree over it, its events as they were received, and what is appended as it is appended.

    {"position":5,"recorded_at":"2026-11-26T11:32:24.256648Z","type":"custody.subject_booked","leaf":"5f0a…",
     "bytes":"eyJkYXRhIjp7…","signature":null}

`bytes` are the event's canonical bytes as received, in base64; `leaf` is SHA-256 over a zero byte and them.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.http import openapi
from adapters.http.reading import documents
from adapters.http.reading.asking import Asking, Events, Open, Reading, Token
from adapters.http.reading.parameters import SIZE, Size
from adapters.http.reading.roles import Need
from adapters.store.log import Row
from domain.canonical import INTEGER_MAX, leaf_hash
from domain.errors import InputRefused
from domain.instants import EPOCH, format_rfc3339

EVENT_KEYS = ("position", "recorded_at", "type", "leaf", "bytes", "signature")
STREAM = "text/event-stream"
STREAMED = {"description": "server-sent events", "content": {STREAM: {"schema": {"type": "string"}}}}
ID_MAX = 20

router = APIRouter(tags=["the log"])

Position = Annotated[int, Path(ge=1, le=INTEGER_MAX, examples=[1])]
After = Annotated[int, Query(ge=0, le=INTEGER_MAX, description="what comes after this position", examples=[350])]
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=ID_MAX, description="the `id` of the last event received")
]


@router.get("/v1/tree", responses=documents.one("size", "root"), response_class=Response)
def tree(asking: Open) -> Response:
    """Return how many events are known, and the root of the tree over them, as `custody verify` prints it."""
    ledger, upto = asking.asked.ledger, asking.upto
    return asking.document("tree", lambda: {"size": upto, "root": ledger.root_at(upto)})


@router.get(
    "/v1/events/live",
    responses={200: STREAMED, **openapi.refused(*documents.REFUSED)},
    response_class=StreamingResponse,
)
async def live(
    request: Request,
    authorization: Token = None,
    last_event_id: LastEventId = None,
    after: Annotated[int | None, Query(ge=0, le=INTEGER_MAX, description="where to begin; now, if not given")] = None,
) -> Response:
    """Return positions, ids and types of what is appended, as it is appended; nothing of persons."""
    reading: Reading = request.app.state.reading
    await asyncio.to_thread(_ensure_may_follow, reading, authorization)
    start = _number(last_event_id) if last_event_id is not None else after
    if start is None:
        start = await asyncio.to_thread(reading.ledger.position)

    return await streaming(
        reading, authorization, lambda may_go_on: reading.live.follow(reading.ledger, start, may_go_on)
    )


Streams = Callable[[Callable[[], bool]], AsyncIterator[bytes]]  # whether the reader may go on -> what is sent


async def streaming(reading: Reading, authorization: str | None, streams: Streams) -> Response:
    """Answer with a stream to whoever may follow what is appended, as long as they may; raise InputRefused, TooBusy."""
    await asyncio.to_thread(_ensure_may_follow, reading, authorization)

    def may_go_on() -> bool:
        try:
            _ensure_may_follow(reading, authorization)
        except InputRefused:  # the grant was revoked meanwhile
            return False
        return True

    async def streamed() -> AsyncIterator[bytes]:
        with reading.live.stream():
            async for some in streams(may_go_on):
                yield some

    reading.live.ensure_room()
    return StreamingResponse(streamed(), media_type=STREAM, headers={"Cache-Control": "no-store"})


def _ensure_may_follow(reading: Reading, authorization: str | None) -> None:
    reading.readers.reader(authorization).ensure_may(Need.FIGURES)


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text) <= INTEGER_MAX:
        return int(text)
    raise InputRefused("bad_parameter", f"{text!r} is no position", where="Last-Event-ID", mend="send the last `id`")


@router.get("/v1/events", responses=documents.one("rows", "known", "next_url"), response_class=Response)
def events(asking: Events, after: After = 0, size: Size = SIZE) -> Response:
    """Return events as received, in the order of the log; `next_url` goes on after the last of them."""

    def answer() -> dict[str, Any]:
        ledger, upto = asking.asked.ledger, asking.upto
        rows = [_shown(row) for row in ledger.event_rows(after=after, upto=upto, limit=size)]
        last = rows[-1]["position"] if rows else upto
        return {"rows": rows, "known": upto, "next_url": asking.url_with(after=last) if last < upto else None}

    return asking.document("events", answer)


@router.get("/v1/events/{position}", responses=documents.one(*EVENT_KEYS), response_class=Response)
def event(asking: Events, position: Position) -> Response:
    """Return the event at a position, as received."""
    return asking.document("event", lambda: _shown(_row_at(asking, position)))


def _row_at(asking: Asking, position: int) -> Row:
    found: Row | None = next(iter(asking.asked.ledger.event_rows(after=position - 1, upto=position, limit=1)), None)
    if found is None or position > asking.upto:
        what, mend = f"there is no event at position {position}", f"the last known is {asking.upto}"
        raise InputRefused("not_found", what, where="position", mend=mend)
    return found


def _shown(row: Row) -> dict[str, Any]:
    body, signature = row["state"], row["signature"]
    return {
        "position": row["position"],
        "recorded_at": format_rfc3339(EPOCH + timedelta(microseconds=row["recorded_at"])),
        "type": row["topic"],
        "leaf": leaf_hash(body).hex(),
        "bytes": b64encode(body).decode(),
        "signature": b64encode(signature).decode() if signature is not None else None,
    }
