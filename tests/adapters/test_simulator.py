"""The simulated Minnesota: exact, repeatable, consistent, and in the proportions of the sources."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tracemalloc
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.places.register import Register, minnesota_register
from adapters.simulator import rates, wire
from adapters.simulator.places import COUNTY_POLICIES, Places, lift_table
from adapters.simulator.run import LONGEST_SENTENCE_SERVED, simulate
from adapters.simulator.wire import body_of, day_bounds, local_text, start_of
from domain.envelope import Envelope, admit, compose
from domain.errors import InputRefused
from domain.events.catalogue import CATALOGUE, event_class
from domain.events.episode import ReleasedToCommunity, SubjectBooked
from domain.events.record import EventCorrected
from domain.instants import MINNESOTA, Instant, Precision

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST, LAST = date(2025, 12, 1), date(2026, 3, 11)
WINTER = 40_000


def simulated(events: int, seed: int = 1, first: date = FIRST, last: date = LAST) -> Iterator[bytes]:
    return simulate(events=events, seed=seed, first=first, last=last, register=minnesota_register())


@pytest.fixture(scope="module")
def winter() -> list[Envelope[Any]]:
    """One simulated winter, every body through the gate."""
    return [admit(body).envelope for body in simulated(WINTER)]


def of_type(events: list[Envelope[Any]], name: str) -> list[Envelope[Any]]:
    return [event for event in events if event.type == name]


def streams_of(events: list[Envelope[Any]], name: str, source: str = "") -> set[str]:
    return {e.subject for e in of_type(events, name) if source in e.source}


# Exact, repeatable


@settings(max_examples=40, deadline=None)
@given(
    events=st.integers(1, 400),
    seed=st.integers(),
    first=st.dates(date(2000, 1, 1), date(2099, 1, 1)),
    days=st.integers(0, 200),
)
def test_any_number_seed_and_period_give_exactly_that_many_admissible_events_within_it(
    events: int, seed: int, first: date, days: int
) -> None:
    last = first + timedelta(days=days)
    admitted = [admit(body).envelope for body in simulated(events, seed, first, last)]

    assert len(admitted) == events
    assert len({event.id for event in admitted}) == events
    for event in admitted:
        assert event.recorded.earliest is not None
        assert first <= event.recorded.earliest.astimezone(MINNESOTA).date() <= last


def test_the_same_arguments_give_the_same_bytes_in_another_process_with_another_hash_seed() -> None:
    program = """
import hashlib, sys
from datetime import date
from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
digest = hashlib.sha256()
for body in simulate(events=5000, seed=11, first=date(2025, 12, 1), last=date(2026, 3, 11),
                     register=minnesota_register()):
    digest.update(body)
