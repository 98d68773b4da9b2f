"""Corrections and retractions: applied in the fold, from their position on, by their own publisher only."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.envelope import admit
from domain.events.record import EventCorrected, EventRetracted
from domain.instants import Instant
from projections.amendments import Amendments
from tests.builders import MONDAY, SHERIFF, body, booked, recorded

FIRST = booked()
TARGET = admit(FIRST).envelope.id
REPLACED = {"facility": "mn-cass-jail", "subject": "s-2"}


def correction(agency: str = SHERIFF, **data: object) -> bytes:
    return body(EventCorrected, "r-1", agency=agency, correctionof=TARGET, reason="clerical", **data)


def amended(*bodies: bytes) -> list:
    events = recorded(FIRST, *bodies)
    return [e for e in Amendments(events).apply(events) if e.position == 1]


def test_a_correction_replaces_the_data_and_names_its_position() -> None:
    event = amended(correction(replacement=REPLACED))[0]

    assert "s-2" == event.data.subject
    assert "s-1" == event.envelope.data.subject
    assert (2,) == event.corrected_by


def test_a_correction_of_the_time_keeps_the_data() -> None:
    later = MONDAY + timedelta(hours=3)
    event = amended(correction(replacement_time=Instant.exact(later).as_json()))[0]

    assert ("s-1", later) == (event.data.subject, event.occurred.earliest)


def test_a_retracted_event_is_skipped() -> None:
    assert [] == amended(body(EventRetracted, "r-1", correctionof=TARGET, reason="entered_twice"))


def test_nobody_corrects_another_agencys_event() -> None:
    event = amended(correction(agency="us-ice", replacement=REPLACED))[0]

    assert ("s-1", ()) == (event.data.subject, event.corrected_by)


def test_a_replacement_that_does_not_fit_its_type_changes_nothing() -> None:
    assert () == amended(correction(replacement={"nonsense": 1}))[0].corrected_by


def test_a_later_correction_wins_over_an_earlier_one() -> None:
    third = {"facility": "mn-cass-jail", "subject": "s-3"}

    event = amended(correction(replacement=REPLACED), correction(replacement=third))[0]

    assert ("s-3", (2, 3)) == (event.data.subject, event.corrected_by)


def about(target: bytes, *, retracts: bool = False, agency: str = SHERIFF, **data: object) -> bytes:
    """What amends another event, perhaps a correction; its id differs by what it says."""
    kind, named = EventRetracted if retracts else EventCorrected, admit(target).envelope.id
    return body(kind, "r-2", agency=agency, correctionof=named, reason="clerical", **data)


def test_a_correction_that_was_retracted_counts_no_longer() -> None:
    first = correction(replacement=REPLACED)
    (event,) = amended(first, about(first, retracts=True))

    assert ("s-1", ()) == (event.data.subject, event.corrected_by)


def test_a_retraction_that_was_retracted_lets_the_event_stand() -> None:
    taken_back = about(FIRST, retracts=True)

    assert ["s-1"] == [event.data.subject for event in amended(taken_back, about(taken_back, retracts=True))]


def test_a_correction_that_was_corrected_counts_as_corrected_in_its_own_place() -> None:
    first = correction(replacement=REPLACED)
    better = {"reason": "clerical", "replacement": {**REPLACED, "subject": "s-3"}}
    last = correction(replacement={**REPLACED, "subject": "s-4"})

    (event,) = amended(first, about(first, replacement=better))
    assert ("s-3", (2,)) == (event.data.subject, event.corrected_by)
    (event,) = amended(first, last, about(first, replacement=better))
    assert ("s-4", (2, 3)) == (event.data.subject, event.corrected_by)


def test_nobody_retracts_another_agencys_correction() -> None:
    first = correction(replacement=REPLACED)
    (event,) = amended(first, about(first, retracts=True, agency="us-ice"))

    assert "s-2" == event.data.subject


def test_a_replacement_that_does_not_fit_a_correction_changes_nothing() -> None:
    first = correction(replacement=REPLACED)
    (event,) = amended(first, about(first, replacement=REPLACED))

    assert "s-2" == event.data.subject


@pytest.mark.parametrize(("retractions", "subject"), [(1, "s-1"), (2, "s-2"), (6, "s-2"), (7, "s-1"), (8, "s-1")])
def test_corrections_of_corrections_are_followed_for_eight_levels(retractions: int, subject: str) -> None:
    chain = [correction(replacement=REPLACED)]
    for number in range(retractions):
        chain.append(about(chain[-1], retracts=True, record_id=f"n-{number}"))

    (event,) = amended(*chain)
    assert subject == event.data.subject


def test_corrections_that_name_one_another_amend_nothing() -> None:
    one = about(FIRST, retracts=True, record_id="n-1")
    other = about(one, retracts=True, record_id="n-2")
    names_other = one.replace(admit(FIRST).id.encode(), admit(other).id.encode())

    assert ["s-1"] == [event.data.subject for event in amended(names_other, other)]


def test_before_the_corrections_position_the_first_version_stands() -> None:
    events = recorded(FIRST, correction(replacement=REPLACED))

    known = [event for event in events if event.position <= 1]

    assert ["s-1"] == [event.data.subject for event in Amendments(known).apply(known)]
