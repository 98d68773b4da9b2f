"""Remembering what a log gave up to a position: it only grows, so the same position gives the same again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from operator import itemgetter
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from adapters.lately import Lately
from adapters.store.ledger import Ledger

KEPT, ANSWERS_KEPT = 8, 32
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Grown(Generic[T]):
    """Something that grows with a log, for each open ledger: only what is new since the last time is read.

    `read` is given the thing, and the positions after which and up to which to read. It is never shrunk: whoever asks
    about an earlier position looks at a part of it.
    """

    def __init__(self, empty: Callable[[], T], read: Callable[[T, Ledger, int, int], None]) -> None:
        self._empty, self._read = empty, read
        self._of: WeakKeyDictionary[Ledger, tuple[int, T]] = WeakKeyDictionary()
        self._lock = Lock()

    def upto(self, ledger: Ledger, upto: int) -> T:
        """Return it, grown up to a position or further, but for what is not in the log yet."""
        with self._lock:
            reached, found = self._of.get(ledger) or (0, self._empty())
            if reached < upto:
                end = min(upto, ledger.position())
                self._of.pop(ledger, None)  # what is read in part, as the ledger goes away, is read anew
                self._read(found, ledger, reached, end)
                self._of[ledger] = (end, found)
            return found


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
        self._kept: Lately[tuple[int, str, K], T] = Lately(ANSWERS_KEPT)

    def answer(self, ledger: Ledger, upto: int, question: K, answering: Callable[[], T]) -> T:
        """Return the answer, from memory if the same was asked lately."""
        key = (upto, ledger.leaf_at(upto), question)
        found = self._kept.get(key)
        return self._kept.keep(key, answering()) if found is None else found
