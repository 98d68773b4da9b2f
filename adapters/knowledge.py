"""What was known at a position beside a case's own events: the agreements, as amended by then, and the rules."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from adapters.rules.packs import minnesota_rules
from adapters.store.ledger import Ledger
from projections.agreements import Agreements
from projections.amendments import Amendments
from projections.determinations import Knowledge

VIEWS_KEPT = 64


class KnowledgeLog:
    """Answers for every position up to one, from the agreement events read once."""

    def __init__(self, ledger: Ledger, upto: int, amending: Amendments) -> None:
        self._amending = amending
        self._events = list(ledger.recorded(upto=upto, topics=Agreements.TYPES))
        amended = (one.position for event in self._events for one in amending.of(event))
        self.learned = tuple(sorted({*(event.position for event in self._events), *amended}))
        self._view = lru_cache(maxsize=VIEWS_KEPT)(self._view_at)

    def at(self, position: int) -> Knowledge:
        """Return what was known at the position; between two things learned nothing changes."""
        return self._view(bisect_right(self.learned, position))

    def _view_at(self, count: int) -> Knowledge:
        if not count:
            return Knowledge(minnesota_rules(), None)
        position = self.learned[count - 1]
        known = [event for event in self._events if event.position <= position]
        return Knowledge(minnesota_rules(), Agreements.from_events(self._amending.apply(known, position)))
