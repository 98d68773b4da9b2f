"""Facts for a shipped pack: any of those that its rules look at, with the values they can have, many missing."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from domain.events.fields import DecisionPoint
from domain.rules.pointbook import PointRule
from domain.rules.rulebook import Rulebook
from domain.rules.vocabulary import VOCABULARY, FactValue

SOMEWHERE_ELSE = "somewhere else"
FactSets = st.SearchStrategy[dict[str, FactValue]]


def values_of(name: str, rulebook: Rulebook) -> tuple[FactValue, ...]:
    """Return what a fact can be; of places, those the pack names and one that it does not."""
    fact = VOCABULARY[name]
    if fact.type == "bool":
        return (True, False)
    if fact.type == "int":
        return (1, 2)
    scopes = [rule.scope for rule in rulebook.rules]
    named = {
        "county": [county for scope in scopes for county in scope.counties],
        "agency": [agency for scope in scopes for agency in scope.agencies],
    }
    return fact.values or (*sorted(set(named[name])), SOMEWHERE_ELSE)


def looked_at(rules: Iterable[PointRule]) -> tuple[str, ...]:
    """Return the facts that rules look at: in conditions, scopes, agreements and rival readings."""
    found = set()
    for entry in rules:
        found.update(name for atom in entry.atoms for name in atom.needs)
        found.update(name for name, _ in entry.bounds)
        found.update(model.fact for model in (entry.rule.force.models if entry.rule.force else ()))
        found.update(["facility_kind"] if entry.rule.readings else [])
    return tuple(sorted(found))


def fact_sets(names: Iterable[str], rulebook: Rulebook) -> FactSets:
    """Draw some of the facts named, or all, each with one of its values."""
    drawn = {name: st.sampled_from(values_of(name, rulebook)) for name in names}
    return st.fixed_dictionaries({}, optional=drawn) | st.fixed_dictionaries(drawn)


def points_of(rulebook: Rulebook) -> list[DecisionPoint]:
    """Return the decision points at which a rule of the pack speaks."""
    return [point for point in DecisionPoint if rulebook.at(point).rules]
