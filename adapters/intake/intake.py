"""Intake: gate, register, then batches appended by one writer thread while the next batch is being checked.

Nothing is counted as stored before its transaction is on disk. SQLite works outside Python's lock, so
checking and writing overlap on two cores.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Self

from adapters.places.register import Register, unknown_facility
from adapters.store.ledger import Clock, Ledger
from adapters.store.recorder import Equivocation, Outcome, Receipt, Reject
from domain.canonical import BODY_BYTES_MAX
from domain.envelope import Submission, admit
from domain.errors import InputRefused

BATCH_EVENTS = 1_000
BATCHES_WAITING = 2
FACILITY = "facility/"

Settled = Callable[[Sequence[tuple["Item", Outcome]]], None]


@dataclass(frozen=True, slots=True)
class Item:
    """One event on its way in, and where it came from."""

    submission: Submission
    origin: str
    row: int


class Intake:
    """Submit bodies; every batch is settled (stored, there already, refused) through the callback, in order."""

    def __init__(self, ledger: Ledger, register: Register, clock: Clock, settled: Settled) -> None:
        self._ledger = ledger
        self._known = frozenset(f"{FACILITY}{facility}" for facility in register.by_id)
        self._register = register
        self._clock = clock
        self._settled = settled
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="append")
        self._waiting: deque[tuple[list[Item], Future[list[Outcome]]]] = deque()
        self._items: list[Item] = []
        self._rejects: list[Reject] = []

    def __enter__(self) -> Self:
        """Use as a context: leaving it settles what is left."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Write what is left, or on an error wait for what is already being written."""
        try:
            if kind is None:
                self.flush()
        finally:
            self._writer.shutdown(wait=True)

    def submit(self, body: bytes, *, origin: str, row: int, signature: bytes | None = None) -> None:
        """Pass one body through the gate; raise InputRefused (already noted as evidence) if it fails."""
        try:
            submission = admit(body, signature)
            self._check_facilities(submission)
        except InputRefused as refusal:
            self.refuse(refusal.code, refusal.where, refusal.what, origin=origin, row=row, body=body)
            raise
        self._items.append(Item(submission, origin, row))
        if len(self._items) >= BATCH_EVENTS:
            self._send()

    def refuse(self, code: str, field: str, reason: str, *, origin: str, row: int, body: bytes | None = None) -> None:
        """Keep a refusal as evidence, in the same transaction as the events around it."""
        digest = sha256(reason.encode() if body is None else body).digest()
        kept = body[:BODY_BYTES_MAX] if body is not None else None
        self._rejects.append(Reject(code, field, reason, origin, row, kept, digest))
        if len(self._rejects) >= BATCH_EVENTS:
            self._send()

    def flush(self) -> None:
        """Write and settle everything submitted so far."""
        if self._items or self._rejects:
            self._send()
        while self._waiting:
            self._settle_oldest()

    def _check_facilities(self, submission: Submission) -> None:
        for ref in submission.refs:
            if ref.startswith(FACILITY) and ref not in self._known:
                raise unknown_facility(ref.removeprefix(FACILITY), self._register.by_id)

    def _send(self) -> None:
        items, rejects = self._items, self._rejects
        self._items, self._rejects = [], []
        self._waiting.append((items, self._writer.submit(self._write, items, rejects)))
        while len(self._waiting) > BATCHES_WAITING:
            self._settle_oldest()

    def _write(self, items: list[Item], rejects: list[Reject]) -> list[Outcome]:
        return self._ledger.append([item.submission for item in items], now=self._clock(), rejects=rejects)

    def _settle_oldest(self) -> None:
        items, future = self._waiting.popleft()
        settled = list(zip(items, future.result(), strict=True))
        for item, outcome in settled:
            if isinstance(outcome, Equivocation):
                reason = different_bytes(outcome.first)
                body = item.submission.body
                self.refuse("different_bytes", "id", reason, origin=item.origin, row=item.row, body=body)
        self._settled(settled)


def different_bytes(first: Receipt) -> str:
    """Say why a repeated id is refused."""
    return f"this source and id are recorded at position {first.position} with other bytes; the first stays"
