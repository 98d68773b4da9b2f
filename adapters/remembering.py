"""Remembering what a log gave up to a position: it only grows, so the same position gives the same again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from operator import itemgetter
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from adapters.store.ledger import Ledger

KEPT, ANSWERS_KEPT = 8, 32
K = TypeVar("K", bound=Hashable)
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


class Remembered(Generic[T]):
    """The last few answers. Each is kept with the hash of the event at its position: another log has another there."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, str], T] = OrderedDict()
        self._lock = Lock()

    def before(self, ledger: Ledger, upto: int) -> tuple[int, T] | None:
        """Return the answer of this log at the latest position up to `upto`, and that position."""
        with self._lock:
            kept = sorted(((key, found) for key, found in self._kept.items() if key[0] <= upto), key=itemgetter(0))
        for (position, leaf), found in reversed(kept):
            if ledger.leaf_at(position) == leaf:
                return position, found
        return None

    def keep(self, ledger: Ledger, upto: int, found: T) -> T:
        """Keep an answer, and return it."""
        if upto:
            with self._lock:
                self._kept[upto, ledger.leaf_at(upto)] = found
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return found


class RememberedAt(Generic[K, T]):
    """The last few answers to questions `K`, each as known at one position."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, str, K], T] = OrderedDict()
        self._lock = Lock()

    def answer(self, ledger: Ledger, upto: int, question: K, answering: Callable[[], T]) -> T:
        """Return the answer, from memory if the same was asked lately."""
        key = (upto, ledger.leaf_at(upto), question)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = answering()
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > ANSWERS_KEPT:
                self._kept.popitem(last=False)
        return found
