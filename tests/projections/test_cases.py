"""The log by case: which events belong together."""

from __future__ import annotations

from domain.events import detainer
from projections.cases import Cases
from tests.builders import JAIL, MONDAY, body, booked, recorded, released


def refs(*bodies: bytes) -> dict[str, list[int]]:
    cases = Cases()
    for event in recorded(*bodies):
        cases.apply(event)
    return {case.ref: [event.position for event in case.events] for case in cases}


def form(detainer_id: str, **data: object) -> bytes:
    return body(
        detainer.DetainerPrepared,
        detainer_id,
        at=MONDAY,
        agency="us-ice",
        **{"facility": JAIL, "form": "I-247A", **data},
    )


def test_a_detainer_that_names_an_episode_belongs_to_it() -> None:
    assert refs(booked(1), form("d-1", episode=f"{JAIL}.1"), released(1)) == {f"episode/{JAIL}.1": [1, 2, 3]}


def test_a_detainer_that_names_none_belongs_to_the_same_persons_episode_at_the_same_facility() -> None:
    assert refs(form("d-1", subject="s-1"), booked(1), booked(2)) == {
        f"episode/{JAIL}.1": [1, 2],
        f"episode/{JAIL}.2": [3],
    }


def test_a_detainer_for_a_person_of_whom_the_custodian_says_nothing_is_a_case_of_its_own() -> None:
    assert refs(form("d-1", subject="s-9"), booked(1)) == {f"episode/{JAIL}.1": [2], "detainer/d-1": [1]}