print(digest.hexdigest())
"""
    here = hashlib.sha256(b"".join(simulated(5000, seed=11))).hexdigest()
    for hash_seed in ("1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        ran = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == here


def test_another_seed_gives_other_events() -> None:
    assert set(simulated(300, seed=1)).isdisjoint(simulated(300, seed=2))


def test_a_run_in_progress_does_not_disturb_another() -> None:
    alone = list(simulated(500, seed=3))
    one, other = simulated(500, seed=3), simulated(500, seed=3)
    together = [(next(one), next(other)) for _ in range(500)]
    assert together == list(zip(alone, alone, strict=True))


@pytest.mark.parametrize(
    ("events", "first", "last", "code"),
    [
        (0, FIRST, LAST, "bad_number"),
        (-5, FIRST, LAST, "bad_number"),
        (10, LAST, FIRST, "bad_period"),
        (10, date(1901, 1, 1), LAST, "bad_period"),
        (10, FIRST, date(2100, 1, 1), "bad_period"),
    ],
)
def test_a_number_or_period_that_makes_no_sense_is_refused_before_the_first_event(
    events: int, first: date, last: date, code: str
) -> None:
    with pytest.raises(InputRefused) as refused:
        simulated(events, first=first, last=last)
    assert refused.value.code == code
    assert refused.value.mend


def test_memory_does_not_grow_with_the_number_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    def peak(events: int) -> int:
        tracemalloc.reset_peak()
        for _ in simulated(events):
            pass
        return tracemalloc.get_traced_memory()[1]

    monkeypatch.setattr("adapters.simulator.run.QUEUE_MAX", 100)
    wire._hour.cache_clear()
    wire._day.cache_clear()
    tracemalloc.start()
    try:
        peak(15_000)  # fills what is remembered of times, which has its own bound
        small, large = peak(5_000), peak(50_000)
    finally:
        tracemalloc.stop()
    assert large < small + 300_000  # the bodies of 45,000 more events are 20 MB


def test_a_queue_that_is_full_loses_nothing_and_keeps_each_case_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = list(simulated(5000))
    monkeypatch.setattr("adapters.simulator.run.QUEUE_MAX", 50)
    hurried = list(simulated(5000))
    assert hurried != whole
    assert sorted(hurried) == sorted(whole)


# Consistent


def test_every_event_says_that_it_is_synthetic_and_comes_from_an_agency_of_the_register(
    winter: list[Envelope[Any]],
) -> None:
    agencies = {facility.agency for facility in minnesota_register().facilities}
    for event in winter:
        label, _, agency = event.source.partition(":")
        assert label == "synthetic"
        assert agency in agencies


def test_an_agency_speaks_only_for_its_own_facility_unless_it_is_ice(winter: list[Envelope[Any]]) -> None:
    by_id = minnesota_register().by_id
    for event in winter:
        place = getattr(event.data, "facility", None)
        if place is not None and event.agency != "us-ice":
            assert by_id[place].agency == event.agency


def test_events_come_in_recorded_order(winter: list[Envelope[Any]]) -> None:
    recorded = [event.recorded.sort_key for event in winter]
    assert recorded == sorted(recorded)


def test_whatever_an_event_refers_to_was_recorded_before_it() -> None:
    seen: set[str] = set()
    for event in map(admit, simulated(WINTER)):
        own, *others = event.refs
        named = {ref for ref in others if ref.partition("/")[0] in {"episode", "detainer", "handoff", "event"}}
        assert named <= seen, (event.body, named - seen)
        seen |= {own, f"event/{event.id}"}


def test_a_correction_or_retraction_comes_from_who_published_the_event_and_after_it(
    winter: list[Envelope[Any]],
) -> None:
    by_id = {event.id: event for event in winter}
    for event in winter:
        if event.correctionof:
            target = by_id[event.correctionof]
            assert target.source == event.source
            assert target.recorded.sort_key <= event.recorded.sort_key


def test_every_replacement_of_data_is_itself_valid_data_of_the_corrected_type(
    winter: list[Envelope[Any]],
) -> None:
    by_id = {event.id: event for event in winter}
    corrections = [e for e in winter if isinstance(e.data, EventCorrected)]
    replaced = [e for e in corrections if e.data.replacement is not None]
    assert replaced
    assert len(replaced) < len(corrections)  # the others correct the time
    for correction in replaced:
        target = by_id[str(correction.correctionof)]
        data = event_class(target.type).model_validate_json(orjson.dumps(correction.data.replacement))
        assert data != target.data


def test_nothing_happens_long_before_the_longest_sentence_or_after_its_own_recording(
    winter: list[Envelope[Any]],
) -> None:
    oldest = datetime.fromtimestamp(start_of(FIRST) - LONGEST_SENTENCE_SERVED, MINNESOTA) - timedelta(days=1)
    for event in winter:
        assert event.occurred.earliest is not None
        assert event.recorded.earliest is not None
        assert oldest <= event.occurred.earliest <= event.recorded.earliest


def test_an_episode_names_its_place_year_and_number_and_is_booked_once(winter: list[Envelope[Any]]) -> None:
    booked = of_type(winter, "custody.subject_booked")
    assert len({event.subject for event in booked}) == len(booked)
    for event in booked:
        place = event.data.facility
        assert re.fullmatch(rf"episode/{place}\.20\d\d-\d{{6}}", event.subject)


# What it shows


def test_the_pattern_of_every_dispute_occurs(winter: list[Envelope[Any]]) -> None:
    seen = Counter(event.type for event in winter)
    wanted = [
        "detainer.prepared",
        "detainer.transmitted",
        "detainer.received",
        "detainer.acknowledged",
        "detainer.served_on_subject",
        "detainer.response_decided",
        "detainer.lifted",
        "detainer.declined_asserted",
        "detainer.not_honored",
        "detainer.expired_unclaimed",
        "detainer.cancelled",
        "detainer.superseded",
        "custody.hold_placed",
        "custody.hold_ended",
        "custody.release_eligible",
        "custody.released_to_community",
        "custody.released_to_agency",
        "custody.committed_to_institution",
        "custody.commitment_notice_sent",
        "custody.nationality_inquired",
        "handoff.release_notice_requested",
        "handoff.release_notice_sent",
        "handoff.release_notice_acknowledged",
        "handoff.notice_withheld",
        "handoff.pickup_scheduled",
        "handoff.pickup_arrived",
        "handoff.pickup_no_show",
        "handoff.pickup_cancelled",
        "handoff.administrative_warrant_served",
        "handoff.custody_transferred",
        "handoff.custody_transfer_confirmed",
        "handoff.custody_transfer_contested",
        "handoff.post_transfer_detention_started",
        "handoff.citizenship_claim_asserted",
        "record.event_corrected",
        "record.event_retracted",
    ]
    assert set(wanted) <= set(CATALOGUE)
    assert [name for name in wanted if not seen[name]] == []


def told_by_side(events: list[Envelope[Any]]) -> tuple[dict[str, Envelope[Any]], dict[str, Envelope[Any]]]:
    ours: dict[str, Envelope[Any]] = {}
    theirs: dict[str, Envelope[Any]] = {}
    for event in of_type(events, "handoff.custody_transferred"):
        side = theirs if event.agency == "us-ice" else ours
        side[event.subject] = event
    return ours, theirs


def test_most_transfers_are_told_by_both_sides_at_times_that_differ_by_minutes(
    winter: list[Envelope[Any]],
) -> None:
    ours, theirs = told_by_side(winter)
    both = ours.keys() & theirs.keys()
    assert len(both) > len(ours) / 2
    assert ours.keys() - theirs.keys()
    assert theirs.keys() - ours.keys()
    apart = [ours[key].occurred.sort_key[0] - theirs[key].occurred.sort_key[0] for key in both]
    close = [gap for gap in apart if timedelta(0) < abs(gap) < timedelta(minutes=40)]
    assert len(close) > 0.9 * len(apart)  # the others are known to one side by their date alone


def test_ice_says_declined_of_some_people_whom_the_jail_records_as_handed_over(
    winter: list[Envelope[Any]],
) -> None:
    declined = {
        event.subject.partition("/")[2] for event in of_type(winter, "detainer.lifted") if event.data.lift_code == "A"
    }
    ours, _ = told_by_side(winter)
    assert declined & {event.data.detainer for event in ours.values()}


def test_a_no_show_is_followed_by_a_release_of_the_same_episode(winter: list[Envelope[Any]]) -> None:
    released = streams_of(winter, "custody.released_to_community")
    weeks_before_the_end = datetime(2026, 2, 20, tzinfo=MINNESOTA)
    told = of_type(winter, "handoff.pickup_no_show")
    no_shows = [event for event in told if event.recorded.surely_by(weeks_before_the_end)]
    assert no_shows
    for event in no_shows:
        assert f"episode/{event.data.episode}" in released


def test_hennepin_withholds_notice_under_its_written_policy_and_others_cite_none(
    winter: list[Envelope[Any]],
) -> None:
    withheld = of_type(winter, "handoff.notice_withheld")
    hennepin = [e.data for e in withheld if e.data.facility == "mn-hennepin-jail"]
    others = [e.data for e in withheld if e.data.facility != "mn-hennepin-jail"]
    assert hennepin
    assert others
    assert {cited.rule for data in hennepin for cited in data.cited_rules} == {"MN-HENNEPIN-2021"}
    assert {data.decision_basis for data in hennepin} == {"written_policy"}
    assert {(data.decision_basis, data.cited_rules) for data in others} == {("none_written", ())}
    sent = of_type(winter, "handoff.release_notice_sent")
    assert "mn-hennepin-jail" not in {event.data.facility for event in sent}


def test_before_its_directive_hennepin_cites_nothing() -> None:
    early = [admit(body).envelope for body in simulated(8000, first=date(2019, 1, 1), last=date(2019, 3, 1))]
    cited = {rule.rule for event in early for rule in event.data.cited_rules}
    assert "MN-HENNEPIN-2021" not in cited
    assert {e.data.served_by for e in of_type(early, "handoff.administrative_warrant_served")} == {"ice"}


def test_only_a_deputy_under_a_jail_agreement_passes_legal_custody_in_the_cell(
    winter: list[Envelope[Any]],
) -> None:
    served = of_type(winter, "handoff.administrative_warrant_served")
    local = [event.data for event in served if event.agency != "us-ice"]
    assert local
    for data in local:
        assert data.served_by == COUNTY_POLICIES[data.facility].server
        assert data.legal_custody_to == "us-ice"
    assert "mn-cass-jail" not in {data.facility for data in local}  # a task-force agreement gives no jail authority


def minutes_past_release(events: list[Envelope[Any]]) -> dict[str, list[float]]:
    out = {e.subject: e for e in of_type(events, "custody.released_to_community")}
    found: dict[str, list[float]] = {}
    for event in of_type(events, "custody.release_eligible"):
        left = out.get(event.subject)
        if left and Precision.DAY not in {left.occurred.precision, event.occurred.precision}:
            waited = left.occurred.sort_key[0] - event.occurred.sort_key[0]
            found.setdefault(event.data.facility, []).append(waited.total_seconds() / 60)
    return found


def test_anoka_lets_people_wait_for_hours_and_nobles_for_days(winter: list[Envelope[Any]]) -> None:
    waits = minutes_past_release(winter)
    anoka, nobles = waits["mn-anoka-jail"], waits["mn-nobles-jail"]
    assert sum(wait > 90 for wait in anoka) > len(anoka) / 3
    assert any(wait > 24 * 60 for wait in nobles)
    assert any(wait < 90 for wait in nobles)


def test_some_reports_come_days_late_and_some_give_only_a_date_or_the_wrong_one(
    winter: list[Envelope[Any]],
) -> None:
    lags = [event.recorded.sort_key[0] - event.occurred.sort_key[1] for event in winter]
    late = sum(lag > timedelta(days=1) for lag in lags)
    assert 0.01 < late / len(winter) < 0.05
    by_date = [event for event in winter if event.occurred.precision is Precision.DAY]
    assert 0.005 < len(by_date) / len(winter) < 0.05
    booked = {e.subject: e.occurred.sort_key for e in of_type(winter, "custody.subject_booked")}
    backwards = [
        e
        for e in of_type(winter, "custody.released_to_community")
        if e.occurred.sort_key < booked.get(e.subject, e.occurred.sort_key)
    ]
    assert 0 < len(backwards) < 0.02 * len(booked)


# Proportions


def share(part: int, whole: int) -> float:
    return part / whole


@pytest.fixture(scope="module")
def prepared() -> list[tuple[str, str | None]]:
    """(kind of custodian, lift reason) of every detainer drawn for the real winter's number, tenfold."""
    from random import Random

    rng = Random(5)
    draw = Places(minnesota_register()).detainers
    drawn = [draw.from_(rng) for _ in range(10 * rates.DETAINERS_OF_THE_WINTER)]
    return [(cell.place.kind, cell.lift) for cell in drawn]


