"""Pages that were made, in memory: what a URL with both clocks shows never changes, so it need not be made twice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import NamedTuple

BYTES_KEPT = 64 * 1024 * 1024


class MadePage(NamedTuple):
    """A page, and what it tells of persons: a word or two, "" if nothing."""

    content: bytes
    of_persons: str


class MadePages:
    """The pages asked for last, so many bytes of them."""

    def __init__(self, bytes_kept: int = BYTES_KEPT) -> None:
        self._bytes_kept, self._bytes = bytes_kept, 0
        self._made: OrderedDict[Hashable, MadePage] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> MadePage | None:
        """Return a page, None if it is not kept."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def keep(self, key: Hashable, page: MadePage) -> None:
        """Keep a page, and let go of those asked for longest ago."""
        with self._lock:
            before = self._made.pop(key, None)
            self._made[key] = page
            self._bytes += len(page.content) - (len(before.content) if before else 0)
            while self._bytes > self._bytes_kept:
                _, gone = self._made.popitem(last=False)
                self._bytes -= len(gone.content)
