"""`simulate`: the clock, the queue and the exact number of events.

    arrivals ──> case ──> clerk ──> queue by recorded time ──> bodies
                 (all its events at once)  (at most QUEUE_MAX)

The clock is driven by the count: when a third of the events has been told, a third of the period is over. So
any number fits any period, the ratios between kinds of case stay, and nothing but the queue is kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, timedelta
from heapq import heappop, heappush
from itertools import accumulate
from random import Random

from adapters.places.register import Register
from adapters.simulator import rates
from adapters.simulator.bookings import ordinary_booking
from adapters.simulator.case import Case, Numbers
from adapters.simulator.clerk import Clerk, Told
from adapters.simulator.detainers import jail_case
from adapters.simulator.places import Draw, Places
from adapters.simulator.prisons import commitment, prison_case, silent_custodian_case
from adapters.simulator.rates import DAY, HOUR
from adapters.simulator.wire import start_of
from domain.errors import InputRefused

QUEUE_MAX = 100_000  # about 60 MB
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
LAST_ARRIVAL_BEFORE_END = 2 * HOUR
LONGEST_SENTENCE_SERVED = 2_000 * DAY

DAY_STEPS = (0.0, *(share / sum(rates.BOOKINGS_BY_HOUR) for share in accumulate(rates.BOOKINGS_BY_HOUR)))


def simulate(*, events: int, seed: int, first: date, last: date, register: Register) -> Iterator[bytes]:
    """Yield exactly `events` canonical bodies, recorded from `first` to `last` (local days), in that order.

    The same arguments give the same bytes. Above about six million events a hundred days the queue fills, and
    what waits longest is yielded somewhat before its recorded time. Raise InputRefused(bad_period or
    bad_number) at once.
    """
    if events < 1:
        raise InputRefused("bad_number", f"{events} events cannot be simulated", mend="ask for at least one")
    if not EARLIEST <= first <= last <= LATEST:
        raise InputRefused(
            "bad_period",
            f"the period {first} to {last} cannot be simulated",
            mend=f"begin on or before the day it ends, between {EARLIEST} and {LATEST}",
        )
    return _bodies(events, Scenario(Random(seed), first, last, register))  # noqa: S311 - a scenario, no secret


def _bodies(events: int, scenario: Scenario) -> Iterator[bytes]:
    queue: list[Told] = []
    told = 0
    while told < events:
        now = scenario.arrival(told / events)
        while queue and (queue[0][0] < now or len(queue) > QUEUE_MAX):
            yield heappop(queue)[2]
        for event in scenario.next_case(now)[: events - told]:
            heappush(queue, event)
            told += 1
    while queue:
        yield heappop(queue)[2]


class Scenario:
    """Minnesota from one day to another: draws the next case and has it told."""

    def __init__(self, rng: Random, first: date, last: date, register: Register) -> None:
        self._rng = rng
        self._start, self._end = start_of(first), start_of(last + timedelta(days=1))
        self._days = (last - first).days + 1
        self._places = Places(register)
        self._clerk = Clerk(rng, self._end)
        self._numbers = Numbers(rng)
        self._kinds = Draw(
            (
                (self._booking, rates.BOOKINGS_PER_DETAINER),
                (self._commitment, rates.COMMITMENTS_PER_DETAINER),
                (self._detainer, 1.0),
            )
        )

    def arrival(self, fraction: float) -> int:
        """Return the moment at which a fraction of the period's people has come; fewest come at dawn."""
        day, rest = divmod(fraction * self._days, 1)
        hour = bisect_right(DAY_STEPS, rest, hi=24) - 1
        within = (rest - DAY_STEPS[hour]) / (DAY_STEPS[hour + 1] - DAY_STEPS[hour])
        moment = self._start + int(day) * DAY + int((hour + within) * HOUR)
        return min(moment, self._end - LAST_ARRIVAL_BEFORE_END)

    def next_case(self, now: int) -> list[Told]:
        """Tell one case that begins now; return what the period records of it, in recorded order."""
        self._kinds.from_(self._rng)(now)
        return sorted(event for event in self._clerk.take() if event[0] < self._end)

    def _booking(self, now: int) -> None:
        ordinary_booking(Case(self._clerk, self._numbers, self._places.jails.from_(self._rng), now))

    def _commitment(self, now: int) -> None:
        commitment(Case(self._clerk, self._numbers, self._places.intake.from_(self._rng), now))

    def _detainer(self, now: int) -> None:
        wanted = self._places.detainers.from_(self._rng)
        place = wanted.place
        if place.kind == "state_prison":
            began = now - self._rng.randrange(30 * DAY, LONGEST_SENTENCE_SERVED)
            prison_case(Case(self._clerk, self._numbers, place, began), now, wanted.printed, wanted.lift)
        elif place.kind == "county_jail":
            jail_case(Case(self._clerk, self._numbers, place, now), wanted.printed, wanted.lift)
        else:
            silent_custodian_case(Case(self._clerk, self._numbers, place, now), now, wanted.printed, wanted.lift)
