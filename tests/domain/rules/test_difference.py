"""What differs between two packs, field by field."""

from __future__ import annotations

from domain.rules.difference import difference
from tests.domain.rules.small import book, rule

CIVIL = {"id": "civil", "cel": "!other_hold_recorded", "says": "no other hold is recorded"}
WARRANT = {"id": "no-warrant", "cel": "!judicial_warrant_recorded", "says": "no warrant is recorded"}


def fields(before: dict[str, object], after: dict[str, object]) -> dict[str, tuple[object, object]]:
    found = difference(book(rule("A", "request", **before)), book(rule("A", "request", **after)))
    return {one["field"]: (one["before"], one["after"]) for change in found.changed for one in change["fields"]}


def test_a_condition_is_named_by_its_id_wherever_it_stands() -> None:
    other = {**CIVIL, "cel": "!other_hold_recorded || !judicial_warrant_recorded"}
    assert fields({"when": [CIVIL, WARRANT]}, {"when": [WARRANT, CIVIL]}) == {}
    assert fields({"when": [CIVIL]}, {"when": [WARRANT, other]}) == {
        "when.civil.cel": (CIVIL["cel"], other["cel"]),
        "when.no-warrant.id": (None, "no-warrant"),
        "when.no-warrant.cel": (None, WARRANT["cel"]),
        "when.no-warrant.says": (None, WARRANT["says"]),
    }


def test_dates_are_as_printed() -> None:
    dated = {"in_force": {"from": "2021-06", "to": "last listed 2025-07-09"}}
    assert fields({}, dated) == {
        "in_force.from": ("2020", "2021-06"),
        "in_force.to": (None, "last listed 2025-07-09"),
    }


def test_lists_of_words_are_one_value() -> None:
    narrow = {"scope": {"applies_to": "everybody", "facility_kinds": ["county_jail", "state_prison"]}}
    assert fields({}, narrow) == {"scope.facility_kinds": ([], ["county_jail", "state_prison"])}


def test_rules_that_come_and_go_are_told_whole() -> None:
    found = difference(book(rule("A", "request")), book(rule("B", "prohibition", in_force={"from": None, "to": None})))
    assert [one["id"] for one in found.removed] == ["A"]
    assert found.added == [
        {
            "id": "B",
            "citation": "source of B",
            "modality": "prohibition",
            "decision_points": ["hold_past_release"],
            "effect": "what B says",
            "in_force": {"from": None, "to": None},
        }
    ]


def test_a_pack_differs_from_itself_in_nothing() -> None:
    assert difference(book(rule("A", "request")), book(rule("A", "request"))).is_empty
