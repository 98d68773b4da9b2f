"""Federal holidays and the statutory clocks, as data: start, length, calendar.

"48 hours" has several meanings. Elapsed hours are counted in UTC; whether a day is excluded is decided by the
local day.

    start Fri 2026-01-16 17:00   48 h wall                          -> Sun 2026-01-18 17:00
                                 48 h excl_sat_sun_federal_holiday  -> Wed 2026-01-21 17:00  (Monday is a holiday)
                                 48 h wall, counts: before          -> Wed 2026-01-14 17:00  (due by then)
                                  0 h end_of_local_day              -> Fri 2026-01-16 23:59

Holidays are those of 5 USC 6103(a) with their observed days. Days on which an executive order alone closed
federal offices are not holidays here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from domain.events.fields import Closed, Code
from domain.instants import Instant

SATURDAY, SUNDAY = 5, 6
MONDAY, THURSDAY = 0, 3
HOURS_MAX = 24 * 366
DAY_END = time(23, 59)


class Calendar(StrEnum):
    """Which hours count. The end of a day is its 23:59, as New Jersey's directive writes it."""

    WALL = "wall"
    EXCLUDING_REST_DAYS = "excl_sat_sun_federal_holiday"
    END_OF_LOCAL_DAY = "end_of_local_day"


class ClockStart(StrEnum):
    """The moment a clock is counted from; which events show it is told in `projections.clocks`."""

    OTHERWISE_RELEASED = "otherwise_released_at"
    ADMIN_WARRANT_SERVED = "admin_warrant_served_at"
    DETAINER_RECEIVED = "detainer_received_at"
    SCHEDULED_RELEASE = "scheduled_release_at"
    BOND_POSTED = "bond_posted_at"
    CITIZENSHIP_CLAIMED = "citizenship_claimed_at"
    DETAINER_ISSUED = "detainer_issued_at"
    COMMITTED = "committed_at"
    STATUS_QUERY = "status_query_at"


class Counts(StrEnum):
    """Whether the hours run after the moment, or are to be left before it (advance notice)."""

    AFTER = "after"
    BEFORE = "before"


class Clock(Closed):
    """A period: it is counted from a named moment, `hours` long on a calendar.

    `before` goes with the wall calendar, and the end of the day with no hours.
    """

    id: Code
    start: ClockStart
    hours: Annotated[int, Field(ge=0, le=HOURS_MAX)]
    calendar: Calendar
    counts: Counts = Counts.AFTER

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.counts is Counts.BEFORE and self.calendar is not Calendar.WALL:
            raise ValueError("a clock that counts before its moment runs on the wall calendar")
        if self.hours and self.calendar is Calendar.END_OF_LOCAL_DAY:
            raise ValueError("a clock that ends with the day has 0 hours")
        return self


def expiry(clock: Clock, start: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment the clock runs out, in `zone`; raise ValueError if `start` has no offset."""
    if start.tzinfo is None:
        raise ValueError("a clock starts at a moment with an offset")
    length = timedelta(hours=clock.hours)
    if clock.calendar is Calendar.END_OF_LOCAL_DAY:
        return datetime.combine(start.astimezone(zone).date(), DAY_END, zone)
    if clock.counts is Counts.BEFORE:
        return (start.astimezone(UTC) - length).astimezone(zone)
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


def expiry_instant(clock: Clock, start: Instant, zone: ZoneInfo) -> Instant:
    """Return when the clock runs out, no more precise than its start."""
    earliest = expiry(clock, start.earliest, zone) if start.earliest else None
    latest = expiry(clock, start.latest, zone) if start.latest else None
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
