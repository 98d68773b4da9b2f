"""What is shown of persons is recorded first; and what is known, apart from that somebody read."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from threading import Lock

from adapters.http.reading.roles import Reader
from adapters.intake.group_commit import GroupCommit
from adapters.intake.offered import Offered
from adapters.store.ledger import Clock, Ledger
from domain.errors import InputRefused, LedgerUnavailable
from projections.access import ACCESS_TYPES, Disclosure

ORIGIN = "reading"
STORE_SECONDS = 30.0
QUESTION_MAX = 2_000
WINDOW_MAX = 1_000


class Disclosures:
    """Appends an event of each disclosure; those of many readers at once share one transaction."""

    def __init__(self, own_voice: GroupCommit, clock: Clock) -> None:
        self._own_voice, self._clock = own_voice, clock

    def record(self, reader: Reader, target: str, question: str) -> None:
        """Record what is about to be shown, and return once that is on the disk; raise LedgerUnavailable."""
        about = Disclosure(reader.grant, reader.name, reader.role, reader.purpose, target, question[:QUESTION_MAX])
        event = about.event(self._clock(), secrets.token_hex(8))
        try:
            (answer,) = self._own_voice.submit([Offered(event, None, ORIGIN, 0)]).result(STORE_SECONDS)
        except TimeoutError:
            what = f"the store has not answered within {STORE_SECONDS:g} seconds, so nothing is shown"
            raise LedgerUnavailable("store_away", what, mend="ask again") from None
        if isinstance(answer, InputRefused):
            raise answer


class Told:
    """The last position at which something was recorded other than who may read and who read.

    Questions are answered as known there if they do not say otherwise: so asking changes no answer, and the same answer
    keeps its ETag.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = Lock()
        self._last = self._seen = 0

    def position(self) -> int:
        """Return it; what is new since the last time is read backwards, and only as far as readings reach."""
        with self._lock:
            last = self._ledger.position()
            if last > self._seen:
                self._last = next(self._told(last), self._last)
                self._seen = last
            return self._last

    def _told(self, last: int) -> Iterator[int]:
        window = 1
        while last > self._seen:
            first = max(self._seen, last - window) + 1
            events = self._ledger.at(range(first, last + 1))
            yield from (event.position for event in reversed(events) if event.type not in ACCESS_TYPES)
            last, window = first - 1, min(window * 4, WINDOW_MAX)
