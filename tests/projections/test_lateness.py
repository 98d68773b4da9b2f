"""Which reports surely came late, by their source's word and in the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson

from domain.envelope import admit
from domain.instants import MINNESOTA, Instant
from projections.lateness import Lateness, LateReport
from projections.recorded import Recorded
from tests.builders import MONDAY, SHERIFF, booked, recorded

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def report(at: Instant, *, told: Instant | None = None, known: timedelta = HOUR) -> Recorded:
    (event,) = recorded(booked(1, at=at), known=MONDAY + known)
    if told is None:
        return event
    envelope = orjson.loads(booked(1, at=at))
    shown = told.as_json()
    if isinstance(shown, str):
        envelope["recordedtime"] = shown
    else:
        envelope |= {"recordedtime": shown["earliest"], "recordedlatest": shown["latest"]}
        envelope["recordedprecision"] = shown["precision"]
    body = orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS)
    return replace(event, envelope=admit(body).envelope)


def late(*events: Recorded, over: timedelta = DAY) -> tuple[list[LateReport], Lateness]:
    lateness = Lateness(over)
    return [one for event in events for one in lateness.late(event)], lateness


def test_the_source_and_the_ledger_are_told_apart() -> None:
    monday = Instant.exact(MONDAY)
    told_late = report(monday, told=Instant.exact(MONDAY + 30 * HOUR), known=31 * HOUR)
    stored_late = report(monday, told=Instant.exact(MONDAY + HOUR), known=40 * HOUR)

    (one, other), lateness = late(told_late, stored_late)

    assert one.by_source is not None
    assert one.in_ledger is not None
    assert (30 * 60, True, 31 * 60) == (one.by_source.minutes, one.by_source.is_exact, one.in_ledger.minutes)
    assert other.by_source is None
    tally = lateness.tallies[SHERIFF]
    assert (2, 1, 2) == (tally.reports, tally.late_by_source, tally.late_in_ledger)


def test_a_report_of_a_day_is_late_only_if_it_surely_is_and_then_at_least_so_much() -> None:
    day = Instant.day(MONDAY.date(), MINNESOTA)
    at_noon_of_the_next_day, a_day_later = (report(day, known=hours * HOUR) for hours in (28, 16 + 25))

    (one,), lateness = late(at_noon_of_the_next_day, a_day_later)

    assert one.in_ledger is not None
    assert (25 * 60, False) == (one.in_ledger.minutes, one.in_ledger.is_exact)
    assert (1, 1) == (lateness.tallies[SHERIFF].late_in_ledger, lateness.tallies[SHERIFF].maybe_in_ledger)


def test_just_so_late_as_was_asked_is_not_later() -> None:
    assert ([], 1) == (
        late(report(Instant.exact(MONDAY), known=DAY))[0],
        len(late(report(Instant.exact(MONDAY), known=DAY), over=DAY - HOUR)[0]),
    )


def test_what_happened_at_an_unknown_time_may_be_late_and_never_surely_is() -> None:
    found, lateness = late(report(Instant.unknown()))

    assert ([], 1) == (found, lateness.tallies[SHERIFF].maybe_in_ledger)


def test_a_source_that_does_not_say_when_it_recorded_is_silent_and_not_late() -> None:
    (one,), lateness = late(report(Instant.exact(MONDAY), known=DAY + HOUR))
    tally = lateness.tallies[SHERIFF]

    assert (None, 1, 0, 0) == (one.by_source, tally.source_silent, tally.late_by_source, tally.maybe_by_source)


def test_a_report_of_what_is_yet_to_come_is_not_late() -> None:
    assert [] == late(report(Instant.exact(MONDAY + 10 * DAY)))[0]
