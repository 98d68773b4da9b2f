"""The laws of decisions, on random packs."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.rules.pack import Status
from domain.rules.rulebook import Rulebook, build_rulebook
from domain.rules.trace import Determination
from domain.rules.vocabulary import FactValue
from tests.domain.rules.laws import (
    bytes_of,
    check_change_is_shown,
    check_learning_settles,
    check_unknown_is_never_false,
    missing_facts,
)
from tests.domain.rules.small import ENGINE, book, rule
from tests.domain.rules.test_oracle import ask
from tests.domain.rules.theories import (
    AGREEMENTS,
    MODALITIES,
    PLACES,
    YES_OR_NO,
    Question,
    random_document,
    random_question,
)

EVERY_FACT: dict[str, tuple[FactValue, ...]] = {
    **dict.fromkeys((*YES_OR_NO, *AGREEMENTS), (True, False)),
    **{name: (*values, "juvenile") for name, values in PLACES.items()},
}
theories = st.randoms(use_true_random=False).map(lambda random: (random_document(random), random_question(random)))
unhurried = settings(deadline=None, max_examples=60)


def with_facts(question: Question, facts: dict[str, FactValue]) -> Question:
    return replace(question, facts={**question.facts, **facts})


def completions(names: list[str], random: Random) -> list[dict[str, FactValue]]:
    """Return every way that so many facts can turn out, or sixty of them."""
    every = [dict(zip(names, values, strict=True)) for values in product(*(EVERY_FACT[name] for name in names))]
    return every if len(every) <= 60 else random.sample(every, 60)


@given(theories, st.sampled_from(sorted(EVERY_FACT)), st.data())
@unhurried
def test_learning_a_fact_never_changes_what_was_determined(
    theory: tuple[dict[str, Any], Question], name: str, data: st.DataObject
) -> None:
    document, question = theory
    rulebook = build_rulebook(document, ENGINE)
    facts = {one: value for one, value in question.facts.items() if one != name}
    before = ask(replace(question, facts=facts), rulebook)
    learned = {name: data.draw(st.sampled_from(EVERY_FACT[name]))}
    check_learning_settles(before, ask(replace(question, facts={**facts, **learned}), rulebook))


@given(theories, st.sampled_from(sorted(EVERY_FACT)), st.data())
@unhurried
def test_a_fact_that_changes_anything_is_one_that_the_trace_rests_on(
    theory: tuple[dict[str, Any], Question], name: str, data: st.DataObject
) -> None:
    document, question = theory
    rulebook = build_rulebook(document, ENGINE)
    changed = with_facts(question, {name: data.draw(st.sampled_from(EVERY_FACT[name]))})
    check_change_is_shown(ask(question, rulebook), ask(changed, rulebook), name)


@given(theories, st.randoms(use_true_random=False))
@unhurried
def test_the_order_of_the_rules_in_the_file_does_not_matter_to_the_byte(
    theory: tuple[dict[str, Any], Question], random: Random
) -> None:
    document, question = theory
    other = {**document, "rules": random.sample(document["rules"], len(document["rules"]))}
    one, another = (ask(question, build_rulebook(each, ENGINE)) for each in (document, other))
    assert bytes_of(one) == bytes_of(another)


@given(theories, st.randoms(use_true_random=False))
@unhurried
def test_deciding_twice_gives_the_same_bytes_whatever_was_asked_between(
    theory: tuple[dict[str, Any], Question], random: Random
) -> None:
    document, question = theory
    rulebook = build_rulebook(document, ENGINE)
    first = bytes_of(ask(question, rulebook))
    for _ in range(5):
        ask(random_question(random), rulebook)
    assert bytes_of(ask(question, rulebook)) == first
    assert bytes_of(ask(question, build_rulebook(document, ENGINE))) == first


@given(theories)
@unhurried
def test_what_is_unknown_is_never_taken_for_false(theory: tuple[dict[str, Any], Question]) -> None:
    document, question = theory
    check_unknown_is_never_false(ask(question, build_rulebook(document, ENGINE)))


@given(theories, st.randoms(use_true_random=False))
@unhurried
def test_the_missing_facts_suffice_whoever_knows_them_has_a_status(
    theory: tuple[dict[str, Any], Question], random: Random
) -> None:
    """What then is still open is no fact: a date in its own precision, a court's stop, a reading."""
    document, question = theory
    rulebook = build_rulebook(document, ENGINE)
    found = ask(question, rulebook)
    for learned in completions(missing_facts(found), random):
        after = ask(with_facts(question, learned), rulebook)
        assert missing_facts(after) == []
        assert set(after.missing) <= set(found.missing) | {f"reading:{one['id']}" for one in document["rules"]}


@st.composite
def rules_that_share_no_fact(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to six rules, each beating some before it, each with a condition of its own on a fact of its own."""
    rules: list[dict[str, Any]] = []
    for number, fact in enumerate(YES_OR_NO[: draw(st.integers(1, len(YES_OR_NO)))]):
        beaten = draw(st.lists(st.sampled_from([one["id"] for one in rules]), max_size=2, unique=True)) if rules else []
        condition = {"id": "c", "cel": draw(st.sampled_from(["", "!"])) + fact, "says": "a condition"}
        made = rule(f"R{number}", draw(st.sampled_from(MODALITIES)), when=[condition], exception_to=beaten)
        rules.append(made)
    return rules


@given(rules_that_share_no_fact(), st.dictionaries(st.sampled_from(YES_OR_NO), st.booleans()))
@unhurried
def test_each_missing_fact_can_really_change_the_status_and_no_other_can(
    rules: list[dict[str, Any]], facts: dict[str, bool]
) -> None:
    rulebook = book(*rules)
    unknown = [name for name in YES_OR_NO[: len(rules)] if name not in facts]
    found = _status_of(facts, rulebook)
    status = {
        values: _status_of({**facts, **dict(zip(unknown, values, strict=True))}, rulebook).status
        for values in product((False, True), repeat=len(unknown))
    }
    turning = [
        name
        for place, name in enumerate(unknown)
        if any(was is not status[(*at[:place], not at[place], *at[place + 1 :])] for at, was in status.items())
    ]
    assert sorted(found.missing) == sorted(turning)
    assert (found.status is Status.UNDETERMINED) == bool(turning)
    assert turning or set(status.values()) == {found.status}


def _status_of(facts: dict[str, bool], rulebook: Rulebook) -> Determination:
    return ask(Question(dict(facts), "2026-01-20"), rulebook)


def test_two_rules_that_hang_on_one_missing_fact_are_taken_to_turn_out_each_on_its_own() -> None:
    conditions = [[{"id": "c", "cel": cel + YES_OR_NO[0], "says": "a condition"}] for cel in ("", "!")]
    rulebook = book(*(rule(f"R{n}", "prohibition", when=condition) for n, condition in enumerate(conditions)))
    found = _status_of({}, rulebook)
    assert (found.status, found.missing) == (Status.UNDETERMINED, (YES_OR_NO[0],))
    assert {_status_of({YES_OR_NO[0]: value}, rulebook).status for value in (True, False)} == {Status.PROHIBITED}
