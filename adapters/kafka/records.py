"""A Kafka record and an event: structured CloudEvents, the value being exactly the bytes that were hashed and signed.

key        episode/mn-cass-jail.1               the event's subject: what belongs together keeps its order
value      {"data":{...},"dataschema":...}      the event's canonical bytes
headers    content-type: application/cloudevents+json
           signature: base64                    over the DSSE encoding of the value, or over many values
           ce_id, ce_source, ce_type, ...       may say again what the event says, and nothing else
           custody-position, custody-leaf       on what the ledger publishes
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from typing import Any

import orjson

from adapters.intake.offered import Offered
from adapters.store.log import Row
from domain.errors import InputRefused

STRUCTURED = "application/cloudevents+json"
SIGNATURE, POSITION, LEAF = "signature", "custody-position", "custody-leaf"
ATTRIBUTE = "ce_"
REPEATED = ("specversion", "id", "source", "type", "subject", "time", "dataschema", "agencykey")

Headers = list[tuple[str, bytes]]


def offered(record: Any) -> Offered | InputRefused:
    """Return what a consumed record offers to the ledger, or why it cannot be an event of ours."""
    try:
        return _offered(record)
    except InputRefused as refusal:
        return refusal


def _offered(record: Any) -> Offered:
    origin = f"kafka {record.topic}/{record.partition}"
    if record.value is None:
        return Offered(None, None, origin, record.offset)
    signature, said = None, []
    for name, value in record.headers or ():
        if name == SIGNATURE:
            signature = _signature(value or b"")
        elif name == "content-type":
            _check_structured(_text(value))
        elif name.startswith(ATTRIBUTE):
            said.append((name.removeprefix(ATTRIBUTE), _text(value)))
    if not record.key:
        mend = "give the record the event's subject as its key"
        raise InputRefused("no_key", "the record has no key, so nothing keeps its order", where="key", mend=mend)
    said.append(("subject", _text(record.key)))
    return Offered(record.value, signature, origin, record.offset, tuple(said))


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def _signature(value: bytes) -> bytes:
    try:
        return b64decode(value, validate=True)
    except binascii.Error:
        mend = "send the signature in standard base64, padded"
        raise InputRefused("bad_signature", "the signature is not base64", where=SIGNATURE, mend=mend) from None


def _check_structured(content_type: str) -> None:
    if content_type.partition(";")[0].strip().lower() != STRUCTURED:
        raise InputRefused(
            "not_structured",
            f"the content type is {content_type[:80]!r}",
            where="content-type",
            mend=f"send {STRUCTURED}: the whole event as the value, in the bytes that were signed",
        )


def headers_of(body: bytes, signature: bytes | None) -> Headers:
    """Return the headers of an event on its way to Kafka."""
    document = orjson.loads(body)
    headers = [("content-type", STRUCTURED.encode())]
    headers += [(f"{ATTRIBUTE}{name}", document[name].encode()) for name in REPEATED if name in document]
    if signature is not None:
        headers.append((SIGNATURE, b64encode(signature)))
    return headers


def published_headers(row: Row) -> Headers:
    """Return the headers of a stored event: those it could have come with, its position and its leaf hash."""
    signature = None if row["signature"] is None else bytes(row["signature"])
    place = [(POSITION, str(row["position"]).encode()), (LEAF, bytes(row["leaf_hash"]).hex().encode())]
    return headers_of(bytes(row["state"]), signature) + place
