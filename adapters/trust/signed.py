"""A signed event where body and signature travel as one: a DSSE envelope, one line of JSON.

    {"payload":"eyJhZ2VuY3lrZXki...","payloadType":"application/cloudevents+json",
     "signatures":[{"keyid":"9f86d0...","sig":"mIVDtKfR..."}]}

`payload` is the event's canonical bytes in base64, `keyid` what the event itself names in `agencykey`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64decode
from binascii import Error
from typing import Any, NamedTuple

import orjson

from domain.dsse import PAYLOAD_TYPE
from domain.errors import InputRefused


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
        document = orjson.loads(line)
        (one,) = document["signatures"]
        signed = Signed(_decoded(document["payload"]), _decoded(one["sig"]), str(one.get("keyid") or ""))
        is_ours = document["payloadType"] == PAYLOAD_TYPE
    except (ValueError, TypeError, KeyError, AttributeError, Error):
        is_ours = False
    if not is_ours:
        raise InputRefused(
            "bad_dsse",
            "this is not a DSSE envelope of one event with one signature",
            mend="`custody agency sign` writes them; docs/agencies.md draws one",
        )
    return signed


def _decoded(text: Any) -> bytes:
    """Decode either alphabet of base64, as the protocol asks."""
    return b64decode(text, validate=True) if not {*"-_"} & {*text} else urlsafe_b64decode(text)
