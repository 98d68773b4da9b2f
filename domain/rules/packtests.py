"""The tests that ship with a pack, run against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.rules.decide import decide
from domain.rules.pack import PackTest
from domain.rules.rulebook import Rulebook
from domain.rules.trace import Determination, Standing
from domain.rules.truth import Truth


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """One test, the rules it is about, and what differed."""

    name: str
    rules: frozenset[str]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Say whether nothing differed."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {"name": self.name, "ok": self.ok, "problems": list(self.problems)}


def run_pack_tests(rulebook: Rulebook) -> tuple[TestOutcome, ...]:
    """Run every test of the pack, then see that together they turn every condition of its rules both ways."""
    found = [decide(test.facts, test.decision_point, test.at, rulebook) for test in rulebook.pack.tests]
    outcomes = [
        TestOutcome(test.name, _rules_of(test, rulebook), tuple(_problems(test, made)))
        for test, made in zip(rulebook.pack.tests, found, strict=True)
    ]
    return (*outcomes, *_idle_conditions(rulebook, found))


def _idle_conditions(rulebook: Rulebook, found: list[Determination]) -> Iterator[TestOutcome]:
    """Yield a failure for each rule with a condition that no test makes true, or none makes false: it may be dead."""
    seen: dict[tuple[str, str], set[Truth]] = {}
    for trace in (trace for made in found for trace in made.rules):
        for atom in trace.atoms:
            seen.setdefault((trace.rule.id, atom.id), set()).add(atom.value)
    for rule in rulebook.pack.rules:
        idle = [
            f"no test makes the condition {atom_id} {str(value).lower()}"
            for atom_id in rule.atom_ids
            for value in (True, False)
            if value not in seen.get((rule.id, atom_id), ())
        ]
        if idle:
            yield TestOutcome(f"every condition of {rule.id} turns both ways", frozenset({rule.id}), tuple(idle))


def _rules_of(test: PackTest, rulebook: Rulebook) -> frozenset[str]:
    """Return the rules a test names; one that names none is about those at its decision point, or about all."""
    expected = test.expect
    named = frozenset((*expected.stands, *expected.fails, *expected.unknown, *expected.defeated))
    speaking = frozenset(rule.id for rule in rulebook.rules if rule.speaks_at(test.decision_point))
    return named or speaking or frozenset(rule.id for rule in rulebook.rules)


def _problems(test: PackTest, found: Determination) -> Iterator[str]:
    expected = test.expect
    if found.status is not expected.status:
        missing = f" (missing {', '.join(found.missing)})" if found.missing else ""
        yield f"the status is {found.status.value}{missing}, not {expected.status.value}"
    for standing, ids in (
        (Standing.STANDS, expected.stands),
        (Standing.FAILS, expected.fails),
        (Standing.UNKNOWN, expected.unknown),
        (Standing.DEFEATED, expected.defeated),
    ):
        yield from _misplaced(found, standing, ids)
    if expected.missing is not None and set(expected.missing) != set(found.missing):
        yield f"missing is {sorted(found.missing)}, not {sorted(expected.missing)}"


def _misplaced(found: Determination, standing: Standing, ids: tuple[str, ...]) -> Iterator[str]:
    where = {trace.rule.id: trace.standing for trace in found.rules}
    for rule_id in ids:
        actual = where.get(rule_id)
        if actual is not standing and not (actual is None and standing is Standing.FAILS):
            yield f"{rule_id} {actual.value if actual else 'does not bind here'}, expected: {standing.value}"
