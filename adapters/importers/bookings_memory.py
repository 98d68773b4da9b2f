"""What a bookings import remembers of earlier rows: digests only, a few dozen bytes each."""

from __future__ import annotations

import hashlib


def digest(*parts: str) -> int:
    """Return 96 bits over the parts; the parts are length-framed, so they cannot run into each other."""
    framed = "".join(f"{len(part)}:{part}" for part in parts)
    return int.from_bytes(hashlib.sha256(framed.encode()).digest()[:12], "big")


class Memory:
    """Which things were said before in this file, and which bookings left with which agency."""

    def __init__(self) -> None:
        self._said: set[int] = set()
        self._agencies: dict[int, tuple[str, ...]] = {}

    def first(self, *parts: str) -> bool:
        """Note that this was said; return whether for the first time."""
        key = digest(*parts)
        if key in self._said:
            return False
        self._said.add(key)
        return True

    def note_agency(self, booking: str, agency: str) -> None:
        """Note that a row says the booking left with the agency."""
        known = self._agencies.get(digest(booking), ())
        if agency not in known:
            self._agencies[digest(booking)] = tuple(sorted((*known, agency)))

    def agencies(self, booking: str) -> tuple[str, ...]:
        """Return the agencies that any row of the booking names, in order."""
        return self._agencies.get(digest(booking), ())
