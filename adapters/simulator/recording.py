"""Recording a simulation: two processes in a row, each busy while the other is.

make_submissions ──submissions──> this process
(simulator, gate)                   (ledger)
"""

from __future__ import annotations

import gc
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import Queue
from signal import SIG_IGN, SIGINT, signal
from threading import Thread, current_thread, main_thread
from types import TracebackType
from typing import Any, Self

from adapters.intake.gate import Gate
from adapters.intake.intake import Intake, Item
from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
from adapters.store.ledger import Clock, Ledger
from adapters.store.recording import Outcome, Receipt
from domain.envelope import Submission
from domain.errors import LedgerError, LedgerUnavailable

Chunk = list[Any] | LedgerError  # submissions as plain tuples, which pickle fastest; [] is the end

CHUNKS_WAITING = 30  # to be sent, while a transaction is written; with the chunk size, what bounds memory
CHUNK_EVENTS = 1_000
TRANSACTION_EVENTS = 10_000  # index pages are written once a transaction: fewer, larger ones write less


@dataclass(frozen=True, slots=True)
class Scenario:
    """What to make up: how many events, from which seed, between which days (both included)."""

    events: int
    seed: int
    first: date
    last: date


def record_simulation(
    scenario: Scenario, ledger: Ledger, clock: Clock, progress: Callable[[int], None]
) -> tuple[int, int]:
    """Append the scenario's events; return how many were stored and how many were there already."""
    stored = there = 0

    def settle(settled: Sequence[tuple[Item, Outcome]]) -> None:
        nonlocal stored, there
        new = sum(1 for _, outcome in settled if isinstance(outcome, Receipt) and outcome.is_new)
        stored, there = stored + new, there + len(settled) - new
        progress(stored + there)

    gate = Gate(minnesota_register())
    with (
        cycles_uncollected(),
        Intake(ledger, gate, clock, settle, batch_events=TRANSACTION_EVENTS) as intake,
    ):
        for chunk in _passed(scenario):
            for submission in map(Submission._make, chunk):
                intake.put(submission, origin="simulate", row=stored + there + 1)
    return stored, there


def _passed(scenario: Scenario) -> Iterator[list[Any]]:
    """Yield what the maker sends; raise the LedgerError that it met."""
    context = get_context("spawn")
    submissions, made = context.Pipe(duplex=False)
    maker = context.Process(target=make_submissions, args=(scenario, made), daemon=True)
    with interrupts_ignored():  # inherited by the maker from its first instruction on
        maker.start()
    made.close()  # ours: so the pipe ends when the process that writes to it does, however it ends
    try:
        while chunk := _received(submissions):
            yield chunk
    finally:
        maker.terminate()
        maker.join()


@contextmanager
def cycles_uncollected() -> Iterator[None]:
    """Look for no reference cycles meanwhile: there are none, and looking takes a fifth of the time storing takes."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def interrupts_ignored() -> Iterator[None]:
    """Ignore an interrupt for a moment: it is for the process that began all this, which then ends the other.

    Only the main thread may say so; from another one, what is started is interrupted as its terminal pleases.
    """
    if current_thread() is not main_thread():
        yield
        return
    before = signal(SIGINT, SIG_IGN)
    try:
        yield
    finally:
        signal(SIGINT, before)


def _received(connection: Connection) -> list[Any]:
    try:
        chunk: Chunk = pickle.loads(connection.recv_bytes())  # noqa: S301 - of our own process
    except (EOFError, OSError):  # an OSError if it ended within a chunk
        what = "a process of the simulation was ended from outside"
        raise LedgerUnavailable("simulation_ended", what, mend="run it again: what is stored stays") from None
    if isinstance(chunk, LedgerError):
        raise chunk
    return chunk


class Outbox:
    """Sends chunks in the background; when too many wait, whoever puts one waits too."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: Queue[Chunk | None] = Queue(CHUNKS_WAITING)
        self._sender = Thread(target=self._send, daemon=True)

    def __enter__(self) -> Self:
        """Begin to send."""
        self._sender.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Send the error, or an empty chunk as the end, and wait until all is sent."""
        expected = error is None or isinstance(error, LedgerError)
        if expected:
            self.put(error if isinstance(error, LedgerError) else [])
        self._waiting.put(None)
        self._sender.join()
        return expected

    def put(self, chunk: Chunk) -> None:
        """Let a chunk be sent."""
        self._waiting.put(chunk)

    def _send(self) -> None:
        while (chunk := self._waiting.get()) is not None:
            packed = BytesIO()
            pickler = pickle.Pickler(packed, pickle.HIGHEST_PROTOCOL)
            pickler.fast = True  # looks for no object twice; a chunk has none, and it takes a third of the time
            pickler.dump(chunk)
            try:
                self._connection.send_bytes(packed.getbuffer())
            except OSError:  # nobody reads any more, so nothing is left to do; who reads also reports
                os._exit(1)


def make_submissions(scenario: Scenario, made: Connection) -> None:
    """Make the scenario's bodies, pass each through the gate, and send what comes out, in chunks."""
    register = minnesota_register()
    gate = Gate(register)
    with cycles_uncollected(), Outbox(made) as outbox:
        bodies = simulate(
            events=scenario.events, seed=scenario.seed, first=scenario.first, last=scenario.last, register=register
        )
        while chunk := list(islice(bodies, CHUNK_EVENTS)):
            outbox.put([tuple(gate.pass_through(body)) for body in chunk])