@pytest.mark.parametrize(
    ("kind", "total"),
    [
        ("county_jail", 564),
        ("state_prison", 185),
        ("federal_prison", 79),
        ("federal_marshals", 33),
        ("city_lockup", 15),
    ],
)
def test_detainers_are_addressed_to_kinds_of_custodian_as_in_the_winter(
    prepared: list[tuple[str, str | None]], kind: str, total: int
) -> None:
    drawn = sum(found == kind for found, _ in prepared)
    assert share(drawn, len(prepared)) == pytest.approx(total / 882, abs=0.012)


@pytest.mark.parametrize(
    ("kind", "lift", "found", "total"),
    [
        ("county_jail", "Booked into Detention", 119, 564),
        ("county_jail", "Detainer Declined by LEA", 240, 564),
        ("county_jail", "No longer in State, Local, or Federal Custody", 46, 564),
        ("county_jail", None, 101, 564),
        ("state_prison", "Booked into Detention", 3, 185),
        ("state_prison", "Detainer Declined by LEA", 27, 185),
        ("state_prison", None, 146, 185),
    ],
)
def test_detainers_are_lifted_for_the_reasons_of_the_winter(
    prepared: list[tuple[str, str | None]], kind: str, lift: str | None, found: int, total: int
) -> None:
    of_kind = [reason for custodian, reason in prepared if custodian == kind]
    assert share(sum(reason == lift for reason in of_kind), len(of_kind)) == pytest.approx(found / total, abs=0.04)


