"""The laws of decisions, on the Minnesota pack; and that a digest is of what a pack says, not of how it is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.rules.packs import PACKS, minnesota_rules, parse_pack
from adapters.rules.strict_yaml import parse_strict_yaml
from domain.events.fields import DecisionPoint
from domain.instants import MINNESOTA, Instant
from domain.rules.decide import decide
from domain.rules.pointbook import PointBook
from domain.rules.rulebook import Rulebook
from domain.rules.vocabulary import FactValue
from tests.adapters.rules.fact_sets import fact_sets, looked_at, points_of, values_of
from tests.domain.rules.laws import (
    bytes_of,
    check_change_is_shown,
    check_learning_settles,
    check_unknown_is_never_false,
    missing_facts,
)
from tests.domain.rules.theories import random_document

BOOK = minnesota_rules()
TEXT = PACKS.joinpath("us-mn.yaml").read_text(encoding="utf-8")
LATEST = datetime(2026, 12, 1, tzinfo=MINNESOTA)  # days begin and end where the dates of rules do
AROUND = timedelta(days=40)


def vaguely(at: Instant) -> Instant:
    assert at.earliest is not None
    return Instant.between(at.earliest - AROUND, at.earliest + AROUND)


exact = st.builds(
    lambda days, seconds: Instant.exact(LATEST - timedelta(days=days, seconds=seconds)),
    st.integers(0, 20 * 365),
    st.integers(0, 1),
)
moments = exact | exact.map(vaguely) | st.just(Instant.unknown())
Asked = tuple[DecisionPoint, dict[str, FactValue], Instant]


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    """Any decision point of the pack, any facts its rules look at, any moment."""
    point = draw(st.sampled_from(points_of(BOOK)))
    return point, draw(fact_sets(looked_at(BOOK.at(point).rules), BOOK)), draw(moments)


unhurried = settings(deadline=None, max_examples=150)


@given(questions(), st.data())
@unhurried
def test_learning_a_fact_never_changes_what_was_determined(asked: Asked, data: st.DataObject) -> None:
    point, facts, at = asked
    name = data.draw(st.sampled_from(looked_at(BOOK.at(point).rules)))
    before = {one: value for one, value in facts.items() if one != name}
    after = {**before, name: data.draw(st.sampled_from(values_of(name, BOOK)))}
    check_learning_settles(decide(before, point, at, BOOK), decide(after, point, at, BOOK))


@given(questions(), exact)
@unhurried
def test_learning_the_moment_more_precisely_never_changes_what_was_determined(asked: Asked, at: Instant) -> None:
    point, facts, _ = asked
    check_learning_settles(decide(facts, point, vaguely(at), BOOK), decide(facts, point, at, BOOK))


@given(questions(), st.data())
@unhurried
def test_a_fact_that_changes_anything_is_one_that_the_trace_rests_on(asked: Asked, data: st.DataObject) -> None:
    point, facts, at = asked
    name = data.draw(st.sampled_from(looked_at(BOOK.at(point).rules)))
    changed = {**facts, name: data.draw(st.sampled_from(values_of(name, BOOK)))}
    check_change_is_shown(decide(facts, point, at, BOOK), decide(changed, point, at, BOOK), name)


@given(questions())
@unhurried
def test_what_is_unknown_is_never_taken_for_false(asked: Asked) -> None:
    point, facts, at = asked
    check_unknown_is_never_false(decide(facts, point, at, BOOK))


@given(questions(), st.data())
@unhurried
def test_the_missing_facts_suffice_whoever_knows_them_has_a_status(asked: Asked, data: st.DataObject) -> None:
    point, facts, at = asked
    missing = missing_facts(decide(facts, point, at, BOOK))
    learned = {name: data.draw(st.sampled_from(values_of(name, BOOK)), name) for name in missing}
    assert missing_facts(decide({**facts, **learned}, point, at, BOOK)) == []


@given(questions())
@unhurried
def test_what_the_rulebook_remembers_changes_no_byte(asked: Asked) -> None:
    point, facts, at = asked
    points = {point: PointBook(BOOK.at(point).rules)}
    forgetful = Rulebook(BOOK.pack, BOOK.text, BOOK.rules, points, BOOK.base)
    assert bytes_of(decide(facts, point, at, forgetful)) == bytes_of(decide(facts, point, at, BOOK))


def written(value: Any, random: Random) -> Iterator[str]:
    """Yield the YAML of a value: in flow style, its keys in any order, with blanks, line ends and comments about."""
    if isinstance(value, dict):
        yield "{"
        for key in random.sample(list(value), len(value)):
            yield from (*_blank(random), key, ":", " ", *written(value[key], random), ",", *_blank(random))
        yield "}"
    elif isinstance(value, list):
        yield "["
        for item in value:
            yield from (*_blank(random), *written(item, random), ",")
        yield "]"
    elif isinstance(value, str) and "'" not in value and random.random() < 0.5:
        yield f"'{value}'"
    else:
        yield json.dumps(value, ensure_ascii=random.random() < 0.5)


def _blank(random: Random) -> Iterator[str]:
    if random.random() < 0.2:
        yield random.choice((" ", "\n", "\n\n  ", " # a comment: [}\n", "\n# 'another\n"))


@given(st.integers(0, 10**6), st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_a_digest_is_the_same_however_the_pack_is_written(seed: int, layout: int) -> None:
    document = random_document(Random(seed))
    one, other = (parse_pack("".join(written(document, Random(each))), "a.yaml") for each in (layout, layout + 1))
    assert one.digest == other.digest


def test_the_digest_of_the_minnesota_pack_is_the_same_however_it_is_written() -> None:
    document = parse_strict_yaml(TEXT, "us-mn.yaml").value
    for seed in range(3):
        assert parse_pack("".join(written(document, Random(seed))), "us-mn.yaml").digest == BOOK.digest


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("says: commitment to the institution is recorded", "says: commitment to the institution was recorded"),
        ("verified: memory", "verified: found"),
        ("from: '2014-06-11'", "from: '2014-06'"),
        ("author: custody-ledger", "author: somebody"),
    ],
)
def test_a_word_changed_in_a_pack_changes_its_digest(was: str, becomes: str) -> None:
    assert was in TEXT
    assert parse_pack(TEXT.replace(was, becomes, 1), "us-mn.yaml").digest != BOOK.digest
