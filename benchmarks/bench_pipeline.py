"""From made-up event to durable ledger: `custody simulate` whole, against raw sqlite3 inserts in the same run.

    python -m benchmarks.bench_pipeline [--events 200000] [--rounds 3] [--json]

One process makes the events and passes them through the gate, another stores them. The raw side inserts the same
number of ready-made bodies of the same size into a bare table, synchronous=FULL, 1,000 a transaction.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

from adapters.simulator.recording import Scenario, record_simulation
from adapters.store.ledger import Ledger, system_clock
from benchmarks.compare import bare_table, medians, options, show

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
    with bare_table(folder, "position INTEGER PRIMARY KEY, body BLOB") as connection:
        for _ in range(0, events, BATCH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO events VALUES (?,?)", [(None, body)] * BATCH)
            connection.execute("COMMIT")


def main() -> None:
    """Measure and print."""
    chosen = options(__doc__, events=200_000, rounds=3)
    runs = {run.__name__: partial(run, events=chosen.events) for run in (pipeline, raw)}
    found = medians(runs, events=chosen.events, rounds=chosen.rounds)
    ratio = round(found["pipeline"] / found["raw"], 3)
    show({"events": chosen.events, "events_per_second": found, "pipeline_to_raw": ratio}, as_json=chosen.json)


if __name__ == "__main__":
    main()
