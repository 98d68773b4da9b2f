"""What a request's body holds: one event, or many, each with its bytes exactly as they were sent.

    application/cloudevents+json         {"data":{…},…,"type":"…"}, its signature in the header Custody-Signature
    application/vnd.dsse+json            {"payload":"eyJk…","payloadType":"…","signatures":[{…}]}
    application/cloudevents-batch+json   [EVENT OR DSSE ENVELOPE, …]
    application/x-ndjson                 one EVENT or DSSE ENVELOPE a line

An event is its canonical bytes; in a list nothing stands between its braces that would not stand there alone.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable

import msgspec

from adapters.intake.offered import Offered, from_envelope
from domain.errors import InputRefused

EVENT = "application/cloudevents+json"
ENVELOPE = "application/vnd.dsse+json"
BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"
SINGLE_TYPES = (EVENT, ENVELOPE)
MEDIA_TYPES = (*SINGLE_TYPES, BATCH, LINES)
EVENTS_MAX = 1_000
ORIGIN = "http"
EVENT_START = b'{"data":'  # of canonical bytes: keys are sorted
ENVELOPE_MARK = b'"payloadType"'

Part = Offered | InputRefused

_elements = msgspec.json.Decoder(list[msgspec.Raw])


def parts_of(body: bytes, media_type: str, *, signature: str | None, said: tuple[tuple[str, str], ...]) -> list[Part]:
    """Return what is offered, in order; a part that cannot be read is its refusal.

    Raise InputRefused(unknown_media_type, bad_batch, batch_too_large, bad_header) where the whole cannot be read.
    """
    if media_type == EVENT:
        return [Offered(body, decoded_signature(signature), ORIGIN, 0, said)]
    if media_type == ENVELOPE:
        return [_part(body, 0)]
    if media_type == BATCH:
        return _parts(_raw_elements(body))
    if media_type == LINES:
        return _parts(line for line in body.split(b"\n") if line.strip())
    what = f"{media_type[:80]!r} is not read here"
    raise InputRefused("unknown_media_type", what, where="Content-Type", mend=f"send {', '.join(MEDIA_TYPES)}")


def decoded_signature(text: str | None) -> bytes | None:
    """Return the raw signature of a header, None without one; raise InputRefused(bad_header)."""
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputRefused(
            "bad_header", "the signature is not base64", where="Custody-Signature", mend="send standard, padded base64"
        ) from None


def _raw_elements(body: bytes) -> list[bytes]:
    try:
        return [bytes(element) for element in _elements.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        mend = "send a JSON array of events, or of DSSE envelopes"
        raise InputRefused("bad_batch", f"this is no JSON array: {error}", where="body", mend=mend) from None


def _parts(elements: Iterable[bytes]) -> list[Part]:
    parts = [_part(element, row) for row, element in enumerate(elements)]
    if not parts:
        raise InputRefused("bad_batch", "there is no event in it", where="body", mend="send at least one")
    if len(parts) > EVENTS_MAX:
        what = f"a batch has at most {EVENTS_MAX:,} events, this one has {len(parts):,}"
        raise InputRefused("batch_too_large", what, where="body", mend="send several batches")
    return parts


def _part(element: bytes, row: int) -> Part:
    """Return an event, taken out of its envelope if it has one."""
    element = element.strip()
    if element.startswith(EVENT_START) or ENVELOPE_MARK not in element:
        return Offered(element, None, ORIGIN, row)
    try:
        return from_envelope(element, origin=ORIGIN, row=row)
    except InputRefused as refusal:
        return refusal
