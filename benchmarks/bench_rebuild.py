"""Rebuilding read models: all together, custody alone, the stock `ProjectionRunner`, and what reading alone takes.

    python -m benchmarks.bench_rebuild [--events 1000000] [--rounds 3] [--ledger PLACE] [--json]

Makes a ledger at `--ledger`, a file or the address of an empty PostgreSQL database, or takes the one that is there.
`--ledger postgres` starts a server for this run where one is installed, with fsync and synchronous_commit on. Ours are
timed as the command `custody projections rebuild`, start-up of its processes included, and count every event of the
log. `raw` reads all rows, and decodes of each the time and the facility, in one process. The stock runner gets as few
events as it can do in seconds, and counts those alone that it projects.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from adapters.composition import services
from adapters.places.register import minnesota_register
from adapters.simulator.recording import Scenario, record_simulation
from adapters.simulator.run import simulate
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import Place, ledger_place
from benchmarks import stock_projection
from benchmarks.compare import medians, show_at_ledger
from domain.envelope import admit
from projections.folding.seen import Reader

FIRST, LAST, SEED = date(2025, 12, 1), date(2026, 3, 11), 7
EVENTS_A_DAY = 5_000  # then the largest jail holds some 600 people, about as many as the real one (chosen)
STOCK_EVENTS = 20_000  # of the log; about a fifth are bookings and releases
PAGE = 10_000
RATIOS = (("all", "raw"), ("custody", "raw"), ("all", "stock"), ("custody", "stock"))


def made(place: Place, events: int) -> int:
    """Make a ledger of so many events, unless there is one, and return its last position.

    The more events, the longer the time they tell of: as much goes on at once as in a real state.
    """
    ledger = Ledger.create(place)
    if not ledger.position():
        record_simulation(Scenario(events, SEED, first_day(events), LAST), ledger, system_clock, lambda done: None)
    position = ledger.position()
    ledger.close()
    return position


def first_day(events: int) -> date:
    """Return on which day a log of so many events begins."""
    return LAST - timedelta(days=max(events // EVENTS_A_DAY, 1))


def rebuild(place: str, *names: str) -> None:
    """Run the command."""
    chosen = [part for name in names for part in ("--model", name)]
    command = [sys.executable, "-m", "adapters.cli", "--ledger", place, "projections", "rebuild", "--json", *chosen]
    subprocess.run(command, check=True, capture_output=True)


def read(place: str) -> None:
    """Read every event that a read model asks for, and decode a part of it."""
    here = services(ledger_place(place))
    types = sorted({name for fold in here.models().folds.values() for name in fold.fields})
    ledger, reader = here.reading(), Reader(dict.fromkeys(types, ("facility",)))
    for after in range(0, ledger.position(), PAGE):
        for row in ledger.raw_events(after=after, upto=after + PAGE, topics=types):
            reader.read(row)
    ledger.close()


def measure(place: str, events: int, rounds: int) -> dict[str, Any]:
    """Return events a second, and ratios."""
    position = made(ledger_place(place), events)
    simulated = simulate(events=STOCK_EVENTS, seed=SEED, first=FIRST, last=LAST, register=minnesota_register())
    stock = stock_projection.filled(ledger_place(place), [admit(body) for body in simulated])
    runs: dict[str, Callable[[Path], object]] = {
        "all": lambda _: rebuild(place),
        "custody": lambda _: rebuild(place, "custody"),
        "raw": lambda _: read(place),
    }
    found = medians(runs, events=position, rounds=rounds)
    found |= medians({"stock": stock.project}, events=stock.events, rounds=1)
    ratios = {f"{name}_to_{peer}": round(found[name] / found[peer], 2) for name, peer in RATIOS}
    return {"events": position, "rounds": rounds, "events_per_second": found, **ratios}


def main() -> None:
    """Measure and print."""
    show_at_ledger(__doc__, measure, events=1_000_000, rounds=3)


if __name__ == "__main__":
    main()
