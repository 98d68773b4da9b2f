"""Recording a simulation: one process makes up events and passes them through the gate, this one stores them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from multiprocessing import get_context
from multiprocessing.queues import Queue
from typing import Any

from adapters.intake.gate import Gate
from adapters.intake.intake import Intake, Item
from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
from adapters.store.ledger import Clock, Ledger
from adapters.store.recorder import Outcome, Receipt
from domain.envelope import Submission
from domain.errors import LedgerError

Made = list[tuple[Any, ...]] | LedgerError

CHUNKS_WAITING = 30  # made while a transaction is written; with the chunk size, what bounds memory
CHUNK_EVENTS = 1_000  # events a message between the two processes; plain tuples, which pickle fastest
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

    context = get_context("spawn")
    made: Queue[Made] = context.Queue(CHUNKS_WAITING)
    maker = context.Process(target=make_submissions, args=(scenario, made), daemon=True)
    maker.start()
    gate = Gate(minnesota_register())
    with Intake(ledger, gate, clock, settle, batch_events=TRANSACTION_EVENTS) as intake:
        while batch := made.get():
            if isinstance(batch, LedgerError):
                raise batch
            for submission in map(Submission._make, batch):
                intake.put(submission, origin="simulate", row=stored + there + 1)
    maker.join()
    return stored, there


def make_submissions(scenario: Scenario, made: Queue[Made]) -> None:
    """Put lists of submissions as plain tuples, then an empty list. A full queue makes this process wait."""
    register = minnesota_register()
    gate = Gate(register)
    try:
        bodies = simulate(
            events=scenario.events, seed=scenario.seed, first=scenario.first, last=scenario.last, register=register
        )
        while chunk := list(islice(bodies, CHUNK_EVENTS)):  # first all made, then all through: kinder to the cache
            made.put([tuple(gate.pass_through(body)) for body in chunk])
        made.put([])
    except LedgerError as error:
        made.put(error)
