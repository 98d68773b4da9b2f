"""The named counts, by example: what each counts, what it leaves out, and on which day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from domain.events import episode, handoff
from domain.events.detainer import DetainerExpiredUnclaimed
from domain.events.record import IdentityLinked
from domain.instants import MINNESOTA, Instant, Precision, microseconds
from projections.departures import Departures
from projections.folding.now import rows_now
from projections.tally import Bucket, Period
from tests.builders import MONDAY, body, recorded
from tests.projections.tallies import (
    HOUR,
    ICE,
    booked,
    lifted,
    notice,
    out,
    prepared,
    received,
    tally,
    transferred,
    values,
)

PRISON = "us-bop-waseca"
OPEN_LIFT = Instant.between(MONDAY, None)


def winter(first: date = date(2025, 12, 1), last: date = date(2026, 3, 11)) -> Period:
    bounds = Instant.days(first, last, MINNESOTA, Precision.INTERVAL)
    return Period(*bounds.span)


def drawn(bucket: Bucket) -> tuple[object, ...]:
    return bucket.start, bucket.end, bucket.label, bucket.value, bucket.refs()


def test_each_count_from_n0_to_n5_leaves_out_what_the_one_before_it_has() -> None:
    found = tally(
        prepared("lifted", "s-1"),
        lifted("lifted", "Case Closed"),
        prepared("federal", "s-2", facility=PRISON),
        prepared("unheard-of", "s-3"),
        prepared("left", "s-4"),
        booked("s-4"),
        out("s-4"),
        prepared("no-receipt", "s-5"),
        booked("s-5"),
        prepared("first", "s-6"),
        prepared("second", "s-6"),
        booked("s-6"),
        received("first"),
        received("second"),
    )

    assert [7, 6, 5, 3, 2, 1] == [values(found)[f"N{number}"] for number in range(6)]
    steps = [found.definitions.get(f"N{number}") for number in range(6)]
    buckets = [one for pair in pairwise(steps) for one in found.between(*pair)]
    assert [
        ("N0", "N1", "lifted", 1, ["detainer/lifted"]),
        ("N1", "N2", "custodian kind federal_prison", 1, ["detainer/federal"]),
        ("N2", "N3", "no longer in custody by the custodian's own events", 1, ["detainer/left"]),
        ("N2", "N3", "the custodian's own events tell of no such person there", 1, ["detainer/unheard-of"]),
        ("N3", "N4", "no receipt recorded", 1, ["detainer/no-receipt"]),
        ("N4", "N5", "the same subject again", 1, ["detainer/second"]),
    ] == [drawn(bucket) for bucket in buckets]
    assert all(bucket.events() for bucket in buckets)
    assert ["detainer/left"] == buckets[2].refs(1)


def test_a_lift_whose_time_is_not_given_ends_a_detainer_but_not_surely() -> None:
    events = (prepared("d-1", "s-1"), lifted("d-1", "Detainer Declined by LEA", OPEN_LIFT), booked("s-1"), out("s-1"))

    assert (0, 1) == (values(tally(*events))["N1"], values(tally(*events))["N6"])


def test_who_was_released_after_the_detainer_surely_ended_is_not_in_n6() -> None:
    events = (prepared("d-1", "s-1"), lifted("d-1", "Case Closed"), booked("s-1"), out("s-1"))

    assert 0 == values(tally(*events))["N6"]


def test_as_of_a_moment_only_what_can_have_been_by_then_counts() -> None:
    events = (prepared("d-1", "s-1"), lifted("d-1", "Case Closed"), booked("s-1"), out("s-1"), received("d-1"))

    assert 0 == values(tally(*events, at=MONDAY - HOUR))["N0"]
    early = tally(*events, at=MONDAY + 2 * HOUR)
    assert [1, 1, 1, 1, 1, 1, 0] == [values(early)[f"N{number}"] for number in range(7)]
    assert [None] == [row["by"]["lift_reason"] for row in early.counted(["lift_reason"]) if row["id"] == "N0"]


def test_n7_has_three_buckets_also_where_there_is_nobody() -> None:
    events = [prepared(f"d-{n}", f"s-{n}") for n in (1, 2, 3)] + [booked(f"s-{n}") for n in (1, 2, 3)]
    gone = [out(f"s-{n}") for n in (1, 2, 3)]

    def buckets(*more: bytes) -> list[tuple[str, int]]:
        return [(row["by"]["notice"], row["value"]) for row in tally(*events, *more).counted() if row["id"] == "N7"]

    assert [("at_least_48_hours", 0), ("under_48_hours", 0), ("none", 0)] == buckets()
    told = buckets(*gone, notice("s-1", 48), notice("s-2", 47))
    assert [("at_least_48_hours", 1), ("under_48_hours", 1), ("none", 1)] == told


def test_a_notice_of_which_it_is_not_known_how_long_before_is_a_number_of_its_own() -> None:
    sent = {"facility": "mn-cass-jail", "subject": "s-1", "episode": "mn-cass-jail.s-1", "to_agency": ICE}
    day = body(handoff.ReleaseNoticeSent, "h-1", at=Instant.day(MONDAY.date(), MINNESOTA), **sent)

    rows = list(tally(prepared("d-1", "s-1"), booked("s-1"), out("s-1"), day).counted())

    assert {"notice": "not_known"} == next(row["by"] for row in rows if row["id"] == "N7" and row["value"])


def test_handed_to_an_agency_is_no_release_and_counts_in_n8_once_for_each_person() -> None:
    found = tally(
        prepared("d-1", "s-1"), booked("s-1"), transferred("s-1"), transferred("s-1", ICE), transferred("s-2", ICE)
    )

    assert (0, 2) == (values(found)["N6"], values(found)["N8"])


def test_a_contested_transfer_and_one_to_somebody_else_are_not_in_n8() -> None:
    about = {"facility": "mn-cass-jail", "subject": "s-1", "episode": "mn-cass-jail.s-1"}
    contested = body(handoff.CustodyTransferContested, "h-s-1", agency=ICE, reason="x", **about)

    assert 0 == values(tally(transferred("s-1"), contested, transferred("s-2", to="mn-anoka-sheriff")))["N8"]


def test_as_of_a_moment_a_detainer_is_what_the_words_said_by_then_make_of_it() -> None:
    def at(day: int) -> datetime:
        return MONDAY + timedelta(days=day)

    def ended(day: int, *ends: bytes) -> list[object]:
        rows = tally(prepared("d-1", "s-1"), *ends, at=at(day)).counted(["status", "lift_reason"])
        return next([*row["by"].values()] for row in rows if row["id"] == "N0")

    closed, booked_in = lifted("d-1", "Case Closed", at(2)), lifted("d-1", "Booked into Detention", at(4))
    assert ["active", None] == ended(1, booked_in, closed)
    assert ["lifted", "Case Closed"] == ended(3, booked_in, closed)
    assert ["lifted", "Booked into Detention"] == ended(5, booked_in, closed)

    unclaimed = body(DetainerExpiredUnclaimed, "d-1", at=at(4), facility="mn-cass-jail")
    in_ice_table = lifted("d-1", "Duplicate", Instant.between(MONDAY, None))
    assert ["lifted", "Duplicate"] == ended(3, unclaimed, in_ice_table)
    assert ["expired_unclaimed", "Duplicate"] == ended(5, unclaimed, in_ice_table)


def test_as_of_a_moment_a_handoff_is_what_both_sides_had_said_of_it_by_then() -> None:
    about = {"facility": "mn-cass-jail", "subject": "s-1", "episode": "mn-cass-jail.s-1"}
    later = MONDAY + timedelta(days=9)
    contested = body(handoff.CustodyTransferContested, "h-s-1", at=later, agency=ICE, reason="x", **about)

    before = tally(transferred("s-1"), contested, at=later - timedelta(seconds=1))
    after = tally(transferred("s-1"), contested, at=later)

    assert (1, 0) == (values(before)["N8"], values(after)["N8"])


def test_as_of_a_moment_two_records_of_a_handoff_agree_or_contradict_each_other_as_told_by_then() -> None:
    days = [MONDAY + timedelta(days=day) for day in range(3)]
    told = (
        transferred("s-1", at=days[0]),
        transferred("s-1", ICE, at=days[1]),
        transferred("s-1", "mn-doc", at=days[2], to="mn-doc"),
    )

    def by_then(at: datetime) -> list[object]:
        return [row["by"]["status"] for row in tally(*told, at=at).counted(["status"]) if row["id"] == "N8"]

    assert [["one_sided"], ["agreed"], ["contradicted"]] == [by_then(day) for day in days]


def test_what_only_ice_says_of_a_departure_ends_no_custody_here() -> None:
    found = tally(prepared("d-1", "s-1"), booked("s-1"), transferred("s-1", ICE))

    assert 1 == values(found)["N3"]


def test_pseudonyms_that_are_linked_are_one_person() -> None:
    events = (prepared("d-1", "ice-1"), prepared("d-2", "ice-2"), booked("s-1"), received("d-1"), received("d-2"))
    links = [body(IdentityLinked, "r", subject=one, same_as="s-1") for one in ("ice-1", "ice-2")]

    assert (0, 0) == (values(tally(*events))["N3"], values(tally(*events))["N5"])
    assert (2, 1) == (values(tally(*events, *links))["N3"], values(tally(*events, *links))["N5"])


def test_detainers_without_a_subject_each_count_by_themselves() -> None:
    named = {"episode": "mn-cass-jail.s-1"}
    events = [prepared(form, None, **named) for form in ("d-1", "d-2")] + [received("d-1"), received("d-2")]

    assert 2 == values(tally(booked("s-1"), *events))["N5"]


@pytest.mark.parametrize("printed", ["booked into DETENTION", "B", " b "])
def test_a_lift_reason_counts_under_the_words_of_the_table(printed: str) -> None:
    rows = tally(prepared("d-1", "s-1"), lifted("d-1", printed)).counted(["lift_reason"])

    assert {"lift_reason": "Booked into Detention"} == next(row["by"] for row in rows if row["id"] == "N0")


@pytest.mark.parametrize("zone", ["America/Chicago", "America/New_York", "America/Los_Angeles"])
@pytest.mark.parametrize(
    ("day", "inside"),
    [("2025-11-30", 0), ("2025-12-01", 1), ("2026-03-11", 1), ("2026-03-12", 0)],
)
def test_a_date_counts_on_its_own_day_also_at_the_edge_of_the_period(day: str, inside: int, zone: str) -> None:
    found = tally(prepared("d-1", at=Instant.day(date.fromisoformat(day), ZoneInfo(zone))), period=winter())

    assert inside == values(found)["N0"]


def test_the_last_second_of_the_period_is_inside_to_its_end() -> None:
    late = datetime(2026, 3, 11, 23, 59, 59, 900_000, MINNESOTA)

    assert 1 == values(tally(prepared("d-1", at=Instant.exact(late)), period=winter()))["N0"]
    assert 0 == values(tally(prepared("d-1", at=late + timedelta(seconds=1)), period=winter()))["N0"]


def test_a_time_that_is_not_known_counts_only_where_no_period_is_asked_for() -> None:
    form = prepared("d-1", at=Instant.unknown())

    assert (1, 0) == (values(tally(form))["N0"], values(tally(form, period=winter()))["N0"])


def test_a_month_is_one_of_minnesota() -> None:
    utc = datetime(2026, 2, 1, 3, tzinfo=UTC)
    rows = tally(prepared("d-1", at=Instant.exact(utc))).counted(["month"])

    assert {"month": "2026-01"} == next(row["by"] for row in rows if row["id"] == "N0")


def test_a_custodian_in_no_register_is_a_kind_of_its_own_and_not_federal() -> None:
    rows = list(tally(prepared("d-1", facility=None)).counted(["custodian_kind"]))

    assert [("N0", 1), ("N1", 1), ("N2", 1)] == [(row["id"], row["value"]) for row in rows if row["id"] != "N7"]
    assert {"not_placed"} == {row["by"]["custodian_kind"] for row in rows if "notice" not in row["by"]}


def test_a_departure_before_the_detainer_is_not_taken_for_one_after_it() -> None:
    earlier = [booked("s-1", MONDAY - 90 * HOUR), out("s-1", MONDAY - 50 * HOUR)]

    assert 0 == values(tally(*earlier, prepared("d-1", "s-1")))["N6"]


def test_a_row_rests_on_the_events_of_both_sides() -> None:
    events = (prepared("d-1", "s-1"), booked("s-1"), out("s-1"), notice("s-1", 50))
    found = tally(*events)

    (row,) = found.members(found.definitions.get("N6"))
    assert [1, 3, 4] == row["events"]


def test_told_departures_name_the_way_out() -> None:
    ways = [
        body(cls, f"mn-cass-jail.{n}", facility="mn-cass-jail", subject=f"s-{n}", **more)
        for n, (cls, more) in enumerate(
            ((episode.ReleasedToAgency, {"to_agency": ICE}), (episode.Escaped, {}), (episode.ReleasedInError, {}))
        )
    ]
    physically = Instant.exact(MONDAY + 9 * HOUR).as_json()
    events = recorded(*ways, out("s-9", physically_out_at=physically), transferred("s-8", ICE))
    found = rows_now(Departures(), events)["departures"]

    assert ["to_agency", "escaped", "in_error", "to_community"] == [row["way"] for row in found]
    assert microseconds(MONDAY + 9 * HOUR) == found[-1]["left_earliest"]
