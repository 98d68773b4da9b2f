"""Rebuilding read models: all together, custody alone, the stock `ProjectionRunner`, and the same without folding.

    python -m benchmarks.bench_rebuild [--events 1000000] [--rounds 3] [--ledger PLACE] [--json]

Makes a ledger at `--ledger`, a file or the address of an empty PostgreSQL database, or takes the one that is there.
`--ledger postgres` starts a server for this run where one is installed, with fsync and synchronous_commit on. Ours are
timed as the command `custody projections rebuild`, start-up of its processes included, and count every event of the
log. `all_unfolded` and `custody_unfolded` read and decode the same events in the same pages, and store and index the
rows that the models have by now, all in one process: what a rebuild would take if folding took no time. The stock
runner gets as few events as it can do in seconds, and counts those alone that it projects.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from adapters.composition import services
from adapters.places.register import minnesota_register
from adapters.read_models.models import Models
from adapters.read_models.projector import PAGE_REBUILD
from adapters.simulator.recording import Scenario, record_simulation
from adapters.simulator.run import simulate
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import Place, ledger_place
from benchmarks import stock_projection
from benchmarks.compare import Ready, at_once, measured_once_ready, medians, show_at_ledger
from domain.envelope import admit
from projections.folding.folder import Changes
from projections.folding.pages import Pages

FIRST, LAST, SEED = date(2025, 12, 1), date(2026, 3, 11), 7
EVENTS_A_DAY = 5_000  # then the largest jail holds some 600 people, about as many as the real one (chosen)
STOCK_EVENTS = 20_000  # of the log; about a fifth are bookings and releases
RATIOS = (("all", "all_unfolded"), ("custody", "custody_unfolded"), ("all", "stock"), ("custody", "stock"))


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


@contextmanager
def unfolded(place: str, chosen: Sequence[str], _: Path) -> Iterator[Callable[[], None]]:
    """Yield what does all that a rebuild of the models that are there does, but for the folding."""
    here = services(ledger_place(place))
    models, ledger = here.models(), here.reading()
    names = chosen or list(models.folds)
    rows = {name: rows_of(models, ledger, name) for name in names}

    def run() -> None:
        pages = Pages([models.folds[name] for name in names], ledger)
        for after in range(0, ledger.position(), PAGE_REBUILD):
            pages.steps(ledger.raw_events(after=after, upto=after + PAGE_REBUILD, topics=pages.types))
        for name, changes in rows.items():
            with models.rebuilding([name]), models.building(name) as (_, model):
                model.write(changes, ledger.position(), "", after=0)
                model.finish()

    gc.disable()  # as a rebuild does
    yield run
    gc.enable()
    ledger.close()


def rows_of(models: Models, ledger: Ledger, name: str) -> Changes:
    """Return all rows of a model, to be stored in another."""
    changes = Changes()
    live = models.live(name, ledger)
    assert live is not None
    with closing(live) as model:
        for table in model.fold.tables:
            rows = enumerate(model.versions(table.name, list(table.columns)), start=1)
            changes.inserted[table.name] = [(number, row[:-2], row[-2], row[-1]) for number, row in rows]
    return changes


def measure(place: str, events: int, rounds: int) -> dict[str, Any]:
    """Return events a second, and ratios."""
    position = made(ledger_place(place), events)
    simulated = simulate(events=STOCK_EVENTS, seed=SEED, first=FIRST, last=LAST, register=minnesota_register())
    stock = stock_projection.filled(ledger_place(place), [admit(body) for body in simulated])
    runs: dict[str, Ready] = {
        "all": partial(at_once, lambda _: rebuild(place)),
        "custody": partial(at_once, lambda _: rebuild(place, "custody")),
        "all_unfolded": partial(unfolded, place, ()),
        "custody_unfolded": partial(unfolded, place, ("custody",)),
    }
    found = {name: one.events_per_second for name, one in measured_once_ready(runs, position, rounds).items()}
    found |= medians({"stock": stock.project}, events=stock.events, rounds=1)
    ratios = {f"{name}_to_{peer}": round(found[name] / found[peer], 2) for name, peer in RATIOS}
    return {"events": position, "rounds": rounds, "events_per_second": found, **ratios}


def main() -> None:
    """Measure and print."""
    show_at_ledger(__doc__, measure, events=1_000_000, rounds=3)


if __name__ == "__main__":
    main()
