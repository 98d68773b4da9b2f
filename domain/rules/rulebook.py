"""A pack made ready: checked, its conditions compiled once, its rules ordered with defeaters first."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from domain.canonical import canonical_bytes
from domain.errors import InputRefused
from domain.events.fields import DecisionPoint
from domain.rules.masks import mask_of
from domain.rules.pack import Atom, Pack, Period, Rule, period_of
from domain.rules.pack_checks import check_pack, defeaters_first, families, read_pack
from domain.rules.pointbook import CompiledAtom, PointBook, PointRule
from domain.rules.stops import Stop, StopKind
from domain.rules.vocabulary import (
    FACT_TYPES,
    BadExpressionError,
    Condition,
    Engine,
    FactValue,
    names_in,
    value_problems,
)


class Rulebook:
    """What `decide` takes: a pack with the rules of the pack it extends.

    `text` is the canonical JSON of the parsed pack, its rules in the order of their ids, with `extends` replaced by
    `{"pack":"us","digest":"..."}`; `digest` is its SHA-256, in hex: it fixes both packs, and no layout, comment or
    order changes it. `base` is the pack it extends.
    """

    def __init__(
        self,
        pack: Pack,
        text: bytes,
        rules: tuple[Rule, ...],
        points: Mapping[DecisionPoint, PointBook],
        base: Rulebook | None,
    ) -> None:
        self.pack = pack
        self.text = text
        self.digest = hashlib.sha256(text).hexdigest()
        self.base = base
        self.rules = rules
        self._points = points
        self._by_id = {rule.id: rule for rule in rules}
        self._periods = {rule.id: period_of(rule.in_force, self.zone) for rule in rules}

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the pack's dates, days and clocks."""
        return ZoneInfo(self.pack.zone)

    def lineage(self) -> list[Rulebook]:
        """Return the packs that it extends, the furthest first, and itself."""
        return [*(self.base.lineage() if self.base else ()), self]

    def at(self, point: DecisionPoint) -> PointBook:
        """Return the rules of a decision point."""
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
    points = {point: PointBook(tuple(compiled.rules_at(order, point))) for point in DecisionPoint}
    return Rulebook(_with_supposed(pack, base), _digested(document, base), rules, points, base)


def _digested(document: dict[str, Any], base: Rulebook | None) -> bytes:
    digested = {**document, "rules": sorted(document["rules"], key=lambda rule: str(rule["id"]))}
    if base:
        digested["extends"] = {"pack": base.pack.pack, "digest": base.digest}
    return canonical_bytes(digested)


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
        self._atoms: dict[Atom, CompiledAtom] = {}

    def rules_at(self, order: tuple[Rule, ...], point: DecisionPoint) -> Iterator[PointRule]:
        speaking = [rule for rule in order if rule.speaks_at(point)]
        family = families(speaking)
        for rule in speaking:
            modality = rule.modality_at(point)
            yield PointRule(
                rule=rule,
                modality=modality,
                effect=rule.effect_at(point),
                period=period_of(rule.in_force, self._zone),
                stops=tuple(self._stops(rule)),
                atoms=tuple(self._atom(rule, atom) for atom in rule.atoms_at(point)),
                bounds=tuple(_bounds(rule)),
                family=family[rule.id],
                mask=mask_of(rule, modality),
            )

    def _stops(self, rule: Rule) -> Iterator[Stop]:
        for told in rule.suspensions:
            yield Stop(StopKind.SUSPENDED, period_of(told, self._zone), told.by)

    def _atom(self, rule: Rule, atom: Atom) -> CompiledAtom:
        if atom not in self._atoms:  # many rules share a condition: it is compiled, and looked at, once
            self._atoms[atom] = CompiledAtom(atom, self._compile(rule, atom), names_in(atom.cel))
        return self._atoms[atom]

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
