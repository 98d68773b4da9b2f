"""A recorded event, as folds see it: the envelope plus what the ledger adds, its position."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.envelope import Envelope
from domain.events.fields import EventData
from domain.instants import Instant


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event of the log. `position` counts from 1; `recorded_at` is the ledger's own clock, UTC.

    `is_signed` says that a signature lies beside its bytes.
    `data` and `occurred` already carry the corrections known to whoever asks; `envelope` is what was published.
    `corrected_by` lists the positions of the corrections applied, oldest first, and `corrected_at` is when the ledger
    had the last of them.
    """

    position: int
    recorded_at: datetime
    envelope: Envelope[Any]
    data: EventData
    occurred: Instant
    corrected_by: tuple[int, ...] = ()
    corrected_at: datetime | None = None
    is_signed: bool = False

    @property
    def type(self) -> str:
        """Return the event's type name."""
        return self.envelope.type

    @property
    def stream(self) -> str:
        """Return `kind/id` of the event's stream."""
        return self.envelope.subject

    @property
    def stream_id(self) -> str:
        """Return the id of the stream, without its kind."""
        return self.envelope.subject.partition("/")[2]

    @property
    def agency(self) -> str:
        """Return who published it."""
        return self.envelope.agency

    @property
    def known_last(self) -> tuple[int, datetime]:
        """Return the position, and the ledger's time, from which on it is known as it is here."""
        return (self.corrected_by or (self.position,))[-1], self.corrected_at or self.recorded_at
