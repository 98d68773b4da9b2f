"""Recording a simulation: three processes in a row, each busy while the others are.

make_bodies ──bodies──> pass_bodies ──submissions──> this process
 (simulator)              (gate)                       (ledger)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.queues import Queue
from queue import Empty
from typing import Any

from adapters.intake.gate import Gate
from adapters.intake.intake import Intake, Item
from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
from adapters.store.ledger import Clock, Ledger
from adapters.store.recorder import Outcome, Receipt
from domain.envelope import Submission
from domain.errors import LedgerError, LedgerUnavailable

Chunk = list[Any] | LedgerError  # bodies, or submissions as plain tuples, which pickle fastest; [] is the end

CHUNKS_WAITING = 30  # in each queue, while a transaction is written; with the chunk size, what bounds memory
CHUNK_EVENTS = 1_000
TRANSACTION_EVENTS = 10_000  # index pages are written once a transaction: fewer, larger ones write less
LOOK_AFTER_SECONDS = 1.0  # without a chunk, after which we look whether the others still live


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
    with Intake(ledger, gate, clock, settle, batch_events=TRANSACTION_EVENTS) as intake:
        for chunk in _passed(scenario):
            for submission in map(Submission._make, chunk):
                intake.put(submission, origin="simulate", row=stored + there + 1)
    return stored, there


def _passed(scenario: Scenario) -> Iterator[list[Any]]:
    """Yield what the two other processes send; raise the LedgerError that one of them met."""
    context = get_context("spawn")
    made: Queue[Chunk] = context.Queue(CHUNKS_WAITING)
    passed: Queue[Chunk] = context.Queue(CHUNKS_WAITING)
    others = [
        context.Process(target=make_bodies, args=(scenario, made), daemon=True),
        context.Process(target=pass_bodies, args=(made, passed), daemon=True),
    ]
    for other in others:
        other.start()
    while chunk := _next(passed, others):
        yield chunk
    for other in others:
        other.join()


def _next(passed: Queue[Chunk], others: Sequence[BaseProcess]) -> list[Any]:
    while True:
        try:
            chunk = passed.get(timeout=LOOK_AFTER_SECONDS)
        except Empty:
            if any(other.exitcode for other in others):
                what = "a process of the simulation was ended from outside"
                raise LedgerUnavailable("simulation_ended", what, mend="run it again: what is stored stays") from None
            continue
        if isinstance(chunk, LedgerError):
            raise chunk
        return chunk


def make_bodies(scenario: Scenario, made: Queue[Chunk]) -> None:
    """Put lists of canonical bodies, then an empty list. A full queue makes this process wait."""
    try:
        bodies = simulate(
            events=scenario.events,
            seed=scenario.seed,
            first=scenario.first,
            last=scenario.last,
            register=minnesota_register(),
        )
        while chunk := list(islice(bodies, CHUNK_EVENTS)):
            made.put(chunk)
        made.put([])
    except LedgerError as error:
        made.put(error)


def pass_bodies(made: Queue[Chunk], passed: Queue[Chunk]) -> None:
    """Pass each chunk through the gate, and hand on what ends the row: an empty list, or an error."""
    gate = Gate(minnesota_register())
    try:
        while chunk := made.get():
            if isinstance(chunk, LedgerError):
                raise chunk
            passed.put([tuple(gate.pass_through(body)) for body in chunk])
        passed.put([])
    except LedgerError as error:
        passed.put(error)
