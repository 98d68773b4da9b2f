"""Reading a request's body: no more bytes than allowed, and no longer than allowed."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from domain.errors import InputRefused

BODY_SECONDS = 20.0


async def body_of(request: Request, bytes_max: int, *, seconds: float = BODY_SECONDS) -> bytes:
    """Return the body. Raise InputRefused(too_large, body_too_slow), or ClientDisconnect."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > bytes_max:
        raise _too_large(bytes_max)
    try:
        async with asyncio.timeout(seconds):
            return await _read(request, bytes_max)
    except TimeoutError:
        what = f"the body did not arrive whole within {seconds:g} seconds"
        raise InputRefused(
            "body_too_slow", what, where="body", mend="send it again; nothing of it was stored"
        ) from None


async def _read(request: Request, bytes_max: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise _too_large(bytes_max)
    return bytes(body)


def _too_large(bytes_max: int) -> InputRefused:
    what, mend = (
        f"a body here has at most {bytes_max:,} bytes",
        "send fewer events at once; refer to documents by digest",
    )
    return InputRefused("too_large", what, where="body", mend=mend)
