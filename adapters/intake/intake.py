"""Intake: the gate, then durable batches. Nothing is counted as stored before its transaction is on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from adapters.intake.batched import Batched
from adapters.intake.evidence import different_bytes
from adapters.intake.gate import Gate
from adapters.store.ledger import Clock, Ledger
from adapters.store.recording import Equivocation, Outcome
from domain.envelope import Submission
from domain.errors import InputRefused
from projections.agency_keys import AgencyKeys

BATCH_EVENTS = 2_000

Settled = Callable[[Sequence[tuple["Item", Outcome]]], None]


class Item(NamedTuple):
    """One event on its way in, and where it came from."""

    submission: Submission
    origin: str
    row: int


class Intake(Batched):
    """Submit bodies; every batch is settled (stored, there already, refused) through the callback, in order."""

    def __init__(
        self, ledger: Ledger, gate: Gate, clock: Clock, settled: Settled, *, batch_events: int = BATCH_EVENTS
    ) -> None:
        super().__init__(batch_events)
        self._ledger = ledger
        self._gate = gate
        self._clock = clock
        self._settled = settled
        self._keys = AgencyKeys(ledger.recorded(topics=AgencyKeys.TYPES)).public
        self._items: list[Item] = []

    def submit(self, body: bytes, *, origin: str, row: int, signature: bytes | None = None) -> None:
        """Pass one body through the gate; raise InputRefused (already noted as evidence) if it fails."""
        try:
            submission = self._gate.pass_through(body, signature)
            self._check_signed(submission)
        except InputRefused as refusal:
            self.refuse(refusal, origin=origin, row=row, body=body)
            raise
        self.put(submission, origin=origin, row=row)

    def _check_signed(self, submission: Submission) -> None:
        """Take nothing in an agency's name without its signature: what no agency signed names no key."""
        if submission.signature is None and submission.agencykey in self._keys:
            raise InputRefused(
                "unsigned",
                "the event names a key of the ledger and comes without its signature",
                where="agencykey",
                mend="bring the signature too, with `custody import signed-events`",
            )

    def put(self, submission: Submission, *, origin: str, row: int) -> None:
        """Take what has passed the gate already, in another process."""
        self._items.append(Item(submission, origin, row))
        if len(self._items) >= self._batch_events:
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