def test_the_table_of_the_winter_adds_up_and_every_name_in_it_is_in_the_register() -> None:
    assert sum(int(row["total"]) for row in lift_table()) == rates.DETAINERS_OF_THE_WINTER
    for row in lift_table():
        assert minnesota_register().by_ice_name(row["detention_facility"])


def test_a_table_that_names_an_unknown_place_is_a_fault_and_not_a_guess() -> None:
    register = minnesota_register()
    nameless = Register(tuple(replace(facility, ice_names=()) for facility in register.facilities))
    with pytest.raises(LookupError, match="no facility is printed"):
        simulate(events=1, seed=1, first=FIRST, last=LAST, register=nameless)


def test_prisons_hand_over_as_many_people_for_a_detainer_as_in_a_year_of_84() -> None:
    wanted = (b'"type":"detainer.prepared"}', b'"type":"handoff.custody_transferred"}')
    events = [admit(body).envelope for body in simulated(120_000, seed=9) if body.endswith(wanted)]
    detainers = len(of_type(events, "detainer.prepared"))
    prisons = streams_of(events, "handoff.custody_transferred", "synthetic:mn-doc")
    expected = rates.PRISON_HANDOFFS_OF_THE_WINTER / rates.DETAINERS_OF_THE_WINTER * detainers
    assert len(prisons) == pytest.approx(expected, rel=0.35)


