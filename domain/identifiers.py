"""Event ids: UUID version 7, either fresh or derived from what a source printed."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from domain.instants import EPOCH


def uuid7(unix_ms: int, random_bits: int) -> str:
    """Lay out RFC 9562 version 7: 48 bits of milliseconds, then 74 bits given by the caller."""
    value = (unix_ms & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76 | (random_bits >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | random_bits & 0x3FFF_FFFF_FFFF_FFFF
    digits = f"{value:032x}"  # uuid.UUID would print the same, at twice the cost
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def derived_uuid7(moment: datetime | None, *parts: str) -> str:
    """Return the id of a record whose source gives none: the same parts give the same id for ever.

    The millisecond field comes from `moment` (zero if unknown, or before 1970), the 74 other bits from a
    SHA-256 over the length-framed parts, so importing the same file again proposes the same ids.
    """
    framed = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))
    unix_ms = max(0, (moment - EPOCH) // timedelta(milliseconds=1)) if moment else 0
    return uuid7(unix_ms, int.from_bytes(hashlib.sha256(framed).digest(), "big") >> 182)
