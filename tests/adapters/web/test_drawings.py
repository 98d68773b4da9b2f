"""What the drawings lay out, and how words are written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapters.web.drawing.county_map import counties
from adapters.web.drawing.lanes import lanes_of
from adapters.web.drawing.steps import steps_between
from adapters.web.words import clock_words, details, duration, event_words, when
from domain.instants import MINNESOTA
from projections.tally import Bucket


def event(position: int, agency: str, at: str) -> dict[str, Any]:
    return {"position": position, "agency": agency, "type": "detainer.received", "at": at}


def finding(*events: int, who: tuple[str, ...]) -> dict[str, Any]:
    return {"events": list(events), "who": list(who)}


def test_every_county_of_the_state_is_on_the_map_once() -> None:
    assert len({county.fips for county in counties()}) == 87
    assert all(county.path.startswith("M") and county.path.endswith("Z") for county in counties())


def test_each_agency_has_a_lane_and_one_that_a_finding_names_and_said_nothing_has_an_empty_one() -> None:
    drawing = lanes_of([event(1, "sheriff", "2026-01-16T10:00:00-06:00")], [finding(1, who=("us-ice",))])

    assert [(lane.agency, lane.silent) for lane in drawing.lanes] == [("sheriff", False), ("us-ice", True)]


def test_what_disagrees_across_lanes_is_tied_and_within_one_it_is_only_marked() -> None:
    told = [
        event(1, "sheriff", "2026-01-16T10:00:00-06:00"),
        event(2, "us-ice", "2026-01-16T11:00:00-06:00"),
        event(3, "us-ice", "2026-01-16T12:00:00-06:00"),
    ]

    across = lanes_of(told, [finding(1, 2, who=())])
    within = lanes_of(told, [finding(2, 3, who=())])

    assert len(across.ties) == 1
    assert [mark.disagrees for mark in across.marks] == [True, True, False]
    assert within.ties == []


def test_only_a_long_pause_is_drawn_as_a_gap_with_its_length() -> None:
    drawing = lanes_of(
        [
            event(1, "sheriff", "2026-01-16T10:00:00-06:00"),
            event(2, "sheriff", "2026-01-16T12:00:00-06:00"),
            event(3, "sheriff", "2026-01-18T13:00:00-06:00"),
        ],
        [],
    )

    assert [gap.words for gap in drawing.gaps] == ["2 d 1 h"]


def test_a_case_without_events_draws_nothing_and_does_not_fail() -> None:
    assert lanes_of([], []).marks == []


def test_the_steps_from_one_figure_lead_to_the_other_without_a_remainder() -> None:
    counts = [{"id": one, "value": value} for one, value in (("N1", 900), ("N2", 700), ("N3", 400))]
    buckets = [
        Bucket("N1", "claim", "not explained", 460),
        Bucket("N1", "N2", "federal", 200),
        Bucket("N2", "N3", "gone", 300),
    ]
    first = claim(1360, "N1", 900, counts=counts, buckets=buckets)
    second = claim(301, "N3", 390, counts=counts, buckets=[])

    steps = list(steps_between(first, second))

    assert steps[-1].total == 301
    assert first["value"] + sum(step.change or 0 for step in steps) == 301
    assert [step.change for step in steps if step.change] == [-460, -200, -300, -10, -89]


def claim(value: int, chosen: str, counted: int, **more: Any) -> dict[str, Any]:
    label = {"id": chosen, "value": counted, "label": "a count"}
    return {"value": value, "asserted_by": "somebody", "words": "so many", "chosen": label, **more}


def test_times_are_written_in_minnesota_with_the_zone_and_no_more_precise_than_they_are() -> None:
    day = {"earliest": "2026-01-16T00:00:00-06:00", "latest": "2026-01-16T23:59:59-06:00", "precision": "day"}

    assert ">Fri 16 Jan 2026, 17:00 CST<" in when("2026-01-16T23:00:00Z")
    assert ">Wed 16 Jul 2025, 17:00 CDT<" in when("2025-07-16T22:00:00Z")
    assert ">Fri 16 Jan 2026<" in when(day)
    assert "not known" in when({"earliest": None, "latest": None, "precision": "unknown"})


def test_lengths_types_and_data_are_written_as_words() -> None:
    assert duration(2 * 24 * 60 + 70) == "2 d 1 h 10 min"
    assert event_words("detainer.received") == "detainer received"
    assert event_words("custody.subject_booked") == "subject booked"
    assert details({"facility": "x", "will_hold": False, "cited_rules": [{"rule": "MN-1"}]}) == [
        ("will hold", "no"),
        ("cites", "MN-1"),
    ]


def test_the_hour_that_comes_twice_is_told_apart_by_its_zone() -> None:
    night = datetime(2025, 11, 2, 1, 30, tzinfo=MINNESOTA)

    assert clock_words(night) == "Sun 2 Nov 2025, 01:30 CDT"
    assert clock_words(night.replace(fold=1)) == "Sun 2 Nov 2025, 01:30 CST"
