"""How fast the simulator makes events, as a ratio to the raw limit of this machine in the same run.

The raw limit is writing one document of the same shape with orjson and sorted keys, again and again. Rounds
of both alternate and medians are compared, so that a busy machine slows both.

    python -m benchmarks.bench_simulate [--events N] [--rounds R] [--json]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import date
from statistics import median

import orjson

from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
from domain.canonical import canonical_bytes

FIRST, LAST = date(2025, 12, 1), date(2026, 3, 11)
SEED = 7


def make(events: int) -> int:
    """Make the events and return their bytes."""
    made = simulate(events=events, seed=SEED, first=FIRST, last=LAST, register=minnesota_register())
    return sum(len(body) for body in made)


def write_only(events: int, document: object) -> int:
    """Write one document so many times and return the bytes."""
    return sum(len(canonical_bytes(document)) for _ in range(events))


def per_second(events: int, work: Callable[[], int]) -> float:
    """Return events a second of one round."""
    began = time.perf_counter()
    work()
    return events / (time.perf_counter() - began)


def typical_document() -> object:
    """Return the simulated event of median length."""
    sample = list(simulate(events=1001, seed=SEED, first=FIRST, last=LAST, register=minnesota_register()))
    return orjson.loads(sorted(sample, key=len)[500])


def measure(events: int, rounds: int) -> dict[str, float | int]:
    """Return the medians and their ratio."""
    document = typical_document()
    made, raw = [], []
    for _ in range(rounds):
        made.append(per_second(events, lambda: make(events)))
        raw.append(per_second(events, lambda: write_only(events, document)))
    return {
        "events": events,
        "rounds": rounds,
        "simulated_per_second": round(median(made)),
        "raw_per_second": round(median(raw)),
        "ratio": round(median(made) / median(raw), 4),
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.events, options.rounds)
    if options.json:
        print(json.dumps(found))
        return
    print(f"simulated  {found['simulated_per_second']:>12,} events/s   (median of {found['rounds']})")
    print(f"raw limit  {found['raw_per_second']:>12,} documents/s")
    print(f"ratio      {found['ratio']:>12.4f}")


if __name__ == "__main__":
    main()
