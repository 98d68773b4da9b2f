"""Processes that append to a ledger, follow it or rebuild its read models, to be killed; and what must be so after."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count, islice
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from typing import Any

from adapters.cli.main import status
from adapters.cli.projections import rebuild_some
from adapters.composition import services
from adapters.places.register import minnesota_register
from adapters.read_models.answers import in_memory, kept
from adapters.read_models.projector import OnError
from adapters.simulator.run import simulate
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import Place
from adapters.store.verification import verify
from domain.envelope import Submission, admit

BATCH = 5
PAUSE_SECONDS = 0.05

context = get_context("forkserver")  # a new process has every module loaded already: it is killed at work, not at start
context.set_forkserver_preload(["tests.scenarios.processes", "tests.scenarios.disk_programs"])


def winter(seed: int, events: int = 2_000) -> Iterator[Submission]:
    period = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    return (admit(one) for one in simulate(events=events, seed=seed, register=minnesota_register(), **period))


def append(place: Place, turn: Any, acknowledged: Any) -> None:
    """Append small batches for ever; note the position of each that was acknowledged."""
    ledger = Ledger.open_to_write(place)
    for seed in count(2):
        events = winter(seed)
        while batch := list(islice(events, BATCH)):
            with turn:
                acknowledged.value = max(one.position for one in ledger.append(batch, now=system_clock()))
            time.sleep(PAUSE_SECONDS)


def command(*arguments: str) -> None:
    """Run a command line, in a session of its own, as a program."""
    os.setsid()
    sys.exit(status(list(arguments)))


def rebuild(place: Place, names: tuple[str, ...]) -> None:
    """Do what `custody projections rebuild` does, in one process, so that it is killed at work."""
    models = services(place).models()
    with models.rebuilding(names):
        rebuild_some(place, names, OnError.PARK)
        for name in names:
            models.swap(name)


def started(target: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    process = context.Process(target=target, args=arguments)
    process.start()
    return process


@dataclass
class Load:
    """A process that appends. `turn` keeps it still for as long as somebody else has it."""

    place: Place
    process: ForkServerProcess
    turn: Any
    acknowledged: Any

    def assert_every_model_is_as_if_rebuilt(self) -> None:
        """Compare each kept model, caught up, with one folded anew, while nothing is appended."""
        found = services(self.place)
        models = found.models()
        with self.turn, closing(found.reading()) as ledger:
            upto = ledger.position()
            for name in models.folds:
                live = kept(models, ledger, name, upto)
                assert live is not None, f"{name} is not kept any more"
                with closing(live), closing(in_memory(models, ledger, name, upto)) as anew:
                    assert (upto, anew.digest()) == (live.position, live.digest()), name

    def assert_nothing_acknowledged_is_lost(self) -> None:
        with self.turn, closing(Ledger.open_to_read(self.place)) as ledger:
            assert 0 < self.acknowledged.value <= ledger.position()
            assert [] == verify(ledger, lambda done: None).problems


@contextmanager
def appending(place: Place) -> Iterator[Load]:
    """Append to the ledger, in another process, until the block ends; the process must still be at it then."""
    turn, acknowledged = context.Lock(), context.Value("q", 0)
    process = started(append, place, turn, acknowledged)
    try:
        yield Load(place, process, turn, acknowledged)
        assert process.is_alive(), "who appends gave up"
    finally:
        process.kill()
        process.join()
        process.close()
