"""Following: from the return of an append until the row is in the read model, against looking every 20 ms, in one run.

    python -m benchmarks.bench_follow [--events 100] [--rounds 3] [--json]

Another process follows; events are appended one at a time. On a file, and on the newest PostgreSQL at hand. Prints the
median and the 99th percentile in milliseconds, and the ratio of the medians.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from adapters.composition import services
from adapters.read_models.following import Follower
from adapters.read_models.projector import OnError
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import Place, ledger_place
from benchmarks.compare import options, show
from tests.builders import submissions
from tests.postgres import kinds, running

POLL_SECONDS = 0.02
LOOK_SECONDS = 0.0005


class Polling:
    """Looks on a fixed beat, as one must where nobody tells."""

    def wait(self, seconds: float) -> None:
        """Return on the next beat."""
        time.sleep(min(seconds, POLL_SECONDS))

    def close(self) -> None:
        """Nothing is open."""


def follow(place: Place, is_polling: bool) -> None:
    """Follow until killed."""
    here = services(place)
    ledger = here.reading()
    if is_polling:
        ledger.facts.notices = Polling  # type: ignore[method-assign]
    Follower(here.models(), ledger, ["custody"], OnError.PARK, lambda: os.getppid() == 1).run()


def latencies(place: Place, events: int, *, is_polling: bool) -> list[float]:
    """Return milliseconds from the return of each append until its row is in the model."""
    first, *others = submissions(events + 1)
    found: list[float] = []
    chance = random.Random(1)
    with closing(Ledger.create(place)) as ledger:
        ledger.append([first], now=system_clock())
        process = get_context("spawn").Process(target=follow, args=(place, is_polling))
        process.start()
        try:
            models = services(place).models()
            while models.live_generation("custody") is None:
                time.sleep(0.1)
            with closing(models.open("custody", 1)) as model:
                for one in others:
                    time.sleep(chance.uniform(0.03, 0.06))
                    position = ledger.append([one], now=system_clock())[0].position
                    began = time.perf_counter()
                    while model.position < position:
                        time.sleep(LOOK_SECONDS)
                    found.append(1000 * (time.perf_counter() - began))
        finally:
            process.kill()
            process.join()
    return found


@contextmanager
def emptied(kind: str) -> Iterator[Place]:
    """Yield a place without a ledger."""
    if kind == "file":
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder) / "ledger.db"
    else:
        with running(kind) as server, server.database() as address:
            yield ledger_place(address)


def measured(kind: str, events: int, rounds: int) -> dict[str, Any]:
    """Compare being woken with polling on one kind of place."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for is_polling, several in found.items():
            with emptied(kind) as place:
                several.extend(latencies(place, events, is_polling=is_polling))
    woken, polling = (statistics.median(found[key]) for key in (False, True))
    last = statistics.quantiles(found[False], n=100)[-1]
    return {"median_ms": round(woken, 1), "p99_ms": round(last, 1), "to_polling": round(woken / polling, 2)}


def main() -> None:
    """Measure and print."""
    chosen = options(__doc__, events=100, rounds=3)
    found = {kind: measured(kind, chosen.events, chosen.rounds) for kind in ("file", kinds()[0])}
    show({"events": chosen.events * chosen.rounds, **found}, as_json=chosen.json)


if __name__ == "__main__":
    main()
