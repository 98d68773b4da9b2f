"""The log by case: which events belong together."""

from __future__ import annotations

from domain.events import detainer, record
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


def sealing(cls: type[record.RecordData], **data: object) -> bytes:
    return body(cls, "r-1", at=MONDAY, **data)


def test_the_sealing_of_an_episode_and_its_lifting_belong_to_the_episode() -> None:
    short = sealing(record.RecordSealed, target=f"{JAIL}.1", scope="episode")
    whole = sealing(record.RecordSealed, target=f"episode/{JAIL}.1", scope="episode")
    lifted = sealing(record.SealLifted, target=f"episode/{JAIL}.1")
    assert refs(booked(1), short, whole, lifted) == {f"episode/{JAIL}.1": [1, 2, 3, 4]}


def test_the_sealing_of_a_person_or_of_one_event_belongs_to_no_case() -> None:
    person = sealing(record.RecordSealed, target="s-1", scope="subject")
    assert refs(booked(1), person, sealing(record.SealLifted, target="s-1")) == {f"episode/{JAIL}.1": [1]}
