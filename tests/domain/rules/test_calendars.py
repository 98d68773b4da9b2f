"""Clocks: worked examples, holidays, and summer time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain import calendars
from domain.calendars import Calendar, Clock, ClockStart, Counts, federal_holidays, is_rest_day
from domain.instants import MINNESOTA, Instant

REGULATION = Clock(id="C1", start=ClockStart.OTHERWISE_RELEASED, hours=48, calendar=Calendar.EXCLUDING_REST_DAYS)
FORM_I_247A = Clock(id="C2", start=ClockStart.OTHERWISE_RELEASED, hours=48, calendar=Calendar.WALL)
ADVANCE_NOTICE = Clock(
    id="C6", start=ClockStart.SCHEDULED_RELEASE, hours=48, calendar=Calendar.WALL, counts=Counts.BEFORE
)
ZERO = Clock(id="C8", start=ClockStart.OTHERWISE_RELEASED, hours=0, calendar=Calendar.WALL)
END_OF_DAY = Clock(id="NJ", start=ClockStart.OTHERWISE_RELEASED, hours=0, calendar=Calendar.END_OF_LOCAL_DAY)


def expiry(clock: Clock, start: datetime) -> datetime:
    return calendars.expiry(clock, start, MINNESOTA)


def expiry_instant(clock: Clock, start: Instant) -> Instant:
    return calendars.expiry_instant(clock, start, MINNESOTA)


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=MINNESOTA)


@pytest.mark.parametrize(
    ("start", "wall", "business"),
    [
        (local(2026, 1, 16, 17), local(2026, 1, 18, 17), local(2026, 1, 21, 17)),
        (local(2025, 12, 24, 18), local(2025, 12, 26, 18), local(2025, 12, 29, 18)),
    ],
)
def test_the_two_worked_examples_give_their_two_ends(start: datetime, wall: datetime, business: datetime) -> None:
    assert expiry(FORM_I_247A, start) == wall
    assert expiry(REGULATION, start) == business


def test_the_regulation_runs_120_hours_over_the_kings_birthday_weekend() -> None:
    start = local(2026, 1, 16, 17)
    assert expiry(REGULATION, start) - start == timedelta(hours=120)


@pytest.mark.parametrize(
    ("start", "clock_face"),
    [
        (local(2026, 3, 7, 12), local(2026, 3, 9, 13)),  # an hour is lost on Sunday 8 March
        (local(2026, 10, 31, 12), local(2026, 11, 2, 11)),  # an hour is gained on Sunday 1 November
    ],
)
def test_48_hours_are_elapsed_hours_when_summer_time_changes(start: datetime, clock_face: datetime) -> None:
    assert expiry(FORM_I_247A, start) == clock_face
    assert expiry(FORM_I_247A, start).utcoffset() == clock_face.utcoffset()


def test_a_weekend_that_loses_an_hour_is_excluded_whole() -> None:
    assert expiry(REGULATION, local(2026, 3, 6, 12)) == local(2026, 3, 10, 12)


def test_a_period_that_starts_on_a_rest_day_starts_to_run_when_the_day_ends() -> None:
    assert expiry(REGULATION, local(2026, 1, 17, 9)) == local(2026, 1, 22)


def test_saturday_is_the_local_day_whatever_zone_the_start_is_written_in() -> None:
    friday_night = local(2026, 1, 9, 23)
    assert friday_night.astimezone(UTC).date() == date(2026, 1, 10)
    assert expiry(REGULATION, friday_night.astimezone(UTC)) == local(2026, 1, 13, 23)


def test_no_hours_run_out_at_once_even_on_a_sunday() -> None:
    assert expiry(ZERO, local(2026, 1, 18, 9)) == local(2026, 1, 18, 9)


def test_advance_notice_is_due_by_48_hours_before_also_over_the_change_to_summer_time() -> None:
    assert expiry(ADVANCE_NOTICE, local(2026, 1, 16, 17)) == local(2026, 1, 14, 17)
    assert expiry(ADVANCE_NOTICE, local(2026, 3, 9, 13)) == local(2026, 3, 7, 12)


def test_the_day_otherwise_released_ends_at_23_59_local_time() -> None:
    late = local(2026, 1, 16, 23).astimezone(UTC)
    assert late.date() == date(2026, 1, 17)
    assert expiry(END_OF_DAY, late) == local(2026, 1, 16, 23, 59)


@pytest.mark.parametrize(
    "changes",
    [
        {"counts": Counts.BEFORE, "calendar": Calendar.EXCLUDING_REST_DAYS},
        {"calendar": Calendar.END_OF_LOCAL_DAY},
    ],
)
def test_a_clock_that_means_nothing_cannot_be_made(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Clock(**{**FORM_I_247A.model_dump(), **changes})


def test_the_holidays_of_2026_with_their_observed_days() -> None:
    expected = [
        (1, 1),
        (1, 19),
        (2, 16),
        (5, 25),
        (6, 19),
        (7, 3),
        (9, 7),
        (10, 12),
        (11, 11),
        (11, 26),
        (12, 25),
    ]
    assert sorted(federal_holidays(2026)) == [date(2026, month, day) for month, day in expected]


def test_juneteenth_counts_from_2021_and_kings_birthday_from_1986() -> None:
    assert date(2020, 6, 19) not in federal_holidays(2020)
    assert date(2021, 6, 18) in federal_holidays(2021)
    assert date(1985, 1, 21) not in federal_holidays(1985)
    assert date(1986, 1, 20) in federal_holidays(1986)


def test_new_years_day_on_a_saturday_is_kept_on_the_last_day_of_the_year_before() -> None:
    assert date(2021, 12, 31) in federal_holidays(2021)
    assert date(2022, 1, 1) not in federal_holidays(2022)


def test_a_day_alone_gives_an_end_no_more_precise_than_a_day() -> None:
    ended = expiry_instant(FORM_I_247A, Instant.day(date(2026, 1, 13), MINNESOTA))
    assert ended == Instant.between(local(2026, 1, 15), local(2026, 1, 15, 23, 59, 59))
    assert expiry_instant(FORM_I_247A, Instant.unknown()) == Instant.unknown()


def test_a_start_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        expiry(FORM_I_247A, datetime(2026, 1, 1))  # noqa: DTZ001


since_1998 = int(datetime(1998, 1, 1, tzinfo=UTC).timestamp())
moments = st.integers(0, 37 * 366 * 86400).map(lambda second: datetime.fromtimestamp(since_1998 + second, UTC))


@given(moments, st.integers(0, 200))
def test_exactly_the_hours_on_counted_days_run(start: datetime, hours: int) -> None:
    clock = REGULATION.model_copy(update={"hours": hours})
    end = expiry(clock, start).astimezone(UTC)
    minutes = int((end - start).total_seconds() // 60)
    steps = [start + timedelta(minutes=step * 15) for step in range(minutes // 15)]
    counted = sum(not is_rest_day(step.astimezone(MINNESOTA).date()) for step in steps)
    assert abs(counted / 4 - hours) <= len(steps) / 96 + 1  # quarter hours that straddle midnight


@given(moments, moments)
def test_a_later_start_never_runs_out_earlier(first: datetime, second: datetime) -> None:
    earlier, later = sorted((first, second))
    assert expiry(REGULATION, earlier) <= expiry(REGULATION, later)
    assert expiry(FORM_I_247A, earlier) <= expiry(REGULATION, earlier)
