"""Federal holidays and the statutory clocks, as data: start, length, calendar.

"48 hours" has several meanings. Elapsed hours are counted in UTC; whether a day is excluded is decided by the
local day in Minnesota.

    start Fri 2026-01-16 17:00   wall                          -> Sun 2026-01-18 17:00
                                 excl_sat_sun_federal_holiday  -> Wed 2026-01-21 17:00  (Monday is a holiday)

Holidays are those of 5 USC 6103(a) with their observed days. Days on which an executive order alone closed
federal offices are not holidays here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from domain.events.fields import Closed, Code
from domain.instants import MINNESOTA, Instant

SATURDAY, SUNDAY = 5, 6
MONDAY, THURSDAY = 0, 3
HOURS_MAX = 24 * 366


class Calendar(StrEnum):
    """Which hours count."""

    WALL = "wall"
    EXCLUDING_REST_DAYS = "excl_sat_sun_federal_holiday"


class Clock(Closed):
    """A period: it starts with a named event and runs `hours` on a calendar."""

    id: Code
    start: Code
    hours: Annotated[int, Field(ge=0, le=HOURS_MAX)]
    calendar: Calendar


REGULATION = Clock(id="C1", start="otherwise_released_at", hours=48, calendar=Calendar.EXCLUDING_REST_DAYS)
FORM_I_247A = Clock(id="C2", start="otherwise_released_at", hours=48, calendar=Calendar.WALL)
AFTER_SERVICE = Clock(id="C3", start="admin_warrant_served_at", hours=48, calendar=Calendar.WALL)
ZERO = Clock(id="C8", start="otherwise_released_at", hours=0, calendar=Calendar.WALL)
CLOCKS = {clock.id: clock for clock in (REGULATION, FORM_I_247A, AFTER_SERVICE, ZERO)}


def expiry(clock: Clock, start: datetime, zone: ZoneInfo = MINNESOTA) -> datetime:
    """Return the moment the clock runs out, in `zone`; raise ValueError if `start` has no offset."""
    if start.tzinfo is None:
        raise ValueError("a clock starts at a moment with an offset")
    length = timedelta(hours=clock.hours)
    if clock.calendar is Calendar.WALL or not length:
        return (start.astimezone(UTC) + length).astimezone(zone)
    return _after_counted_time(start.astimezone(UTC), length, zone)


def _after_counted_time(now: datetime, left: timedelta, zone: ZoneInfo) -> datetime:
    while True:
        day = now.astimezone(zone).date()
        midnight = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        if not is_rest_day(day):
            if left <= midnight - now:
                return (now + left).astimezone(zone)
            left -= midnight - now
        now = midnight


def expiry_instant(clock: Clock, start: Instant) -> Instant:
    """Return when the clock runs out, no more precise than its start."""
    earliest = expiry(clock, start.earliest) if start.earliest else None
    latest = expiry(clock, start.latest) if start.latest else None
    if earliest is None and latest is None:
        return Instant.unknown()
    if earliest is not None and earliest == latest:
        return Instant.exact(earliest)
    return Instant.between(earliest, latest)


def is_rest_day(day: date) -> bool:
    """Say whether the local day is a Saturday, a Sunday or a federal holiday."""
    return day.weekday() in (SATURDAY, SUNDAY) or day in federal_holidays(day.year)


@cache
def federal_holidays(year: int) -> frozenset[date]:
    """Return the days observed as federal holidays within the year; December 31 can be one."""
    days = {observed(rule(year)) for first, rule in HOLIDAYS if year >= first}
    days.add(observed(date(year + 1, 1, 1)))
    return frozenset(day for day in days if day.year == year)


def observed(day: date) -> date:
    """Return the day on which a holiday is kept: Friday for a Saturday, Monday for a Sunday."""
    return day + timedelta(days={SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))


def _nth(month: int, weekday: int, n: int) -> Callable[[int], date]:
    def rule(year: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))

    return rule


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def _fixed(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


# (first year kept on this rule, the rule); earlier years of a moved holiday are outside every record here.
HOLIDAYS: tuple[tuple[int, Callable[[int], date]], ...] = (
    (1871, _fixed(1, 1)),
    (1986, _nth(1, MONDAY, 3)),
    (1971, _nth(2, MONDAY, 3)),
    (1971, _last_monday_of_may),
    (2021, _fixed(6, 19)),
    (1871, _fixed(7, 4)),
    (1894, _nth(9, MONDAY, 1)),
    (1971, _nth(10, MONDAY, 2)),
    (1978, _fixed(11, 11)),
    (1942, _nth(11, THURSDAY, 4)),
    (1871, _fixed(12, 25)),
)
