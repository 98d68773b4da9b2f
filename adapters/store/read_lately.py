"""Events that were read lately, decoded: cases are asked about again and again, each time as of another moment."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from adapters.store.log import Row
from projections.recorded import Recorded

EVENTS_KEPT = 8_192  # some 40 MB


class ReadLately:
    """Decodes stored rows, and remembers the last of them. A row of other bytes is decoded anew."""

    def __init__(self, decode: Callable[[Row], Recorded], kept: int = EVENTS_KEPT) -> None:
        self._decode, self._most = decode, kept
        self._kept: OrderedDict[int, tuple[Row, Recorded]] = OrderedDict()
        self._lock = Lock()

    def of(self, row: Row) -> Recorded:
        """Return a stored row, decoded; raise what `decode` raises."""
        position = row["position"]
        with self._lock:
            kept = self._kept.get(position)
            if kept is not None and kept[0] == row:
                self._kept.move_to_end(position)
                return kept[1]
        found = self._decode(row)
        with self._lock:
            self._kept[position] = row, found
            self._kept.move_to_end(position)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found
