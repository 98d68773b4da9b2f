"""An agency's own count: what is missing of it, and what bears one number twice."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from projections.sequences import Sequences
from tests.builders import booked, recorded
from tests.projections.findings_of import NOT_NEUTRAL
from tests.signing import Agency

AGENCY = Agency()


def numbered(*numbers: int, agency: Agency = AGENCY, signed: bool = True) -> list:
    """Return events with these numbers, as the log gives them."""
    bodies = [agency.books(at, sequence=str(number)).body for at, number in enumerate(numbers, 1)]
    return [replace(event, is_signed=signed) for event in recorded(*bodies)]


def found(events: list) -> list[tuple[str, list[int]]]:
    rows = list(Sequences(events).rows({}))
    assert not any(NOT_NEUTRAL.search(row["words"]) for row in rows)
    return [(row["kind"], row["events"]) for row in rows]


def test_a_count_without_gaps_gives_nothing_in_whatever_order_it_came() -> None:
    assert [] == found(numbered(1, 2, 3)) == found(numbered(3, 1, 2))


def test_each_run_of_missing_numbers_is_one_finding_about_the_event_after_it() -> None:
    events = numbered(3, 4, 7)

    assert [("sequence_gap", [1]), ("sequence_gap", [3])] == found(events)
    words = [row["words"] for row in Sequences(events).rows({})]
    assert "does not have 1 to 2" in words[0]
    assert "does not have 5 to 6" in words[1]


def test_an_event_that_comes_late_closes_the_gap_and_leaves_it_in_what_was_known_before() -> None:
    events = numbered(1, 3, 2)

    assert [("sequence_gap", [2])] == found(events[:2])
    assert [] == found(events)


def test_the_same_number_on_another_event_is_a_finding_about_both() -> None:
    assert [("sequence_repeated", [1, 2])] == found(numbered(1, 1))


def test_each_key_counts_for_itself_and_unsigned_events_count_nothing() -> None:
    other = Agency(AGENCY.source)

    assert [] == found(numbered(1, 2) + numbered(1, 2, agency=other))
    assert [] == found(numbered(5, signed=False))
    assert [] == found([replace(event, is_signed=True) for event in recorded(booked(1))])


@given(st.permutations(range(1, 9)), st.sets(st.integers(1, 8)))
def test_the_missing_numbers_are_those_that_are_not_there_below_the_highest(order: list[int], gone: set[int]) -> None:
    there = [number for number in order if number not in gone]

    spans = [row["words"].partition("does not have ")[2].rstrip(".") for row in Sequences(numbered(*there)).rows({})]
    told = {n for span in spans for n in range(int(span.split(" to ")[0]), int(span.split(" to ")[-1]) + 1)}
    assert {number for number in range(1, max(there, default=0)) if number not in there} == told
