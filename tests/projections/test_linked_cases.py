"""Cases whole: what names the same detainer or handoff belongs together."""

from __future__ import annotations

from domain.events import detainer, handoff
from projections.cases import Cases
from projections.linked_cases import linked
from tests.builders import JAIL, MONDAY, body, booked, recorded

EPISODE = f"{JAIL}.1"
ENDS = {"releasing_agency": "mn-cass-sheriff", "receiving_agency": "us-ice"}


def refs(*bodies: bytes) -> dict[str, list[int]]:
    cases = Cases()
    for event in recorded(*bodies):
        cases.apply(event)
    return {case.ref: [event.position for event in case.events] for case in linked(cases)}


def form(**data: object) -> bytes:
    about = {"facility": JAIL, "form": "I-247A", **data}
    return body(detainer.DetainerPrepared, "d-1", at=MONDAY, agency="us-ice", **about)


def taken(**data: object) -> bytes:
    about = {"facility": JAIL, **ENDS, **data}
    return body(handoff.CustodyTransferred, "h-1", at=MONDAY, agency="us-ice", **about)


def confirmed() -> bytes:
    return body(handoff.CustodyTransferConfirmed, "h-1", at=MONDAY, agency="us-ice", facility=JAIL)


def test_a_handoff_that_names_no_episode_belongs_to_the_case_of_its_detainer() -> None:
    told = (booked(1), form(episode=EPISODE), taken(detainer="d-1"), confirmed())
    assert refs(*told) == {f"episode/{EPISODE}": [1, 2, 3, 4]}


def test_a_handoff_of_a_detainer_known_by_the_person_alone_goes_with_the_detainer() -> None:
    told = (booked(1), form(subject="s-1"), taken(detainer="d-1"))
    assert refs(*told) == {f"episode/{EPISODE}": [1, 2, 3]}


def test_a_handoff_and_a_detainer_without_an_episode_are_one_case() -> None:
    assert refs(form(), taken(detainer="d-1"), confirmed()) == {"detainer/d-1": [1, 2, 3]}


def test_a_handoff_that_shares_nothing_with_a_case_stays_apart() -> None:
    assert refs(booked(1), form(episode=EPISODE), taken()) == {f"episode/{EPISODE}": [1, 2], "handoff/h-1": [3]}
