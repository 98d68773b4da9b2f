"""What is checked when a pack is loaded: every problem says which rule, and how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import InputRefused
from domain.rules.packtests import run_pack_tests
from domain.rules.rulebook import build_rulebook
from tests.domain.rules.small import ENGINE, book, pack, rule

CONDITION = [{"id": "c", "cel": "judicial_warrant_recorded", "says": "a judge signed"}]


def refusal(document: dict[str, Any]) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        build_rulebook(document, ENGINE)
    assert caught.value.mend or caught.value.code == "duplicate_rule"
    return caught.value


def with_condition(cel: str) -> dict[str, Any]:
    return pack(rule("A", "request", when=[{"id": "c", "cel": cel, "says": "words"}]))


@pytest.mark.parametrize(
    "cel",
    ["no_such_fact", 'judicial_warrant_recorded == "yes"', "county", "county ==", "detainer_box && true"],
)
def test_a_condition_that_does_not_fit_the_vocabulary_is_refused_at_load(cel: str) -> None:
    found = refusal(with_condition(cel))
    assert (found.code, found.where) == ("bad_expression", "rule A")


@pytest.mark.parametrize("edge", ["overrides", "exception_to"])
def test_an_edge_to_an_unknown_rule_is_refused_with_a_near_id(edge: str) -> None:
    found = refusal(pack(rule("RULE-ONE", "request"), rule("B", "request", **{edge: ["RULE-ON"]})))
    assert (found.code, found.where) == ("unknown_rule", "rule B")
    assert "RULE-ONE" in found.mend


def test_rules_that_defeat_each_other_in_a_circle_are_refused() -> None:
    found = refusal(
        pack(
            rule("A", "request", overrides=["B"]),
            rule("B", "request", exception_to=["C"]),
            rule("C", "request", overrides=["A"]),
        )
    )
    assert found.code == "cyclic_rules"
    assert all(name in found.what for name in "ABC")


def test_the_same_id_twice_is_refused() -> None:
    assert refusal(pack(rule("A", "request"), rule("A", "request"))).code == "duplicate_rule"


@pytest.mark.parametrize("text", ["2021-13", "some day", "last listed soon", "2021-6"])
def test_a_date_that_is_none_is_refused(text: str) -> None:
    found = refusal(pack(rule("A", "request", in_force={"from": text, "to": None})))
    assert (found.code, found.where) == ("bad_instant", "rule A, in_force")


def test_an_unknown_key_is_refused_where_it_is() -> None:
    found = refusal(pack(rule("A", "request", colour="red")))
    assert found.code == "bad_pack"
    assert found.where == "rules.0.colour (rule A)"


def test_words_for_a_point_where_the_rule_does_not_speak_are_refused() -> None:
    found = refusal(pack(rule("A", "request", at={"hand_over": {"effect": "something"}})))
    assert found.where == "rule A, at"


@pytest.mark.parametrize(("expect", "lacking"), [("stands", "fail"), ("fails", "stand")])
def test_a_rule_with_conditions_needs_a_test_that_makes_it_stand_and_one_that_makes_it_fail(
    expect: str, lacking: str
) -> None:
    test = pack(rule("A", "request"))["tests"][0]
    test["expect"] = {"status": "no_rule", expect: ["A"]}
    found = refusal(pack(rule("A", "request", when=CONDITION), tests=[test]))
    assert (found.code, found.what) == ("untested_rule", f"no test makes the rule {lacking}")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"colour": "red"}, "no fact 'colour'"),
        ({"county": True}, "a string"),
        ({"detainer_box": True}, "an? int"),
    ],
)
def test_a_test_with_a_fact_that_does_not_exist_or_fit_is_refused(facts: dict[str, Any], words: str) -> None:
    document = pack(rule("A", "request"))
    document["tests"][0]["facts"] = facts
    found = refusal(document)
    assert found.code == "bad_test"
    assert "names every rule" in found.where


def test_the_digest_depends_on_what_is_said_and_not_on_the_order_of_keys() -> None:
    one = rule("A", "request")
    backwards = dict(reversed(list(one.items())))
    assert book(one).digest == book(backwards).digest
    assert book(one).digest != book(rule("A", "request", effect="something else")).digest


def test_an_unknown_rule_is_an_error_with_near_ids() -> None:
    with pytest.raises(InputRefused) as caught:
        book(rule("MN-NONE", "no_rule")).rule("mn-non")
    assert caught.value.code == "unknown_rule"
    assert "MN-NONE" in caught.value.mend


def test_a_pack_test_that_expects_something_else_fails_with_what_differed() -> None:
    outcomes = run_pack_tests(book(rule("A", "request")))
    assert [outcome.ok for outcome in outcomes] == [False]
    assert any("the status is requested_only" in problem for problem in outcomes[0].problems)


def test_a_condition_that_no_test_turns_both_ways_fails_the_packs_tests() -> None:
    tests = [
        {
            "name": "a judge signed",
            "at": "2026-01-20T12:00:00-06:00",
            "decision_point": "hold_past_release",
            "facts": {"judicial_warrant_recorded": True},
            "expect": {"status": "permitted", "stands": ["A"]},
        },
        {
            "name": "too early",
            "at": "2019-01-20T12:00:00-06:00",
            "decision_point": "hold_past_release",
            "facts": {"judicial_warrant_recorded": False},
            "expect": {"status": "no_rule", "fails": ["A"]},
        },
    ]
    warrant = {"id": "warrant", "cel": "judicial_warrant_recorded", "says": "a judge signed"}
    outcomes = run_pack_tests(build_rulebook(pack(rule("A", "permission", when=[warrant]), tests=tests), ENGINE))
    assert [(one.name, one.problems) for one in outcomes if not one.ok] == [
        ("every condition of A turns both ways", ("no test makes the condition warrant false",))
    ]
