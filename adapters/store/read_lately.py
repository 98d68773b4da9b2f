"""Events that were read lately, decoded: cases are asked about again and again, each time as of another moment."""

from __future__ import annotations

from collections.abc import Callable

from adapters.lately import Lately
from adapters.store.log import Row
from projections.recorded import Recorded

EVENTS_KEPT = 8_192  # some 40 MB


class ReadLately:
    """Decodes stored rows, and remembers the last of them. A row of other bytes is decoded anew."""

    def __init__(self, decode: Callable[[Row], Recorded], kept: int = EVENTS_KEPT) -> None:
        self._decode = decode
        self._kept: Lately[int, tuple[Row, Recorded]] = Lately(kept)

    def of(self, row: Row) -> Recorded:
        """Return a stored row, decoded; raise what `decode` raises."""
        kept = self._kept.get(row["position"])
        if kept is None or kept[0] != row:
            kept = self._kept.keep(row["position"], (row, self._decode(row)))
        return kept[1]
