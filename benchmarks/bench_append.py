"""Durable append: our ledger against raw sqlite3 and the stock `eventsourcing` recorder, in one run.

    python -m benchmarks.bench_append [--events 20000] [--rounds 5] [--json]

All three write the same bytes with synchronous=FULL, 1,000 events a transaction. Ours also writes typed columns,
references, leaf hashes and tree heads, and looks for repeated ids. Prints medians and ratios.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
from adapters.store.ledger import Ledger, system_clock
from domain.envelope import Submission, admit

BATCH = 1_000


def batches(events: list[Submission]) -> list[list[Submission]]:
    """Cut the events into transactions."""
    return [events[start : start + BATCH] for start in range(0, len(events), BATCH)]


def ours(folder: Path, events: list[Submission]) -> None:
    """Append to a ledger."""
    ledger = Ledger.create(folder / "ledger.db")
    for batch in batches(events):
        ledger.append(batch, now=system_clock())
    ledger.close()


def raw(folder: Path, events: list[Submission]) -> None:
    """Append the bytes alone to a bare table."""
    with closing(sqlite3.connect(folder / "raw.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT, id TEXT UNIQUE, body BLOB)")
        for batch in batches(events):
            connection.execute("BEGIN IMMEDIATE")
            rows = [(None, s.stream, s.id, s.body) for s in batch]
            connection.executemany("INSERT INTO events VALUES (?,?,?,?)", rows)
            connection.execute("COMMIT")


def stock(folder: Path, events: list[Submission]) -> None:
    """Append through the library's own recorder."""
    datastore = SQLiteDatastore(str(folder / "stock.db"), originator_id_type="text")
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    version = 0
    for batch in batches(events):
        stored = [StoredEvent(s.stream, version + n, s.type, s.body) for n, s in enumerate(batch)]
        version += len(batch)
        recorder.insert_events(stored)
    datastore.close()


def rate(append: Callable[[Path, list[Submission]], None], events: list[Submission]) -> float:
    """Return events a second into a fresh file."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        append(Path(folder), events)
        return len(events) / (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    period = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    bodies = simulate(events=options.events, seed=1, register=minnesota_register(), **period)
    events = [admit(body) for body in bodies]
    rates = {run.__name__: [] for run in (ours, raw, stock)}
    for _ in range(options.rounds):
        for run in (ours, raw, stock):
            rates[run.__name__].append(rate(run, events))
    medians = {name: round(statistics.median(several)) for name, several in rates.items()}
    result = {
        "events": options.events,
        "events_per_second": medians,
        "ours_to_raw": round(medians["ours"] / medians["raw"], 2),
        "ours_to_stock": round(medians["ours"] / medians["stock"], 2),
    }
    print(json.dumps(result) if options.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
