"""What gathers events in batches: a context that records what is left when it is left without an error."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from adapters.intake.evidence import evidence
from adapters.store.recording import Reject
from domain.errors import InputRefused


class Batched(ABC):
    """Refusals are gathered with the events around them, and recorded in the same transaction."""

    def __init__(self, batch_events: int) -> None:
        """Batches of so many bound what a crash can lose and what is held in memory."""
        self._batch_events = batch_events
        self._rejects: list[Reject] = []

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Record what is left, unless something went wrong."""
        if kind is None:
            self.flush()

    def refuse(self, refusal: InputRefused, *, origin: str, row: int, body: bytes | None = None) -> None:
        """Keep a refusal as evidence."""
        self._rejects.append(evidence(refusal, origin=origin, row=row, body=body))
        if len(self._rejects) >= self._batch_events:
            self.flush()

    @abstractmethod
    def flush(self) -> None:
        """Record everything gathered so far."""
