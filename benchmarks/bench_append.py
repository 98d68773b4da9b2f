"""Durable append at 1,000 events a transaction: ours, raw inserts and the stock `eventsourcing` library, in one run.

    python -m benchmarks.bench_append [--events 20000] [--rounds 5] [--only sqlite|postgres] [--postgres ADDRESS]
                                      [--behind 0] [--json]

SQLite always writes with synchronous=FULL. PostgreSQL is the server at ADDRESS, or one that is started for this run
(fsync and synchronous_commit on) where one is installed; the settings it answers with are printed. What is timed is
appending alone, from events that have passed the gate to the return of the last commit. `--behind N` first fills
the ledger with N events: appending must not slow down behind them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg

from adapters.collector import look_seldom
from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
from adapters.store.place import PostgresAddress, ledger_place
from benchmarks.append_peers import (
    STOCK_BATCH,
    Append,
    Peer,
    ours,
    raw_postgres,
    raw_sqlite,
    ready_rows,
    stock,
    stock_store,
)
from benchmarks.compare import parser, show
from domain.envelope import Submission, admit
from tests.postgres import Server, kinds, running

BATCH = 1_000
FILLING_BATCH = 10_000
SETTINGS = ("server_version", "fsync", "synchronous_commit")

Spot = Callable[[], AbstractContextManager[dict[str, Peer]]]  # an empty place, and the peers that append there


def batches(events: Iterator[Submission], size: int) -> Iterator[list[Submission]]:
    """Cut the events into transactions."""
    while batch := list(islice(events, size)):
        yield batch


def timed(append: Append, events: list[Submission]) -> float:
    """Return how many seconds it takes to append the events."""
    started = time.perf_counter()
    for batch in batches(iter(events), BATCH):
        append(batch)
    return time.perf_counter() - started


@contextmanager
def a_folder() -> Iterator[dict[str, Peer]]:
    """Yield the peers over an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        yield {
            "ours": partial(ours, place / "ledger.db"),
            "raw": partial(raw_sqlite, place),
            "stock": partial(stock, place / "stock.db"),
            "stock_store": partial(stock_store, place / "store.db"),
        }


@contextmanager
def a_database(server: Server) -> Iterator[dict[str, Peer]]:
    """Yield the peers over an empty database."""
    with server.database() as address:
        place = ledger_place(address)
        assert isinstance(place, PostgresAddress)
        yield {
            "ours": partial(ours, place),
            "ready_rows": partial(ready_rows, place),
            "raw": partial(raw_postgres, place),
            "stock": partial(stock, place),
            "stock_store": partial(stock_store, place),
        }
    server.drop_databases()


def compared(spot: Spot, events: list[Submission], rounds: int) -> dict[str, Any]:
    """Let the peers append in turn; return the median of the rates of each, and the ratios of ours."""
    rates: dict[str, list[float]] = {}
    for _ in range(rounds):
        with spot() as peers:
            for name, peer in peers.items():
                with peer() as append:
                    rates.setdefault(name, []).append(len(events) / timed(append, events))
    return with_ratios({name: round(statistics.median(several)) for name, several in rates.items()})


def with_ratios(found: Mapping[str, int]) -> dict[str, Any]:
    """Return the rates, events a second, and how many times each peer ours is."""
    ratios = {f"ours_to_{name}": round(found["ours"] / rate, 2) for name, rate in found.items() if name != "ours"}
    return {"events_per_second": dict(found), **ratios}


def behind(spot: Spot, there: int, events: int, rounds: int) -> dict[str, Any]:
    """Return the rate of ours in an empty ledger, and behind so many events: medians of as many rounds."""
    made = map(admit, bodies(there + events * rounds * 2))
    with spot() as peers, peers["ours"]() as append:
        first = [timed(append, list(islice(made, events))) for _ in range(rounds)]
        for batch in batches(islice(made, there), FILLING_BATCH):
            append(batch)
        last = [timed(append, list(islice(made, events))) for _ in range(rounds)]
    found = {"at_first": round(events / statistics.median(first)), "behind": round(events / statistics.median(last))}
    return {"there": there, "events_per_second": found, "ratio": round(found["behind"] / found["at_first"], 2)}


def bodies(events: int) -> Iterator[bytes]:
    """Return so many simulated events of one month."""
    period = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    return simulate(events=events, seed=1, register=minnesota_register(), **period)


def settings_of(server: Server) -> dict[str, str]:
    """Return what the server says of itself."""
    with closing(psycopg.connect(server.address)) as connection:
        return {name: connection.execute(f"SHOW {name}").fetchall()[0][0] for name in SETTINGS}


@contextmanager
def served(address: str | None) -> Iterator[Server]:
    """Yield the server at an address, or one started for this run that syncs."""
    if address:
        yield Server(address)
    else:
        with running(kinds()[0], durable=True) as server:
            yield server


def measured(spot: Spot, chosen: argparse.Namespace) -> dict[str, Any]:
    """Return what was asked for: the peers beside each other, or ours behind many events."""
    if chosen.behind:
        return behind(spot, chosen.behind, chosen.events, chosen.rounds)
    return compared(spot, list(map(admit, bodies(chosen.events))), chosen.rounds)


def main() -> None:
    """Measure and print."""
    look_seldom()  # as the command line does; for all of them alike
    reads = parser(__doc__, events=20_000, rounds=5)
    reads.add_argument("--only", choices=("sqlite", "postgres"))
    reads.add_argument("--postgres", metavar="ADDRESS")
    reads.add_argument("--behind", type=int, default=0)
    chosen = reads.parse_args()
    result: dict[str, Any] = {"events": chosen.events, "rounds": chosen.rounds, "transaction_events": BATCH}
    if chosen.only != "postgres":
        result["sqlite"] = measured(a_folder, chosen)
    if chosen.only != "sqlite":
        with served(chosen.postgres) as server:
            settings = {**settings_of(server), "stock_transaction_events": STOCK_BATCH}
            result["postgres"] = {**settings, **measured(partial(a_database, server), chosen)}
    show(result, as_json=chosen.json)


if __name__ == "__main__":
    main()
