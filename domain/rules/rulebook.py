"""A pack made ready: checked, its conditions compiled once, its rules ordered with defeaters first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pydantic import ValidationError

from domain.canonical import canonical_bytes
from domain.errors import InputRefused
from domain.events.fields import DecisionPoint
from domain.rules.pack import Atom, Pack, PackTest, Rule, bound
from domain.rules.vocabulary import VOCABULARY, BadExpressionError, Condition, Engine, fact_problem, names_in


@dataclass(frozen=True, slots=True)
class CompiledAtom:
    """An atom, its condition, and the facts it needs."""

    atom: Atom
    condition: Condition
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PointRule:
    """A rule at one decision point; `bounds` are the facts that say whom it binds, with what they may be."""

    rule: Rule
    atoms: tuple[CompiledAtom, ...]
    bounds: tuple[tuple[str, tuple[str, ...]], ...]


class Rulebook:
    """What `decide` takes. `digest` is SHA-256 over the canonical JSON of the parsed pack, in hex."""

    def __init__(self, pack: Pack, digest: str, points: dict[DecisionPoint, tuple[PointRule, ...]]) -> None:
        self.pack = pack
        self.digest = digest
        self._points = points
        self._by_id = {rule.id: rule for rule in pack.rules}

    def speaking_at(self, point: DecisionPoint) -> tuple[PointRule, ...]:
        """Return the rules of a decision point, every rule after those that could defeat it."""
        return self._points[point]

    def rule(self, rule_id: str) -> Rule:
        """Return one rule; raise InputRefused(unknown_rule) with near ids."""
        found = self._by_id.get(rule_id)
        if found is None:
            near = get_close_matches(rule_id.upper(), self._by_id, n=3, cutoff=0.5)
            mend = f"did you mean {', '.join(near)}?" if near else "`custody rules list` lists every id"
            raise InputRefused("unknown_rule", f"there is no rule {rule_id[:80]!r} in pack {self.pack.pack}", mend=mend)
        return found


def build_rulebook(document: dict[str, Any], engine: Engine) -> Rulebook:
    """Check a parsed pack and compile it.

    Raise InputRefused, `where` naming the rule and field: bad_pack (shape), bad_expression, bad_instant,
    unknown_rule, duplicate_rule, cyclic_rules, bad_test, untested_rule.
    """
    body = canonical_bytes(document)
    try:
        pack = Pack.model_validate_json(body)
    except ValidationError as error:
        raise _shape_problem(document, error) from None
    order = _defeaters_first(pack)
    for rule in pack.rules:
        _check_rule(rule)
    compiled = _Compiler(engine)
    points = {point: tuple(compiled.rules_at(order, point)) for point in DecisionPoint}
    _check_tests(pack)
    return Rulebook(pack, hashlib.sha256(body).hexdigest(), points)


class _Compiler:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._conditions: dict[str, Condition] = {}

    def rules_at(self, order: tuple[Rule, ...], point: DecisionPoint) -> Iterator[PointRule]:
        for rule in order:
            if rule.speaks_at(point):
                atoms = tuple(self._atom(rule, atom) for atom in rule.atoms_at(point))
                yield PointRule(rule, atoms, tuple(_bounds(rule)))

    def _atom(self, rule: Rule, atom: Atom) -> CompiledAtom:
        if atom.cel not in self._conditions:
            try:
                self._conditions[atom.cel] = self._engine.compile(atom.cel, VOCABULARY)
            except BadExpressionError as error:
                raise InputRefused(
                    "bad_expression",
                    f"condition {atom.id!r} does not compile: {error}",
                    where=f"rule {rule.id}",
                    mend="`docs/rules.md` lists the facts and their types",
                ) from None
        return CompiledAtom(atom, self._conditions[atom.cel], names_in(atom.cel))


def _bounds(rule: Rule) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Where a text has rival readings, they say which kinds of facility it binds."""
    scope = rule.scope
    for name, allowed in (("agency", scope.agencies), ("county", scope.counties)):
        if allowed:
            yield name, allowed
    if scope.facility_kinds and not rule.readings:
        yield "facility_kind", scope.facility_kinds


