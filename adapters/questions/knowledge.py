"""The two clocks of a question: T, when things happened, and K, what the ledger knew.

T   2026-01-17, 2026-01-17T12:00, a datetime    a date is its end, a time without an offset is Minnesota's
K   1200, 2026-01-17, a datetime                a position, or the last one stored by then on the ledger's clock
"""

from __future__ import annotations

from datetime import datetime

from adapters.store.ledger import Ledger
from domain.errors import InputRefused
from domain.instants import MINNESOTA, Instant, instant_from_text

Time = datetime | str
Knowledge = int | datetime | str


def moment_of(value: Time, *, start: bool = False) -> datetime:
    """Return a zoned moment, for a date its end or its start; raise InputRefused(bad_time)."""
    try:
        instant = Instant.exact(value) if isinstance(value, datetime) else instant_from_text(value, MINNESOTA)
    except (ValueError, OverflowError) as error:
        raise InputRefused(
            "bad_time",
            f"{str(value)[:40]!r} is not a date or a time: {error}",
            mend="write 2026-01-22 or 2026-01-22T17:00, or give a datetime with its zone",
        ) from None
    moment = instant.earliest if start else instant.latest
    assert moment is not None  # noqa: S101 - what a text says has bounds
    return moment


def known_position(ledger: Ledger, known: Knowledge | None, where: str = "--known") -> int:
    """Return the position that K means, the last one if it is not given.

    Raise InputRefused: unknown_position for one beyond the last, bad_time.
    """
    last = ledger.position()
    if known is None:
        return last
    if isinstance(known, str) and known.isdecimal():
        known = int(known)
    if not isinstance(known, int):
        return ledger.position_known_by(moment_of(known))
    if not 0 <= known <= last:
        raise InputRefused(
            "unknown_position",
            f"the ledger ends at position {last}",
            where=f"{where} {known}",
            mend="give a position up to that, or a date",
        )
    return known
