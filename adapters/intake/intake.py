"""Intake: the gate, then durable batches. Nothing is counted as stored before its transaction is on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from adapters.intake.evidence import different_bytes, evidence
from adapters.intake.gate import Gate
from adapters.store.ledger import Clock, Ledger
from adapters.store.recording import Equivocation, Outcome, Reject
from domain.envelope import Submission
from domain.errors import InputRefused

BATCH_EVENTS = 2_000

Settled = Callable[[Sequence[tuple["Item", Outcome]]], None]


class Item(NamedTuple):
    """One event on its way in, and where it came from."""

    submission: Submission
    origin: str
    row: int


class Intake:
    """Submit bodies; every batch is settled (stored, there already, refused) through the callback, in order."""

    def __init__(
        self, ledger: Ledger, gate: Gate, clock: Clock, settled: Settled, *, batch_events: int = BATCH_EVENTS
    ) -> None:
        """Batches of `batch_events` bound what a crash can lose and what is held in memory."""
        self._ledger = ledger
        self._gate = gate
        self._clock = clock
        self._settled = settled
        self._batch_events = batch_events
        self._items: list[Item] = []
        self._rejects: list[Reject] = []

    def __enter__(self) -> Self:
        """Use as a context: leaving it without an error settles what is left."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left, unless something went wrong."""
        if kind is None:
            self.flush()

    def submit(self, body: bytes, *, origin: str, row: int, signature: bytes | None = None) -> None:
        """Pass one body through the gate; raise InputRefused (already noted as evidence) if it fails."""
        try:
            submission = self._gate.pass_through(body, signature)
        except InputRefused as refusal:
            self.refuse(refusal, origin=origin, row=row, body=body)
            raise
        self.put(submission, origin=origin, row=row)

    def put(self, submission: Submission, *, origin: str, row: int) -> None:
        """Take what has passed the gate already, in another process."""
        self._items.append(Item(submission, origin, row))
        if len(self._items) >= self._batch_events:
            self.flush()

    def refuse(self, refusal: InputRefused, *, origin: str, row: int, body: bytes | None = None) -> None:
        """Keep a refusal as evidence, in the same transaction as the events around it."""
        self._rejects.append(evidence(refusal, origin=origin, row=row, body=body))
        if len(self._rejects) >= self._batch_events:
            self.flush()

    def flush(self) -> None:
        """Write and settle everything submitted so far."""
        while self._items or self._rejects:
            self._write_batch()

    def _write_batch(self) -> None:
        items, rejects = self._items, self._rejects
        self._items, self._rejects = [], []
        outcomes = self._ledger.append([item.submission for item in items], now=self._clock(), rejects=rejects)
        settled = list(zip(items, outcomes, strict=True))
        for item, outcome in settled:
            if isinstance(outcome, Equivocation):
                refusal = different_bytes(outcome.first)
                self.refuse(refusal, origin=item.origin, row=item.row, body=item.submission.body)
        self._settled(settled)