def _shape_problem(document: dict[str, Any], error: ValidationError) -> InputRefused:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    found = _named(document, first["loc"])
    place = f"{where} ({found})" if found else where
    return InputRefused("bad_pack", first["msg"], where=place, mend="`docs/rules.md` gives the fields of a pack")


def _named(document: dict[str, Any], loc: tuple[int | str, ...]) -> str | None:
    """Name the rule or test an error is in: `rule MN-NONE`."""
    if len(loc) < 2 or loc[0] not in ("rules", "tests") or not isinstance(loc[1], int):
        return None
    entry = document[str(loc[0])][loc[1]]
    name = entry.get("id") or entry.get("name") if isinstance(entry, dict) else None
    return f"{str(loc[0])[:-1]} {name}" if name else None


def _defeaters_first(pack: Pack) -> tuple[Rule, ...]:
    by_id: dict[str, Rule] = {}
    for rule in pack.rules:
        if rule.id in by_id:
            raise InputRefused("duplicate_rule", f"rule {rule.id} is there twice", where=f"rule {rule.id}")
        by_id[rule.id] = rule
    graph: dict[str, list[str]] = {rule.id: [] for rule in pack.rules}
    for rule in pack.rules:
        for beaten in rule.beats:
            _check_known(beaten, by_id, f"rule {rule.id}")
            graph[beaten].append(rule.id)
    try:
        return tuple(by_id[rule_id] for rule_id in TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise InputRefused(
            "cyclic_rules",
            f"rules defeat each other in a circle: {circle}",
            where=f"rule {error.args[1][0]}",
            mend="take one overrides or exception_to away",
        ) from None


def _check_known(rule_id: str, by_id: dict[str, Rule], where: str) -> None:
    if rule_id not in by_id:
        near = get_close_matches(rule_id, by_id, n=1)
        mend = f"did you mean {near[0]}?" if near else "name a rule of this pack"
        raise InputRefused("unknown_rule", f"there is no rule {rule_id!r}", where=where, mend=mend)


def _check_rule(rule: Rule) -> None:
    for text in (rule.in_force.from_, rule.in_force.to):
        try:
            bound(text)
        except ValueError as error:
            raise InputRefused(
                "bad_instant",
                f"{text!r} is not a year, a month, a day or a known phrase: {error}",
                where=f"rule {rule.id}, in_force",
                mend='write "2009", "2021-06", "2025-03-26" or "last listed 2025-07-09"',
            ) from None
    strangers = [point for point in rule.at if not rule.speaks_at(point)]
    if strangers:
        raise InputRefused(
            "bad_pack",
            f"`at` names {strangers[0].value}, where the rule does not speak",
            where=f"rule {rule.id}, at",
            mend="list it under decision_points too",
        )


def _check_tests(pack: Pack) -> None:
    by_id = {rule.id: rule for rule in pack.rules}
    for test in pack.tests:
        _check_test(test, by_id)
    stands = {rule_id for test in pack.tests for rule_id in test.expect.stands}
    fails = {rule_id for test in pack.tests for rule_id in test.expect.fails}
    for rule in pack.rules:
        lacking = [word for word, seen in (("stand", stands), ("fail", fails)) if rule.id not in seen]
        if rule.has_conditions and lacking:
            raise InputRefused(
                "untested_rule",
                f"no test makes the rule {' or '.join(lacking)}",
                where=f"rule {rule.id}",
                mend="add tests that name it under expect.stands and expect.fails",
            )


def _check_test(test: PackTest, by_id: dict[str, Rule]) -> None:
    expected = test.expect
    for rule_id in expected.stands + expected.fails + expected.unknown + expected.defeated:
        _check_known(rule_id, by_id, f"test {test.name!r}")
    for name, value in test.facts.items():
        problem = fact_problem(name, value)
        if problem:
            raise InputRefused("bad_test", problem, where=f"test {test.name!r}", mend="`docs/rules.md` lists the facts")