def test_bookings_dominate_and_immigration_is_visible(winter: list[Envelope[Any]]) -> None:
    families = Counter(event.type.partition(".")[0] for event in winter)
    immigration = share(families["detainer"] + families["handoff"], len(winter))
    assert 0.15 < immigration < 0.30
    assert families["custody"] > 2 * (families["detainer"] + families["handoff"])


def test_all_87_jails_book_people_and_hennepin_the_most(winter: list[Envelope[Any]]) -> None:
    booked = Counter(event.data.facility for event in of_type(winter, "custody.subject_booked"))
    jails = {f.id for f in minnesota_register().facilities if f.kind == "county_jail"}
    assert len(jails) == len(rates.COUNTY_SIZE) == 87
    assert len(jails & booked.keys()) > 80  # the smallest counties book a handful a winter
    assert booked.most_common(1)[0][0] == "mn-hennepin-jail"
    assert booked["mn-ramsey-jail"] > booked["mn-olmsted-jail"] > booked["mn-rock-jail"]


# The fast writing agrees with the plain one


@given(moment=st.integers(946_684_800, 4_102_444_800))
def test_local_times_are_those_of_the_zone_on_either_side_of_summer_time(moment: int) -> None:
    local = datetime.fromtimestamp(moment, MINNESOTA)
    assert local_text(moment) == local.isoformat()
    bounds = Instant.day(local.date(), MINNESOTA)
    assert bounds.earliest is not None
    assert bounds.latest is not None
    assert day_bounds(moment) == (bounds.earliest.isoformat(), bounds.latest.isoformat())


@pytest.mark.parametrize("day_only", [False, True])
@pytest.mark.parametrize("kind", [SubjectBooked, ReleasedToCommunity])
def test_a_body_is_what_compose_writes(kind: type[Any], day_only: bool) -> None:
    data = {"facility": "mn-cass-jail", "subject": "s-1", "legal_basis": "court order"}
    at, recorded = (
        start_of(date(2026, 3, 8)) + 9_000,
        start_of(date(2026, 3, 9)),
    )  # the night the clocks change
    common = {"event_id": "019bd0a4-5f40-7a31-8c11-4b1d3c9e7f02", "source": "synthetic:mn-cass-sheriff"}
    happened = datetime.fromtimestamp(at, MINNESOTA)
    plain = compose(
        kind,
        **common,
        stream="mn-cass-jail.2026-000001",
        occurred=Instant.day(happened.date(), MINNESOTA) if day_only else Instant.exact(happened),
        data=data,
        recorded=Instant.exact(datetime.fromtimestamp(recorded, MINNESOTA)),
        correctionof="019bd0a4-5f40-7a31-8c11-4b1d3c9e7f03",
    )
    fast = body_of(
        kind,
        **common,
        stream="mn-cass-jail.2026-000001",
        at=at,
        recorded=recorded,
        data=data,
        day_only=day_only,
        target="019bd0a4-5f40-7a31-8c11-4b1d3c9e7f03",
    )
    assert fast == plain
