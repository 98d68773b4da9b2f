"""How fast the simulator makes events, as a ratio to the raw limit of this machine in the same run.

The raw limit is writing one document of the same shape with orjson and sorted keys, again and again. Rounds
of both alternate and medians are compared, so that a busy machine slows both.

    python -m benchmarks.bench_simulate [--events N] [--rounds R] [--json]
"""

from __future__ import annotations

from datetime import date

import orjson

from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
from benchmarks.compare import medians, options, show
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


def typical_document() -> object:
    """Return the simulated event of median length."""
    sample = list(simulate(events=1001, seed=SEED, first=FIRST, last=LAST, register=minnesota_register()))
    return orjson.loads(sorted(sample, key=len)[500])


def measure(events: int, rounds: int) -> dict[str, float | int]:
    """Return the medians and their ratio."""
    document = typical_document()
    runs = {"simulated": lambda _: make(events), "raw": lambda _: write_only(events, document)}
    found = medians(runs, events=events, rounds=rounds)
    return {
        "events": events,
        "rounds": rounds,
        "simulated_per_second": found["simulated"],
        "raw_per_second": found["raw"],
        "ratio": round(found["simulated"] / found["raw"], 4),
    }


def main() -> None:
    """Run from the command line."""
    chosen = options(__doc__.splitlines()[0], events=100_000, rounds=5)
    found = measure(chosen.events, chosen.rounds)
    if chosen.json:
        show(found, as_json=True)
        return
    print(f"simulated  {found['simulated_per_second']:>12,} events/s   (median of {found['rounds']})")
    print(f"raw limit  {found['raw_per_second']:>12,} documents/s")
    print(f"ratio      {found['ratio']:>12.4f}")


if __name__ == "__main__":
    main()
