"""What is checked when a pack is loaded: its shape, its dates, its edges, its tests; each error names the rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from domain.canonical import canonical_bytes
from domain.errors import InputRefused
from domain.rules.pack import Pack, PackTest, Rule, period_of
from domain.rules.vocabulary import FactValue, fact_problem

FAMILY_MAX = 12


def read_pack(document: dict[str, Any]) -> Pack:
    """Read the parsed document; raise InputRefused(bad_pack), `where` naming the field and the rule."""
    try:
        return Pack.model_validate_json(canonical_bytes(document))
    except ValidationError as error:
        raise _shape_problem(document, error) from None


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


def defeaters_first(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules, every one after those that could defeat it.

    Raise InputRefused: duplicate_rule, unknown_rule, cyclic_rules.
    """
    by_id: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in by_id:
            what, mend = f"rule {rule.id} is there twice", "give each rule an id of its own"
            raise InputRefused("duplicate_rule", what, where=f"rule {rule.id}", mend=mend)
        by_id[rule.id] = rule
    graph: dict[str, list[str]] = {rule.id: [] for rule in rules}
    for rule in rules:
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


def families(rules: Sequence[Rule]) -> dict[str, int]:
    """Number the families: rules that defeat each other, directly or in a chain, have one number.

    Raise InputRefused(bad_pack) for a family in which all the ways to turn out are too many to look at.
    """
    number = {rule.id: place for place, rule in enumerate(rules)}
    for rule in rules:
        for beaten in rule.beats:
            if beaten in number:
                joined = number[beaten]
                number = {one: number[rule.id] if of == joined else of for one, of in number.items()}
    for family, size in Counter(number.values()).items():
        if size > FAMILY_MAX:
            first = next(rule_id for rule_id, of in number.items() if of == family)
            raise InputRefused(
                "bad_pack",
                f"{size} rules defeat each other in one chain at one decision point; at most {FAMILY_MAX} may",
                where=f"rule {first}",
                mend="give some of them conditions that exclude each other instead",
            )
    return number


def _check_known(rule_id: str, by_id: dict[str, Rule], where: str) -> None:
    if rule_id not in by_id:
        near = get_close_matches(rule_id, by_id, n=1)
        mend = f"did you mean {near[0]}?" if near else "name a rule of this pack"
        raise InputRefused("unknown_rule", f"there is no rule {rule_id!r}", where=where, mend=mend)


def check_pack(pack: Pack, rules: tuple[Rule, ...]) -> None:
    """Check what its shape cannot tell; `rules` are those of the pack and of the pack it extends.

    Raise InputRefused: bad_pack, bad_instant, unknown_rule, bad_test, untested_rule.
    """
    zone = _zone(pack)
    for rule in pack.rules:
        _check_dates(rule, zone)
        _check_points(rule)
        _check_rank(rule, pack)
        _check_gives_way(rule, rules)
    for point, facts in pack.suppose.items():
        _check_facts(facts, f"suppose.{point.value}")
    _check_tests(pack, rules)


def _zone(pack: Pack) -> ZoneInfo:
    try:
        return ZoneInfo(pack.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InputRefused(
            "bad_pack", f"there is no time zone {pack.zone!r}", where="zone", mend="write one as `America/Chicago`"
        ) from None


def _check_dates(rule: Rule, zone: ZoneInfo) -> None:
    for name, printed in (("in_force", rule.in_force), *(("suspensions", told) for told in rule.suspensions)):
        try:
            period = period_of(printed, zone)
        except ValueError as error:
            raise InputRefused(
                "bad_instant",
                f"{printed.from_!r} to {printed.to!r}: {error}",
                where=f"rule {rule.id}, {name}",
                mend='write "2009", "2021-06", "2025-03-26" or "last listed 2025-07-09"',
            ) from None
        start, end = period.start, period.end
        if start and end and start.earliest and end.latest and end.latest < start.earliest:
            raise InputRefused(
                "bad_instant",
                f"it ends ({printed.to}) before it starts ({printed.from_})",
                where=f"rule {rule.id}, {name}",
                mend="give the later of the two dates as `to`",
            )


def _check_points(rule: Rule) -> None:
    strangers = [point for point in rule.at if not rule.speaks_at(point)]
    if strangers:
        raise InputRefused(
            "bad_pack",
            f"`at` names {strangers[0].value}, where the rule does not speak",
            where=f"rule {rule.id}, at",
            mend="list it under decision_points too",
        )


def _check_gives_way(rule: Rule, rules: tuple[Rule, ...]) -> None:
    """A fallback stands or not by what else stands; an edge to or from it would be a circle, or a second answer."""
    fallbacks = {one.id for one in rules if one.fallback}
    beaten = next((rule_id for rule_id in rule.beats if rule.fallback or rule_id in fallbacks), None)
    if beaten:
        raise InputRefused(
            "bad_pack",
            f"{rule.id} may not defeat {beaten}: one of them is a fallback",
            where=f"rule {rule.id}",
            mend="take the edge away: a fallback gives way by itself to every rule of the custodian's own",
        )


def _check_rank(rule: Rule, pack: Pack) -> None:
    if rule.bindingness not in pack.ranks:
        raise InputRefused(
            "bad_pack",
            f"`ranks` does not say where {rule.bindingness.value} stands",
            where=f"rule {rule.id}, bindingness",
            mend="add it to `ranks`",
        )


def _check_tests(pack: Pack, rules: tuple[Rule, ...]) -> None:
    by_id = {rule.id: rule for rule in rules}
    for test in pack.tests:
        _check_test(test, by_id)
    stands = {rule_id for test in pack.tests for rule_id in test.expect.stands}
    fails = {rule_id for test in pack.tests for rule_id in test.expect.fails}
    for rule in pack.rules:
        lacking = [word for word, seen in (("stand", stands), ("fail", fails)) if rule.id not in seen]
        if lacking and (rule.can_fail or "stand" in lacking):
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
    _check_facts(test.facts, f"test {test.name!r}")


def _check_facts(facts: Mapping[str, FactValue], where: str) -> None:
    for name, value in facts.items():
        problem = fact_problem(name, value)
        if problem:
            raise InputRefused("bad_test", problem, where=where, mend="`docs/rules.md` lists the facts")
