"""Durable append: our ledger against raw sqlite3 and the stock `eventsourcing` recorder, in one run.

    python -m benchmarks.bench_append [--events 20000] [--rounds 5] [--json]

All three write the same bytes with synchronous=FULL, 1,000 events a transaction. Ours also writes typed columns,
references, leaf hashes and tree heads, and looks for repeated ids. Prints medians and ratios.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
from adapters.store.ledger import Ledger, system_clock
from benchmarks.compare import bare_table, medians, options, show
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
    with bare_table(folder, "position INTEGER PRIMARY KEY, stream TEXT, id TEXT UNIQUE, body BLOB") as connection:
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


def main() -> None:
    """Measure and print."""
    chosen = options(__doc__, events=20_000, rounds=5)
    period = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    bodies = simulate(events=chosen.events, seed=1, register=minnesota_register(), **period)
    events = [admit(body) for body in bodies]
    runs = {run.__name__: partial(run, events=events) for run in (ours, raw, stock)}
    found = medians(runs, events=len(events), rounds=chosen.rounds)
    result = {
        "events": chosen.events,
        "events_per_second": found,
        "ours_to_raw": round(found["ours"] / found["raw"], 2),
        "ours_to_stock": round(found["ours"] / found["stock"], 2),
    }
    show(result, as_json=chosen.json)


if __name__ == "__main__":
    main()
