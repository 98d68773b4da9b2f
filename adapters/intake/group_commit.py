"""Group commit: many threads submit, one transaction stores what came meanwhile, each gets its own receipts.

Nothing is answered before it is on disk. The queue is bounded: a full one refuses at once, and says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from itertools import islice
from threading import Condition, Thread
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from adapters.intake.door import Started
from adapters.intake.offered import Answer, Offered
from domain.errors import LedgerUnavailable, TooBusy

WAITING_MAX = 10_000
BATCH_MAX = 1_000
LINGER_SECONDS = 0.002  # a little later, and more events share an fsync


class Way(Protocol):
    """A way in: `Door`, or what the ledger says itself. What is started first is finished first."""

    def start(self, offered: Sequence[Offered]) -> Started:
        """Begin to check."""
        ...

    def finish(self, started: Started) -> list[Answer]:
        """Append, and return an answer for each; durable when it returns."""
        ...


class Waiting(NamedTuple):
    """Events that came together, and who waits for them."""

    offered: Sequence[Offered]
    future: Future[list[Answer]]


class Begun(NamedTuple):
    """A batch whose checks have begun."""

    batch: list[Waiting]
    started: Started


class GroupCommit:
    """Takes events from any thread. Use as a context: leaving it stores what waits, then ends the writing thread."""

    def __init__(
        self,
        door: Way,
        *,
        waiting_max: int = WAITING_MAX,
        batch_max: int = BATCH_MAX,
        linger_seconds: float = LINGER_SECONDS,
    ) -> None:
        self._door = door
        self._waiting_max = waiting_max
        self._batch_max = batch_max
        self._linger_seconds = linger_seconds
        self._waiting: deque[Waiting] = deque()
        self._events = 0  # that wait
        self._changed = Condition()
        self._is_open = False
        self._writer = Thread(target=self._write, name="group-commit", daemon=True)

    def __enter__(self) -> Self:
        """Start the writing thread."""
        self._is_open = True
        self._writer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take no more, store what waits, and end."""
        with self._changed:
            self._is_open = False
            self._changed.notify()
        self._writer.join()

    def submit(self, offered: Sequence[Offered]) -> Future[list[Answer]]:
        """Let all of these be recorded in one transaction, or none; the future gives an answer for each, in order.

        It raises LedgerUnavailable instead. Raise TooBusy(queue_full) at once if too many wait,
        LedgerUnavailable(intake_closed) after the end.
        """
        waiting = Waiting(offered, Future())
        with self._changed:
            self.ensure_room(len(offered))
            self._waiting.append(waiting)
            self._events += len(offered)
            self._changed.notify()
        return waiting.future

    def ensure_room(self, events: int) -> None:
        """Raise what `submit` would raise at once for so many events."""
        if not self._is_open:
            raise LedgerUnavailable("intake_closed", "the program is ending", mend="send it again in a moment")
        if self._events + events > self._waiting_max:
            raise TooBusy(
                "queue_full",
                f"{self._events:,} events wait to be written already",
                mend="send the same events again in a moment",
            )

    def _write(self) -> None:
        """Check each batch while the one before it is written."""
        before: Begun | None = None
        while before or self._has_work():
            batch = self._taken()
            begun = self._begun(batch) if batch else None
            if before:
                self._settle(before)
            before = begun

    def _has_work(self) -> bool:
        """Wait for events; return False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or not self._is_open)
            self._changed.wait_for(self._is_full, self._linger_seconds)
            return bool(self._waiting)

    def _taken(self) -> list[Waiting]:
        """Take what waits, as much as a batch holds, without what nobody waits for any more."""
        taken: list[Waiting] = []
        with self._changed:
            room = self._batch_max
            while self._waiting and (not taken or len(self._waiting[0].offered) <= room):
                taken.append(self._waiting.popleft())
                room -= len(taken[-1].offered)
            self._events -= self._batch_max - room
        return [one for one in taken if one.future.set_running_or_notify_cancel()]

    def _is_full(self) -> bool:
        return self._events >= self._batch_max or not self._is_open

    def _begun(self, batch: list[Waiting]) -> Begun | None:
        try:
            return Begun(batch, self._door.start([offered for one in batch for offered in one.offered]))
        except BaseException as error:  # whoever waits hears of it, whatever it is
            self._fail(batch, error)
            return None

    def _settle(self, begun: Begun) -> None:
        try:
            answers = self._door.finish(begun.started)
        except BaseException as error:
            self._fail(begun.batch, error)
            return
        left = iter(answers)
        for one in begun.batch:
            one.future.set_result(list(islice(left, len(one.offered))))

    def _fail(self, batch: Sequence[Waiting], error: BaseException) -> None:
        """Tell everybody in the batch; where the ledger is away, those who wait behind it too."""
        behind: list[Waiting] = []
        if isinstance(error, LedgerUnavailable):
            with self._changed:
                behind = [one for one in self._waiting if one.future.set_running_or_notify_cancel()]
                self._waiting.clear()
                self._events = 0
        for one in (*batch, *behind):
            one.future.set_exception(error)
