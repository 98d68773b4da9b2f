"""Remembering what a log gave up to a position: it only grows, so the same position gives the same again."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from adapters.store.ledger import Ledger

T = TypeVar("T")
Position = TypeVar("Position", int, int | None)


def remembered(ask: Callable[[Ledger, Position], T]) -> Callable[[Ledger, Position], T]:
    """Let a function remember, for each open ledger, what it gave for the last position it was asked about.

    A server is asked about one position again and again; without a position nothing is remembered. What is given is not
    to be changed by whoever gets it.
    """
    last: WeakKeyDictionary[Ledger, tuple[Position, T]] = WeakKeyDictionary()

    @wraps(ask)
    def asked(ledger: Ledger, upto: Position) -> T:
        found = last.get(ledger)
        if found is None or found[0] != upto:
            found = (upto, ask(ledger, upto))
            if upto is not None:
                last[ledger] = found
        return found[1]

    return asked
