"""Does the cost of an event stay the same as the log grows? All read models rebuilt from logs of several sizes.

    python -m benchmarks.bench_scale [--events 5000000] [--rounds 1] [--ledger PLACE] [--json]

Makes a ledger of so many events, or takes the one at `--ledger`, and builds every model, in one process, from its first
fiftieth, its first fifth and all of it. Prints for each size microseconds of processor time an event (the median of the
rounds, without what starting the process takes), and its peak memory.
"""

from __future__ import annotations

import gc
import resource
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from adapters.composition import services
from adapters.read_models.projector import build_together
from adapters.read_models.sqlite_model import SqliteModel
from adapters.store.place import ledger_place
from benchmarks.bench_rebuild import made
from benchmarks.compare import show_at_ledger

PARTS = (50, 5, 1)


def build(place: str, upto: int) -> tuple[float, int]:
    """Build all models from the first events of a log; return processor seconds and the peak memory in MiB."""
    here = services(ledger_place(place))
    ledger = here.reading()
    gc.disable()
    with tempfile.TemporaryDirectory() as folder:
        folds = here.models().folds
        models = [SqliteModel.create(Path(folder) / name, fold) for name, fold in folds.items()]
        began = time.process_time()
        build_together(ledger, models, upto)
        seconds = time.process_time() - began
        for model in models:
            model.close()
    ledger.close()
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure(place: str, events: int, rounds: int) -> dict[str, Any]:
    """Return cost and memory for each size; a process of its own for each build."""
    position = made(ledger_place(place), events)
    sizes = [position // part for part in PARTS]
    found: dict[int, list[tuple[float, int]]] = {size: [] for size in sizes}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for _ in range(rounds):
            for size in sizes:
                found[size].append(pool.submit(build, place, size).result())
    costs = {size: statistics.median(seconds for seconds, _ in several) / size for size, several in found.items()}
    return {
        "rounds": rounds,
        "microseconds_an_event": {size: round(cost * 1e6, 2) for size, cost in costs.items()},
        "largest_to_smallest": round(costs[sizes[-1]] / costs[sizes[0]], 2),
        "peak_mib": {size: max(memory for _, memory in several) for size, several in found.items()},
    }


def main() -> None:
    """Measure and print."""
    show_at_ledger(__doc__, measure, events=5_000_000, rounds=1)


if __name__ == "__main__":
    main()
