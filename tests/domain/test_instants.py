"""Instants: what a source printed keeps its precision, and moments compare as moments."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instants import (
    BEGINNING,
    EPOCH,
    MINNESOTA,
    RFC3339,
    WASHINGTON,
    Instant,
    Precision,
    format_rfc3339,
    instant_from_text,
    local_instant,
    microseconds_of,
    parse_rfc3339,
)

LONDON = ZoneInfo("Europe/London")
ZONES = st.sampled_from([MINNESOTA, WASHINGTON, LONDON, ZoneInfo("Asia/Kathmandu")])
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
FIRST, LAST = datetime(2, 1, 3), datetime(9998, 12, 29)  # noqa: DTZ001 - clock times without a zone
CLOCKS = st.datetimes(FIRST, LAST)
MOMENTS = st.datetimes(FIRST, LAST, timezones=OFFSETS) | st.datetimes(FIRST, LAST, timezones=ZONES)
DATES = st.dates(FIRST.date(), LAST.date())
INSTANTS = st.one_of(
    MOMENTS.map(Instant.exact),
    st.builds(Instant.day, DATES, ZONES),
    st.builds(Instant.month, st.integers(3, 9997), st.integers(1, 12), ZONES),
    st.builds(Instant.year, st.integers(3, 9997), ZONES),
    st.tuples(MOMENTS, MOMENTS).map(lambda pair: Instant.between(*sorted(pair, key=lambda m: m.astimezone(UTC)))),
    MOMENTS.map(lambda moment: Instant.between(moment, None)),
    MOMENTS.map(lambda moment: Instant.between(None, moment)),
    st.just(Instant.unknown()),
)


@given(INSTANTS)
def test_every_instant_comes_back_from_its_wire_form_unchanged(instant):
    assert Instant.from_json(instant.as_json()) == instant


@given(MOMENTS)
def test_a_moment_comes_back_from_rfc_3339_as_the_same_moment(moment):
    instant = Instant.exact(moment)
    assert parse_rfc3339(format_rfc3339(instant.earliest)).astimezone(UTC) == moment.astimezone(UTC)


@given(INSTANTS)
def test_every_bound_can_be_named_in_utc_and_has_a_whole_minute_offset(instant):
    for bound in (instant.earliest, instant.latest):
        if bound is not None:
            assert bound.astimezone(UTC) == bound
            assert bound.utcoffset() % timedelta(minutes=1) == timedelta()


@given(INSTANTS)
def test_a_span_of_microseconds_names_the_same_bounds(instant):
    again = [None if us is None else EPOCH + timedelta(microseconds=us) for us in instant.span]
    assert again == [instant.earliest, instant.latest]


@given(MOMENTS)
def test_the_microseconds_of_a_text_are_those_of_its_moment(moment):
    text = format_rfc3339(Instant.exact(moment).earliest)
    assert EPOCH + timedelta(microseconds=microseconds_of(text)) == moment.astimezone(UTC)


@given(st.text("0123456789-T:.+Z 60", max_size=30) | MOMENTS.map(str) | st.from_regex(RFC3339, fullmatch=True))
def test_what_is_no_rfc_3339_time_has_no_microseconds_either(text):
    try:
        expected = parse_rfc3339(text)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            microseconds_of(text)
    else:
        assert EPOCH + timedelta(microseconds=microseconds_of(text)) == expected


@given(INSTANTS)
def test_the_unknown_sorts_before_everything_a_source_can_give(instant):
    assert Instant.unknown().sort_key <= instant.sort_key
    assert instant.sort_key[0] >= BEGINNING


@given(INSTANTS, MOMENTS)
def test_what_surely_happened_by_a_moment_may_have_happened_by_it(instant, moment):
    assert not instant.surely_by(moment) or instant.maybe_by(moment)


@pytest.mark.parametrize(
    ("text", "earliest", "latest", "precision"),
    [
        ("2009", "2009-01-01T00:00:00-06:00", "2009-12-31T23:59:59-06:00", "year"),
        ("2021-06", "2021-06-01T00:00:00-05:00", "2021-06-30T23:59:59-05:00", "month"),
        ("2024-02", "2024-02-01T00:00:00-06:00", "2024-02-29T23:59:59-06:00", "month"),
        ("2025-03-26", "2025-03-26T00:00:00-05:00", "2025-03-26T23:59:59-05:00", "day"),
        ("2024-02-29", "2024-02-29T00:00:00-06:00", "2024-02-29T23:59:59-06:00", "day"),
        ("2026-03-08", "2026-03-08T00:00:00-06:00", "2026-03-08T23:59:59-05:00", "day"),
        ("2026-11-01", "2026-11-01T00:00:00-05:00", "2026-11-01T23:59:59-06:00", "day"),
        ("2026-11", "2026-11-01T00:00:00-05:00", "2026-11-30T23:59:59-06:00", "month"),
    ],
)
def test_a_date_a_month_and_a_year_keep_their_precision_and_whole_local_days(text, earliest, latest, precision):
    expected = {"earliest": earliest, "latest": latest, "precision": precision}
    assert instant_from_text(text, MINNESOTA).as_json() == expected


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("2026-01-16 17:00", "2026-01-16T17:00:00-06:00"),
        ("2026-07-16T17:00:05", "2026-07-16T17:00:05-05:00"),
        ("2026-01-16T17:00:00Z", "2026-01-16T17:00:00Z"),
        ("2026-01-16T17:00:00.250+05:45", "2026-01-16T17:00:00.250000+05:45"),
    ],
)
def test_a_clock_time_is_exact_in_its_own_offset_or_the_zone_given(text, wire):
    assert instant_from_text(text, MINNESOTA).as_json() == wire


@pytest.mark.parametrize(
    "text",
    [
        "20260116",  # a basic-format date, which Python reads as midnight
        "2026-W03-5",
        "2026-01-16T17",
        "2026-01-16T24:00:00",
        "2026-01-16T23:59:60",
        "2026-02-29",
        "2026-13",
        "2026-00",
        "0000",
        "0001",
        "9999",
        "0001-01-01T00:00",
        "9999-12-31T23:00:00",
        "٢٠٢٦",
        "2026-1-6",
        "2026 ",
        "",
        "yesterday",
        "2026-01-16T17:00:00+24:00",
        "2026-01-16\n",
    ],
)
def test_what_is_no_date_or_time_raises_and_never_becomes_midnight(text):
    with pytest.raises(ValueError):  # noqa: PT011 - each reason has its own words
        instant_from_text(text, MINNESOTA)


@given(st.text(st.sampled_from("0123456789-T: Z+.W"), max_size=30))
def test_any_printed_text_gives_an_instant_or_a_value_error(text):
    try:
        instant = instant_from_text(text, MINNESOTA)
    except ValueError:
        return
    assert Instant.from_json(instant.as_json()) == instant


def test_a_clock_time_the_zone_skips_becomes_both_readings():
    skipped = local_instant(datetime(2026, 3, 8, 2, 30), MINNESOTA)  # noqa: DTZ001 - clock times without a zone
    assert skipped.as_json() == {
        "earliest": "2026-03-08T01:30:00-06:00",
        "latest": "2026-03-08T03:30:00-05:00",
        "precision": "interval",
    }


def test_a_clock_time_the_zone_repeats_becomes_both_readings_an_hour_apart():
    repeated = local_instant(datetime(2026, 11, 1, 1, 30), MINNESOTA)  # noqa: DTZ001 - clock times without a zone
    assert repeated.as_json() == {
        "earliest": "2026-11-01T01:30:00-05:00",
        "latest": "2026-11-01T01:30:00-06:00",
        "precision": "interval",
    }
    assert repeated.latest - repeated.earliest == timedelta(hours=1)


@given(CLOCKS, ZONES)
def test_a_clock_time_is_placed_in_at_most_two_readings_that_the_clock_can_show(clock, zone):
    instant = local_instant(clock, zone)
    assert instant.latest - instant.earliest <= timedelta(hours=24)
    if instant.precision is Precision.EXACT:
        shown = instant.earliest.astimezone(zone).replace(tzinfo=None, fold=0)
        assert shown == clock


def test_moments_in_the_repeated_hour_compare_as_moments_and_not_as_wall_clocks():
    first = Instant.exact(datetime(2026, 11, 1, 1, 45, tzinfo=MINNESOTA))
    second = Instant.exact(datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=MINNESOTA))
    assert first.earliest < second.earliest
    assert first.sort_key < second.sort_key
    with pytest.raises(ValueError, match="latest is before earliest"):
        Instant.between(second.earliest, first.earliest)


def test_a_day_before_standard_time_is_written_in_utc_because_its_offset_has_seconds():
    assert instant_from_text("1850-01-01", MINNESOTA).as_json() == {
        "earliest": "1850-01-01T05:50:36Z",
        "latest": "1850-01-02T05:50:35Z",
        "precision": "day",
    }


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-16T17:00:00",
        "2026-01-16 17:00:00Z",
        "2026-01-16T17:00:00z",
        "2026-01-16t17:00:00Z",
        "2026-01-16T17:00Z",
        "2026-01-16T24:00:00Z",
        "2026-01-16T23:59:60Z",
        "2026-01-16T17:60:00Z",
        "2026-01-16T17:00:00+24:00",
        "2026-01-16T17:00:00+05:60",
        "2026-01-16T17:00:00+0530",
        "2026-01-16T17:00:00.1234567Z",
        "2026-01-16T17:00:00.Z",
        "2026-01-16T17:00:00,5Z",
        "2026-02-29T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0001-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "9999-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-01-16T17:00:00Z",
        "2026-01-16T17:00:00Z\n",
        "",
    ],
)
def test_a_wire_time_that_is_not_rfc_3339_with_a_real_offset_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - each reason has its own words
        parse_rfc3339(text)


@pytest.mark.parametrize(
    "text",
    [
        "0002-01-01T00:00:00+23:59",
        "9998-12-31T23:59:59-23:59",
        "2024-02-29T00:00:00Z",
        "2026-01-16T17:00:00-00:00",
    ],
)
def test_the_outermost_wire_times_are_moments_in_every_zone(text):
    moment = parse_rfc3339(text)
    assert all(moment.astimezone(zone) == moment for zone in (UTC, MINNESOTA, ZoneInfo("Pacific/Kiritimati")))


BEGIN = "2026-01-16T00:00:00-06:00"


@pytest.mark.parametrize(
    ("precision", "latest"),
    [
        ("day", "2026-01-17T01:00:00-06:00"),
        ("month", "2026-02-16T01:00:00-06:00"),
        ("year", "2027-01-17T00:00:00-06:00"),
    ],
)
def test_bounds_may_be_as_wide_as_their_precision_and_not_a_second_wider(precision, latest):
    wire = {"earliest": BEGIN, "latest": latest, "precision": precision}
    assert Instant.from_json(wire).as_json() == wire
    wider = format_rfc3339(parse_rfc3339(latest) + timedelta(seconds=1))
    with pytest.raises(ValueError, match="wider apart"):
        Instant.from_json({**wire, "latest": wider})


@pytest.mark.parametrize(
    ("wire", "complaint"),
    [
        ({"earliest": BEGIN, "latest": BEGIN, "precision": "exact"}, "written as a string"),
        ({"earliest": BEGIN, "latest": None, "precision": "day"}, "needs both bounds"),
        ({"earliest": None, "latest": BEGIN, "precision": "year"}, "needs both bounds"),
        ({"earliest": None, "latest": None, "precision": "interval"}, "at least one bound"),
        ({"earliest": BEGIN, "latest": None, "precision": "unknown"}, "has no bounds"),
        ({"earliest": "", "latest": BEGIN, "precision": "interval"}, "not an RFC 3339 time"),
        ({"earliest": BEGIN, "latest": "2026-01-15T00:00:00-06:00", "precision": "day"}, "before earliest"),
        ({"earliest": BEGIN, "latest": BEGIN, "precision": "week"}, "not a valid Precision"),
        ({"earliest": BEGIN, "latest": BEGIN, "precision": ["day"]}, "not a valid Precision"),
        ({"earliest": 1, "latest": BEGIN, "precision": "day"}, "strings or null"),
        ({"earliest": BEGIN, "latest": BEGIN}, "earliest, latest, precision"),
        (
            {"earliest": BEGIN, "latest": BEGIN, "precision": "day", "zone": "CST"},
            "earliest, latest, precision",
        ),
        (1768604400, "RFC 3339 string"),
        (None, "RFC 3339 string"),
        ([], "RFC 3339 string"),
    ],
)
def test_a_wire_form_that_says_two_things_or_too_little_is_refused(wire, complaint):
    with pytest.raises(ValueError, match=complaint):
        Instant.from_json(wire)


@pytest.mark.parametrize("make", [Instant.exact, lambda moment: Instant.between(moment, None)])
def test_a_clock_time_without_a_zone_is_no_instant(make):
    with pytest.raises(ValueError, match="needs an offset"):
        make(datetime(2026, 1, 16, 17, 0))  # noqa: DTZ001 - clock times without a zone


def test_an_instant_without_a_zone_is_not_built_even_by_days_at_the_end_of_the_calendar():
    with pytest.raises(ValueError, match="year 9999"):
        Instant.day(date(9999, 12, 31), MINNESOTA)
    with pytest.raises(ValueError, match="year 1 "):
        Instant.day(date(1, 1, 1), MINNESOTA)
