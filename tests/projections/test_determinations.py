"""Determinations: derived at each position from what was held then, and never different afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.rules.packs import minnesota_rules
from domain.events import episode
from domain.events.record import EventRetracted
from projections.amendments import AMENDING_TYPES, Amendments
from projections.cases import CaseEvents
from projections.determinations import Knowledge, determinations
from projections.recorded import Recorded
from tests.builders import body, recorded
from tests.projections.test_decisions import CUSTODIANS, LISTS, Case

FREEBORN = Case("mn-freeborn-jail")
NOTHING_LISTED = Knowledge(minnesota_rules(), None)
LISTED = Knowledge(minnesota_rules(), LISTS)


def rows(events: Sequence[Recorded], listed_from: int | None = None) -> list[dict[str, Any]]:
    """Return the rows; the agreement lists become known at a position, or never."""
    own = tuple(event for event in events if event.type not in AMENDING_TYPES)
    return list(
        determinations(
            CaseEvents("episode/e-1", own),
            Amendments(event for event in events if event.type in AMENDING_TYPES),
            CUSTODIANS,
            lambda position: LISTED if listed_from is not None and position >= listed_from else NOTHING_LISTED,
            () if listed_from is None else (listed_from,),
        )
    )


def statuses(found: list[dict[str, Any]], point: str) -> list[tuple[int, str]]:
    return [(row["position"], row.get("status", "withdrawn")) for row in found if row["decision_point"] == point]


def test_a_row_is_there_for_every_position_at_which_the_answer_changed() -> None:
    told = recorded(
        FREEBORN.episode(episode.SubjectBooked, -72), FREEBORN.form(), FREEBORN.eligible(), FREEBORN.served()
    )
    assert statuses(rows(told, listed_from=1), "hold_past_release") == [(3, "prohibited"), (4, "conflict")]


def test_a_sheet_that_becomes_known_later_changes_the_answer_from_its_position_on() -> None:
    told = recorded(
        FREEBORN.episode(episode.SubjectBooked, -72), FREEBORN.form(), FREEBORN.eligible(), FREEBORN.served()
    )
    found = statuses(rows(told, listed_from=9), "hold_past_release")
    assert found == [(3, "prohibited"), (4, "undetermined"), (9, "conflict")]


def test_a_point_whose_event_is_retracted_no_longer_arises() -> None:
    eligible = FREEBORN.eligible()
    told = recorded(FREEBORN.form(), FREEBORN.hold(), eligible)
    retracted = recorded(*[FREEBORN.form()] * 3, _retraction(told[2]))[3]
    assert statuses(rows([*told, retracted]), "hold_past_release")[-1] == (4, "withdrawn")


def _retraction(event: Recorded) -> bytes:
    return body(
        EventRetracted,
        "r-1",
        at=FREEBORN.at(5),
        agency=FREEBORN.agency,
        reason="entered by mistake",
        correctionof=event.envelope.id,
    )


STEPS = (
    FREEBORN.episode(episode.SubjectBooked, -72),
    FREEBORN.form(),
    FREEBORN.hold(),
    FREEBORN.eligible(),
    FREEBORN.served(),
    FREEBORN.to_ice(20),
)


@given(st.permutations(STEPS), st.integers(1, len(STEPS)), st.none() | st.integers(1, len(STEPS)))
def test_what_was_derived_by_a_position_never_changes_as_the_log_grows(
    order: list[bytes], upto: int, listed_from: int | None
) -> None:
    whole = recorded(*order)
    then = [row for row in rows(whole[:upto], listed_from) if row["position"] <= upto]
    assert then == [row for row in rows(whole, listed_from) if row["position"] <= upto]
