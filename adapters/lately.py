"""What was asked for last, by key: when there is too much of it, what was asked for longest ago goes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Lately(Generic[K, T]):
    """So many things at most, or so much of them where `size_of` tells how much one is; from and for any thread."""

    def __init__(self, most: int, size_of: Callable[[T], int] = lambda _: 1) -> None:
        self._most, self._size_of, self._size = most, size_of, 0
        self._kept: OrderedDict[K, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> T | None:
        """Return what is kept under a key, None if nothing is."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: K, found: T) -> T:
        """Keep something in place of what was kept under its key, and return it."""
        with self._lock:
            if key in self._kept:
                self._size -= self._size_of(self._kept.pop(key))
            self._kept[key] = found
            self._size += self._size_of(found)
            while self._size > self._most:
                _, gone = self._kept.popitem(last=False)
                self._size -= self._size_of(gone)
        return found
