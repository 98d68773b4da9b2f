"""A signed event where body and signature travel as one: a DSSE envelope, one line of JSON.

    {"payload":"eyJhZ2VuY3lrZXki...","payloadType":"application/cloudevents+json",
     "signatures":[{"keyid":"9f86d0...","sig":"mIVDtKfR..."}]}

`payload` is the event's canonical bytes in base64, `keyid` what the event itself names in `agencykey`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Generic, Literal, NamedTuple, TypeVar

import msgspec
import orjson

from domain.dsse import PAYLOAD_TYPE
from domain.errors import InputRefused

Base64 = TypeVar("Base64", bytes, str)


class Signed(NamedTuple):
    """What a DSSE envelope holds; `key_id` is what it says beside the event, "" if nothing."""

    body: bytes
    signature: bytes
    key_id: str


def wrapped(signed: Signed) -> bytes:
    """Write the envelope on one line, without its end."""
    return orjson.dumps(
        {
            "payload": b64encode(signed.body).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": signed.key_id, "sig": b64encode(signed.signature).decode()}],
        }
    )


def unwrapped(line: bytes) -> Signed:
    """Read an envelope with one signature; raise InputRefused(bad_dsse)."""
    try:
        return _read(line)
    except (ValueError, RecursionError):
        raise InputRefused(
            "bad_dsse",
            "this is not a DSSE envelope of one event with one signature",
            mend="`custody agency sign` writes them; docs/agencies.md draws one",
        ) from None


class _Signature(msgspec.Struct, Generic[Base64]):
    sig: Base64
    keyid: str | None = None


class _Envelope(msgspec.Struct, Generic[Base64]):
    payload: Base64
    payloadType: Literal["application/cloudevents+json"]  # noqa: N815 - the protocol's name
    signatures: tuple[_Signature[Base64]]


_standard = msgspec.json.Decoder(_Envelope[bytes])
_url_safe = msgspec.json.Decoder(_Envelope[str])


def _read(line: bytes) -> Signed:
    """Read either alphabet of base64, as the protocol asks."""
    try:
        envelope = _standard.decode(line)
    except msgspec.ValidationError:
        text = _url_safe.decode(line)
        signature = text.signatures[0]
        return Signed(_decoded(text.payload), _decoded(signature.sig), signature.keyid or "")
    signed = envelope.signatures[0]
    return Signed(envelope.payload, signed.sig, signed.keyid or "")


def _decoded(text: str) -> bytes:
    return b64decode(text, b"-_" if "-" in text or "_" in text else None, validate=True)
