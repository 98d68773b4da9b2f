"""What the log says of rules at a position, read once: a position never changes, so neither does what it says."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from adapters.questions.asked import Asked
from adapters.questions.coverage import Said, said_by

KEPT = 8

_kept: OrderedDict[tuple[str, int], Said] = OrderedDict()
_lock = Lock()


def said_at(asked: Asked, upto: int) -> Said:
    """Return what `adapters.questions.coverage.said_by` reads, from memory if it was asked for lately."""
    key = (str(asked.services.place), upto)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = said_by(asked, upto)
    with _lock:
        _kept[key] = found
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found
