"""Determinations: derived at each position from what was held then, and never different afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.rules.packs import minnesota_rules
from domain.events import detainer, episode
from domain.events.instrument import RuleSuspendedByCourt
from domain.events.record import EventRetracted
from projections.determinations import Determinations
from projections.recorded import Recorded
from tests.builders import body, recorded
from tests.projections.test_agreements import OBSERVATIONS, imported
from tests.projections.test_decisions import CUSTODIANS, Case

FREEBORN = Case("mn-freeborn-jail")
BOOKED = FREEBORN.episode(episode.SubjectBooked, -72)


def sheets() -> list[Recorded]:
    return imported(OBSERVATIONS).events


def log(*parts: Iterable[Recorded]) -> list[Recorded]:
    """Return one log of the parts, numbered anew."""
    events = [event for part in parts for event in part]
    return [replace(event, position=position) for position, event in enumerate(events, start=1)]


def rows(events: Iterable[Recorded]) -> list[dict[str, Any]]:
    model = Determinations(CUSTODIANS, {0: minnesota_rules()})
    return [row for event in events for row in model.apply(event)]


def holds(events: Iterable[Recorded], ref: str = "episode/e-1") -> list[tuple[int, str]]:
    found = [row for row in rows(events) if (row["ref"], row["decision_point"]) == (ref, "hold_past_release")]
    return [(row["position"], row.get("status", "withdrawn")) for row in found]


def test_a_row_is_there_for_every_position_at_which_the_answer_changed() -> None:
    told = recorded(BOOKED, FREEBORN.form(), FREEBORN.eligible(), FREEBORN.served())
    start = len(sheets())
    assert holds(log(sheets(), told)) == [(start + 3, "prohibited"), (start + 4, "conflict")]


def test_a_list_that_becomes_known_later_changes_the_answer_from_its_position_on() -> None:
    told = recorded(BOOKED, FREEBORN.form(), FREEBORN.eligible(), FREEBORN.served())
    found = holds(log(told, sheets()))
    assert found[:2] == [(3, "prohibited"), (4, "undetermined")]
    assert found[2] == (5, "prohibited")  # the first sheet lists nobody here
    assert found[-1][1] == "conflict"  # the last one covers the moment, and lists the agency


def test_a_row_names_the_sheets_next_to_the_moment() -> None:
    told = recorded(BOOKED, FREEBORN.form(), FREEBORN.eligible(), FREEBORN.served())
    last = [row for row in rows(log(sheets(), told)) if row["decision_point"] == "hold_past_release"][-1]
    assert [(one["model"], one["in_force"], one["sheet_before"], one["sheet_after"]) for one in last["agreements"]] == [
        ("WSO", "yes", "2026-01-16am", "2026-01-20am")
    ]


def test_lists_that_change_nothing_for_a_case_give_it_no_rows() -> None:
    cook = Case("mn-cook-jail")
    told = recorded(cook.episode(episode.SubjectBooked, -72), cook.form(), cook.hold(), cook.eligible())
    assert holds(log(sheets(), told)) == [(len(sheets()) + 4, "prohibited")]


def test_a_point_whose_event_is_retracted_no_longer_arises() -> None:
    told = recorded(FREEBORN.form(), FREEBORN.hold(), FREEBORN.eligible())
    retraction = body(
        EventRetracted,
        "r-1",
        at=FREEBORN.at(5),
        agency=FREEBORN.agency,
        reason="entered by mistake",
        correctionof=told[2].envelope.id,
    )
    assert holds(log(told, recorded(retraction))) == [(3, "prohibited"), (4, "withdrawn")]


def test_a_detainer_is_a_case_of_its_own_until_the_custodian_tells_of_the_person() -> None:
    form = body(
        detainer.DetainerPrepared,
        "d-1",
        at=FREEBORN.at(-48),
        agency="us-ice",
        facility=FREEBORN.facility,
        form="I-247A",
        subject="s-1",
    )
    found = [(row["ref"], row["position"], row.get("withdrawn", False)) for row in rows(recorded(form, BOOKED))]
    assert ("detainer/d-1", 1, False) in found
    assert ("detainer/d-1", 2, True) in found
    assert ("episode/e-1", 2, False) in found


COURT = {"rule": "US-I247A-2", "court": "District Court"}
SUSPENDED = body(RuleSuspendedByCourt, "i-1", at=FREEBORN.at(-90), agency="mn-courts", **COURT)


def test_a_suspension_that_becomes_known_later_gives_a_row_at_its_position_and_taken_back_another() -> None:
    told = recorded(BOOKED, FREEBORN.form(), FREEBORN.eligible(), SUSPENDED)
    back = body(
        EventRetracted,
        "r-1",
        at=FREEBORN.at(5),
        agency="mn-courts",
        reason="entered by mistake",
        correctionof=told[3].envelope.id,
    )
    found = [row for row in rows(log(told, recorded(back))) if row["decision_point"] == "hold_past_release"]
    applies = {row["position"]: rule["applies"] for row in found for rule in row["rules"] if rule["id"] == "US-I247A-2"}
    assert applies == {3: True, 4: False, 5: True}


def test_a_suspension_gives_rows_only_at_the_points_where_its_rule_speaks() -> None:
    found = rows(recorded(BOOKED, FREEBORN.form(), FREEBORN.eligible(), SUSPENDED))
    assert {row["decision_point"] for row in found if row["position"] == 4} == {"hold_past_release"}


def test_the_listed_agreements_are_cases_of_their_own_at_which_each_was_entered() -> None:
    found = rows(sheets())
    assert {row["decision_point"] for row in found} == {"enter_agreement"}
    assert ("agreement/mn-freeborn-sheriff.WSO", "permitted") in {(row["ref"], row.get("status")) for row in found}


STEPS = (
    BOOKED,
    FREEBORN.form(),
    FREEBORN.hold(),
    FREEBORN.eligible(),
    FREEBORN.served(),
    FREEBORN.to_ice(20),
)


@settings(max_examples=25)
@given(st.permutations(STEPS), st.integers(0, len(STEPS)), st.integers(1, len(STEPS)))
def test_what_was_derived_by_a_position_never_changes_as_the_log_grows(
    order: list[bytes], before_the_sheets: int, upto: int
) -> None:
    told = recorded(*order)
    whole = log(told[:before_the_sheets], sheets()[-40:], told[before_the_sheets:])
    known = len(whole) - upto
    assert rows(whole[:known]) == [row for row in rows(whole) if row["position"] <= known]
