"""Files of signed events, one DSSE envelope a line: through the same door as what comes over the network."""

from __future__ import annotations

from collections.abc import Callable

from adapters.intake.batched import Batched
from adapters.intake.door import Door
from adapters.intake.offered import Answer, Offered, from_envelope
from domain.errors import InputRefused

BATCH_EVENTS = 1_000

Answered = Callable[[Offered, Answer], None]


class SignedIntake(Batched):
    """Submit lines; every batch is answered, in order, once it is durable."""

    def __init__(self, door: Door, answered: Answered) -> None:
        super().__init__(BATCH_EVENTS)
        self._door = door
        self._answered = answered
        self._offered: list[Offered] = []

    def submit(self, line: bytes, *, origin: str, row: int) -> None:
        """Take one line; raise InputRefused(bad_dsse), already noted as evidence, if it is no envelope."""
        try:
            self._offered.append(from_envelope(line, origin=origin, row=row))
        except InputRefused as refusal:
            self.refuse(refusal, origin=origin, row=row, body=line)
            raise
        if len(self._offered) >= self._batch_events:
            self.flush()

    def flush(self) -> None:
        """Record and answer everything submitted so far."""
        offered, rejects = self._offered, self._rejects
        self._offered, self._rejects = [], []
        for one, answer in zip(offered, self._door.record(offered, rejects), strict=True):
            self._answered(one, answer)
