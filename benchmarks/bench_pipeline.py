"""From made-up event to durable ledger: `custody simulate` whole, against raw sqlite3 inserts in the same run.

    python -m benchmarks.bench_pipeline [--events 200000] [--rounds 3] [--json]

One process makes the events and passes them through the gate, another stores them. The raw side inserts the same
number of ready-made bodies of the same size into a bare table, synchronous=FULL, 1,000 a transaction.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from datetime import date
from pathlib import Path

from adapters.simulator.recording import Scenario, record_simulation
from adapters.store.ledger import Ledger, system_clock

BODY_BYTES = 560
BATCH = 1_000


def pipeline(folder: Path, events: int) -> None:
    """Simulate into a ledger."""
    ledger = Ledger.create(folder / "ledger.db")
    record_simulation(
        Scenario(events, 1, date(2025, 12, 1), date(2026, 3, 11)), ledger, system_clock, lambda done: None
    )
    ledger.close()


def raw(folder: Path, events: int) -> None:
    """Insert as many blobs into a bare table."""
    body = b"x" * BODY_BYTES
    with closing(sqlite3.connect(folder / "raw.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE events (position INTEGER PRIMARY KEY, body BLOB)")
        for _ in range(0, events, BATCH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO events VALUES (?,?)", [(None, body)] * BATCH)
            connection.execute("COMMIT")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rates: dict[str, list[float]] = {"pipeline": [], "raw": []}
    for _ in range(options.rounds):
        for run in (pipeline, raw):
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter()
                run(Path(folder), options.events)
                rates[run.__name__].append(options.events / (time.perf_counter() - started))
    medians = {name: round(statistics.median(several)) for name, several in rates.items()}
    ratio = round(medians["pipeline"] / medians["raw"], 3)
    result = {"events": options.events, "events_per_second": medians, "pipeline_to_raw": ratio}
    print(json.dumps(result) if options.json else "\n".join(f"{key}: {value}" for key, value in result.items()))


if __name__ == "__main__":
    main()
