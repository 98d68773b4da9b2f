"""Who is at a facility as of T, as known at K: how long one question takes over the kept model.

    python -m benchmarks.bench_as_of [--events 1000000] [--rounds 2000] [--ledger PLACE] [--json]

Makes a ledger, or takes the one at `--ledger`, and builds the model of custody if none answers. Each round asks one of
the largest facilities about a random time of the log's months, as known at a random position. Prints milliseconds of
one call, median and 99th percentile, for questions as known then and as known now: by the clock, and of processor time,
which other work on the machine lengthens less. Beside it, how many people an answer has; and `raw`, one row of the log
by its key.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sized
from datetime import UTC, datetime
from typing import Any

from adapters.composition import services
from adapters.read_models.answers import answering
from adapters.read_models.projector import OnError
from adapters.read_models.rebuilding import build
from adapters.store.place import ledger_place
from benchmarks.bench_rebuild import LAST, SEED, first_day, made
from benchmarks.compare import show_at_ledger
from domain.instants import microseconds

FACILITIES = ("mn-hennepin-jail", "mn-ramsey-jail", "mn-dakota-jail", "mn-anoka-jail", "mn-cass-jail", "mn-lyon-jail")


class Times:
    """How long calls took, by the clock and of processor time."""

    def __init__(self) -> None:
        self._clock: list[float] = []
        self._processor: list[float] = []

    def take(self, call: Callable[..., Sized], *arguments: object) -> int:
        """Time one call, and return how long its answer is."""
        clock, processor = time.perf_counter(), time.thread_time()
        answer = call(*arguments)
        self._processor.append((time.thread_time() - processor) * 1_000)
        self._clock.append((time.perf_counter() - clock) * 1_000)
        return len(answer)

    def summary(self) -> dict[str, float]:
        """Return medians and 99th percentiles."""
        several = {"": self._clock, "processor_": self._processor}
        medians = {f"{kind}p50": round(statistics.median(times), 3) for kind, times in several.items()}
        return medians | {f"{k}p99": round(statistics.quantiles(t, n=100)[98], 3) for k, t in several.items()}


def measure(place: str, events: int, rounds: int) -> dict[str, Any]:
    """Return milliseconds and people of an answer."""
    position = made(ledger_place(place), events)
    here = services(ledger_place(place))
    ledger, models = here.reading(), here.models()
    live = models.live("custody", ledger)
    if live is None:
        with models.rebuilding(["custody"]):
            build(models, ledger, "custody", OnError.PARK)
            models.swap("custody")
    else:
        live.close()
    chance = random.Random(SEED)
    begins, ends = (
        microseconds(datetime.combine(day, datetime.min.time(), UTC)) for day in (first_day(position), LAST)
    )
    then, now, raw, people = Times(), Times(), Times(), []
    with answering(models, ledger, "custody", position) as model:
        for _ in range(rounds):
            facility, moment = chance.choice(FACILITIES), chance.randrange(begins, ends)
            known = chance.randrange(1, position)
            then.take(model.holding, "custody", facility, moment, known)
            people.append(now.take(model.holding, "custody", facility, moment, position))
            raw.take(ledger.leaf_at, known)
    ledger.close()
    return {
        "events": position,
        "questions": rounds,
        "milliseconds": {"known_then": then.summary(), "known_now": now.summary(), "raw": raw.summary()},
        "people": {"median": statistics.median(people), "most": max(people)},
    }


def main() -> None:
    """Measure and print."""
    show_at_ledger(__doc__, measure, events=1_000_000, rounds=2_000)


if __name__ == "__main__":
    main()
