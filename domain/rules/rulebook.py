"""A pack made ready: checked, its conditions compiled once, its rules ordered with defeaters first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from domain.canonical import canonical_bytes
from domain.errors import InputRefused
from domain.events.fields import DecisionPoint
from domain.rules.pack import Atom, Pack, Period, Rule, period_of
from domain.rules.pack_checks import check_pack, defeaters_first, read_pack
from domain.rules.stops import Stop, StopKind, Stops
from domain.rules.vocabulary import (
    FACT_TYPES,
    BadExpressionError,
    Condition,
    Engine,
    FactValue,
    names_in,
    value_problems,
)


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
    period: Period
    stops: tuple[Stop, ...]
    atoms: tuple[CompiledAtom, ...]
    bounds: tuple[tuple[str, tuple[str, ...]], ...]


class Rulebook:
    """What `decide` takes: a pack with the rules of the pack it extends.

    `digest` is SHA-256, in hex, over the canonical JSON of the parsed pack, its rules in the order of their ids, with
    `extends` replaced by `{"pack":"us","digest":"..."}`: it fixes both, and no layout, comment or order changes it.
    """

    def __init__(
        self, pack: Pack, digest: str, rules: tuple[Rule, ...], points: dict[DecisionPoint, tuple[PointRule, ...]]
    ) -> None:
        self.pack = pack
        self.digest = digest
        self.rules = rules
        self._points = points
        self._by_id = {rule.id: rule for rule in rules}
        self._periods = {rule.id: period_of(rule.in_force, self.zone) for rule in rules}

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the pack's dates, days and clocks."""
        return ZoneInfo(self.pack.zone)

    def speaking_at(self, point: DecisionPoint) -> tuple[PointRule, ...]:
        """Return the rules of a decision point, every rule after those that could defeat it."""
        return self._points[point]

    def has_rule(self, rule_id: str) -> bool:
        """Say whether the pack has such a rule."""
        return rule_id in self._by_id

    def rule(self, rule_id: str) -> Rule:
        """Return one rule; raise InputRefused(unknown_rule) with near ids."""
        found = self._by_id.get(rule_id)
        if found is None:
            near = get_close_matches(rule_id.upper(), self._by_id, n=3, cutoff=0.5)
            mend = f"did you mean {', '.join(near)}?" if near else "`custody rules list` lists every id"
            raise InputRefused("unknown_rule", f"there is no rule {rule_id[:80]!r} in pack {self.pack.pack}", mend=mend)
        return found

    def period(self, rule_id: str) -> Period:
        """Return when the rule is in force by its own dates."""
        return self._periods[rule_id]


def build_rulebook(document: dict[str, Any], engine: Engine, base: Rulebook | None = None) -> Rulebook:
    """Check a parsed pack and compile it; `base` is the rulebook of the pack that it extends.

    Raise InputRefused, `where` naming the rule and field: bad_pack (shape), bad_expression, bad_instant,
    unknown_rule, duplicate_rule, cyclic_rules, bad_test, untested_rule.
    """
    pack = read_pack(document)
    rules = (*(base.rules if base else ()), *sorted(pack.rules, key=lambda rule: rule.id))
    order = defeaters_first(rules)
    check_pack(pack, rules)
    compiled = _Compiler(engine, ZoneInfo(pack.zone))
    points = {point: tuple(compiled.rules_at(order, point)) for point in DecisionPoint}
    return Rulebook(_with_supposed(pack, base), _digest(document, base), rules, points)


def _digest(document: dict[str, Any], base: Rulebook | None) -> str:
    digested = {**document, "rules": sorted(document["rules"], key=lambda rule: str(rule["id"]))}
    if base:
        digested["extends"] = {"pack": base.pack.pack, "digest": base.digest}
    return hashlib.sha256(canonical_bytes(digested)).hexdigest()


def _with_supposed(pack: Pack, base: Rulebook | None) -> Pack:
    """Let the pack suppose what its base supposes, where it says nothing else."""
    inherited: Mapping[DecisionPoint, dict[str, FactValue]] = base.pack.suppose if base else {}
    points = [*inherited, *(point for point in pack.suppose if point not in inherited)]
    merged = {point: {**inherited.get(point, {}), **pack.suppose.get(point, {})} for point in points}
    return pack.model_copy(update={"suppose": merged})


class _Compiler:
    def __init__(self, engine: Engine, zone: ZoneInfo) -> None:
        self._engine = engine
        self._zone = zone
        self._conditions: dict[str, Condition] = {}

    def rules_at(self, order: tuple[Rule, ...], point: DecisionPoint) -> Iterator[PointRule]:
        for rule in order:
            if rule.speaks_at(point):
                atoms = tuple(self._atom(rule, atom) for atom in rule.atoms_at(point))
                period = period_of(rule.in_force, self._zone)
                yield PointRule(rule, period, tuple(self._stops(rule)), atoms, tuple(_bounds(rule)))

    def _stops(self, rule: Rule) -> Iterator[Stop]:
        for told in rule.suspensions:
            yield Stop(StopKind.SUSPENDED, period_of(told, self._zone), told.by)

    def _atom(self, rule: Rule, atom: Atom) -> CompiledAtom:
        if atom.cel not in self._conditions:
            self._conditions[atom.cel] = self._compile(rule, atom)
        return CompiledAtom(atom, self._conditions[atom.cel], names_in(atom.cel))

    def _compile(self, rule: Rule, atom: Atom) -> Condition:
        try:
            condition = self._engine.compile(atom.cel, FACT_TYPES)
        except BadExpressionError as error:
            raise _bad_condition(rule, atom, f"does not compile: {error}") from None
        for problem in value_problems(atom.cel):
            raise _bad_condition(rule, atom, f"looks for a value that cannot be: {problem}")
        return condition


def _bad_condition(rule: Rule, atom: Atom, what: str) -> InputRefused:
    return InputRefused(
        "bad_expression",
        f"condition {atom.id!r} {what}",
        where=f"rule {rule.id}",
        mend="`docs/rules.md` lists the facts, their types and values",
    )


def _bounds(rule: Rule) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Where a text has rival readings, they say which kinds of facility it binds."""
    scope = rule.scope
    for name, allowed in (("agency", scope.agencies), ("county", scope.counties)):
        if allowed:
            yield name, allowed
    if scope.facility_kinds and not rule.readings:
        yield "facility_kind", scope.facility_kinds


def stops_of(entry: PointRule, told: Stops) -> tuple[Stop, ...]:
    """Return the stops of a rule: those its pack tells of, then those the log tells of."""
    return entry.stops + told.get(entry.rule.id, ())
