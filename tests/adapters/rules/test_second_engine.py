"""Every pack that ships gives the same on two expression engines: each test, and each condition on any facts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings

from adapters.rules.cel import CelEngine
from adapters.rules.packs import PACKS, load_pack, shipped_packs
from domain.canonical import canonical_bytes
from domain.rules.decide import decide
from domain.rules.packtests import run_pack_tests
from domain.rules.pointbook import CompiledAtom
from domain.rules.rulebook import Rulebook
from domain.rules.truth import Truth
from domain.rules.vocabulary import FACT_TYPES, BadExpressionError, FactValue
from tests.adapters.rules.fact_sets import fact_sets, points_of
from tests.adapters.rules.second_engine import SecondEngine


@cache
def on_both(name: str) -> tuple[Rulebook, Rulebook]:
    path = Path(str(PACKS.joinpath(f"{name}.yaml")))
    return load_pack(path, CelEngine()), load_pack(path, SecondEngine())


def conditions_of(rulebook: Rulebook) -> dict[str, CompiledAtom]:
    entries = [entry for point in points_of(rulebook) for entry in rulebook.at(point).rules]
    return {atom.atom.cel: atom for entry in entries for atom in entry.atoms}


@pytest.mark.parametrize("name", shipped_packs())
def test_every_test_of_a_pack_comes_out_the_same_on_both_engines_to_the_byte(name: str) -> None:
    first, second = on_both(name)
    assert first.digest == second.digest
    assert run_pack_tests(first) == run_pack_tests(second)
    for test in first.pack.tests:
        one, other = (decide(test.facts, test.decision_point, test.at, rulebook) for rulebook in (first, second))
        assert canonical_bytes(one.as_json()) == canonical_bytes(other.as_json()), test.name


@pytest.mark.parametrize("name", shipped_packs())
def test_every_condition_of_a_pack_has_the_same_value_on_both_engines_whatever_is_known(name: str) -> None:
    first, second = (conditions_of(rulebook) for rulebook in on_both(name))
    assert first
    assert first.keys() == second.keys()
    needed = sorted({fact for atom in first.values() for fact in atom.needs})

    @given(fact_sets(needed, on_both(name)[0]))
    @settings(max_examples=100, deadline=None)
    def agree(facts: dict[str, FactValue]) -> None:
        for cel, atom in first.items():
            assert atom.condition(facts) is second[cel].condition(facts), cel

    agree()


@pytest.mark.parametrize(
    ("cel", "facts", "value"),
    [
        ("bed_contract && board_approved", {"bed_contract": False}, False),
        ("bed_contract && board_approved", {"board_approved": False}, False),
        ("bed_contract && board_approved", {"bed_contract": True}, None),
        ("bed_contract || board_approved", {"board_approved": True}, True),
        ("bed_contract || board_approved", {"board_approved": False}, None),
        ("!bed_contract", {}, None),
        ('!(county == "Cass" || bed_contract)', {"county": "Cass"}, False),
        ('county in ["Cass", "Nobles"] || detainer_box == 2', {"detainer_box": 2}, True),
        ('county in ["Cass", "Nobles"] && detainer_box == 2', {"county": "Cass"}, None),
    ],
)
def test_a_missing_fact_is_unknown_and_absorbed_on_both_engines(
    cel: str, facts: dict[str, FactValue], value: Truth
) -> None:
    assert CelEngine().compile(cel, FACT_TYPES)(facts) is value
    assert SecondEngine().compile(cel, FACT_TYPES)(facts) is value


@pytest.mark.parametrize("cel", ["no_such_fact", "county =="])
def test_what_does_not_compile_is_refused_by_both_engines(cel: str) -> None:
    for engine in (CelEngine(), SecondEngine()):
        with pytest.raises(BadExpressionError):
            engine.compile(cel, FACT_TYPES)
