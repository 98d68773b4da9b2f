"""What a signature covers: DSSE's pre-authentication encoding of an event's canonical bytes.

    DSSEv1 28 application/cloudevents+json 437 {"data":{...},...,"type":"custody.subject_booked"}
    ------ -- ---------------------------- --- --------------------------------------------------
    always |  the payload's type            |  the body, exactly as it is stored
           its length in bytes              its length in bytes

(decimal numbers, one space between the parts, nothing after the body.) The type is part of what is signed, so that a
signature over something else is never one over an event. https://github.com/secure-systems-lab/dsse, protocol 1.0.2.
"""

from __future__ import annotations

PAYLOAD_TYPE = "application/cloudevents+json"


def pae(body: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return the bytes that are signed for a body."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)
