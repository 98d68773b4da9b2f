"""Comparing in one run: several things do the same work in turn, so that a busy machine slows all of them."""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.postgres import kinds, running

Ready = Callable[[Path], AbstractContextManager[Callable[[], object]]]


def options(description: str, *, events: int, rounds: int) -> argparse.Namespace:
    """Read `--events`, `--rounds` and `--json`."""
    return parser(description, events=events, rounds=rounds).parse_args()


def parser(description: str, *, events: int, rounds: int) -> argparse.ArgumentParser:
    """Return what reads `--events`, `--rounds` and `--json`, to which a benchmark may add its own."""
    reads = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    reads.add_argument("--events", type=int, default=events)
    reads.add_argument("--rounds", type=int, default=rounds)
    reads.add_argument("--json", action="store_true")
    return reads


@contextmanager
def placed(chosen: str) -> Iterator[str]:
    """Yield where the ledger is: what was chosen, a folder that is removed, or a server of this run's own."""
    if chosen == "postgres":
        with running(kinds()[0], durable=True) as server, server.database() as address:
            yield address
    elif chosen:
        yield chosen
    else:
        with scratch() as folder:
            yield str(folder / "custody.db")


def show_at_ledger(
    description: str, measure: Callable[[str, int, int], Mapping[str, Any]], *, events: int, rounds: int
) -> None:
    """Read also `--ledger`, measure there, and print."""
    reads = parser(description, events=events, rounds=rounds)
    reads.add_argument("--ledger", default="")
    chosen = reads.parse_args()
    with placed(chosen.ledger) as place:
        show(measure(place, chosen.events, chosen.rounds), as_json=chosen.json)


class Measured(NamedTuple):
    """What a run does in a second, and what an event costs this process, whatever else the machine does meanwhile."""

    events_per_second: int
    processor_us: float


def medians(runs: Mapping[str, Callable[[Path], object]], *, events: int, rounds: int) -> dict[str, int]:
    """Return each run's events a second, the median of the rounds; every run gets an empty folder of its own."""
    found = measured(runs, events=events, rounds=rounds)
    return {name: one.events_per_second for name, one in found.items()}


def measured(runs: Mapping[str, Callable[[Path], object]], *, events: int, rounds: int) -> dict[str, Measured]:
    """Return the medians of the rounds for each run; every run gets an empty folder of its own."""
    return measured_once_ready({name: partial(at_once, run) for name, run in runs.items()}, events, rounds)


def measured_once_ready(runs: Mapping[str, Ready], events: int, rounds: int) -> dict[str, Measured]:
    """Return the same for runs that get ready first: what a context yields is timed, and not what surrounds it."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            with scratch() as folder, run(folder) as work:
                started, processor = time.perf_counter(), time.process_time()
                work()
                seconds[name].append((time.perf_counter() - started, time.process_time() - processor))
    return {name: _median(several, events) for name, several in seconds.items()}


@contextmanager
def at_once(run: Callable[[Path], object], folder: Path) -> Iterator[Callable[[], object]]:
    """Yield a run that has nothing to get ready."""
    yield partial(run, folder)


def _median(seconds: Sequence[tuple[float, float]], events: int) -> Measured:
    passed, processor = (statistics.median(several) for several in zip(*seconds, strict=True))
    return Measured(round(events / passed), round(processor / events * 1e6, 1))


def show(result: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one JSON document, or a line for each key."""
    print(json.dumps(result) if as_json else "\n".join(f"{key}: {value}" for key, value in result.items()))


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield an empty folder that is removed in the end."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextmanager
def bare_table(folder: Path, columns: str) -> Iterator[sqlite3.Connection]:
    """Make the raw limit's table `events`, as durable as a ledger: WAL and synchronous=FULL."""
    with closing(sqlite3.connect(folder / "raw.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"CREATE TABLE events ({columns})")
        yield connection
