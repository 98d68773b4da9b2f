"""Files of signed events, one DSSE envelope a line: through the same door as what comes over the network."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from adapters.intake.door import Door
from adapters.intake.evidence import evidence
from adapters.intake.offered import Answer, Offered, from_envelope
from adapters.store.recording import Reject
from domain.errors import InputRefused

BATCH_EVENTS = 1_000

Answered = Callable[[Offered, Answer], None]


class SignedIntake:
    """Submit lines; every batch is answered, in order, once it is durable. Use as a context, like `Intake`."""

    def __init__(self, door: Door, answered: Answered) -> None:
        self._door = door
        self._answered = answered
        self._offered: list[Offered] = []
        self._rejects: list[Reject] = []

    def __enter__(self) -> Self:
        """Use as a context: leaving it without an error records what is left."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Record what is left, unless something went wrong."""
        if kind is None:
            self.flush()

    def submit(self, line: bytes, *, origin: str, row: int) -> None:
        """Take one line; raise InputRefused(bad_dsse), already noted as evidence, if it is no envelope."""
        try:
            self._offered.append(from_envelope(line, origin=origin, row=row))
        except InputRefused as refusal:
            self.refuse(refusal, origin=origin, row=row, body=line)
            raise
        if len(self._offered) >= BATCH_EVENTS:
            self.flush()

    def refuse(self, refusal: InputRefused, *, origin: str, row: int, body: bytes | None = None) -> None:
        """Keep a refusal as evidence, in the same transaction as the events around it."""
        self._rejects.append(evidence(refusal, origin=origin, row=row, body=body))

    def flush(self) -> None:
        """Record and answer everything submitted so far."""
        offered, rejects = self._offered, self._rejects
        self._offered, self._rejects = [], []
        for one, answer in zip(offered, self._door.record(offered, rejects), strict=True):
            self._answered(one, answer)
