"""What is kept of a refusal."""

from __future__ import annotations

from hashlib import sha256

from adapters.store.recording import Receipt, Reject
from domain.canonical import BODY_BYTES_MAX
from domain.errors import InputRefused


def evidence(refusal: InputRefused, *, origin: str, row: int, body: bytes | None) -> Reject:
    """Return the evidence of a refusal: the bytes, as far as an event may reach, and a digest."""
    digest = sha256(refusal.what.encode() if body is None else body).digest()
    kept = body[:BODY_BYTES_MAX] if body is not None else None
    return Reject(refusal.code, refusal.where, refusal.what, origin, row, kept, digest)


def different_bytes(first: Receipt) -> InputRefused:
    """Say why a repeated id is refused."""
    return InputRefused(
        "different_bytes",
        f"this source and id are recorded at position {first.position} with other bytes; the first stays",
        where="id",
        mend="give a new event a new id; correct a recorded one with record.event_corrected",
    )
