"""Kleene's three values: True, False and None for unknown. A missing fact is never false."""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | None


def all_of(values: Iterable[Truth]) -> Truth:
    """Return False if any is false, else None if any is unknown, else True."""
    known = True
    for value in values:
        if value is False:
            return False
        known = known and value is not None
    return True if known else None
