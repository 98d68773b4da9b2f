"""One rule over the facts: is it in force, does it bind this custodian, do its conditions hold?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.instants import Instant
from domain.rules.pack import Reading, Rule
from domain.rules.rulebook import PointRule
from domain.rules.trace import AtomTrace
from domain.rules.truth import Truth, all_of
from domain.rules.vocabulary import Facts


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule with its value before any defeat, and what would have to be known to settle it."""

    rule: Rule
    value: Truth
    atoms: tuple[AtomTrace, ...]
    missing: tuple[str, ...]


def consider(entry: PointRule, facts: Facts, valid_at: Instant) -> Considered | None:
    """Return the rule with its value, or None if it surely does not bind here and now."""
    rule = entry.rule
    unsettled = []
    for name, allowed in entry.bounds:
        found = facts.get(name)
        if found is None:
            unsettled.append(AtomTrace(name.replace("_", "-"), f"binds {', '.join(allowed)}", None, {name: None}))
        elif found not in allowed:
            return None
    force = _agreement_in_force(rule, facts) if rule.force else _in_force(rule, valid_at)
    if force.value is False:
        return None
    shown = [force] if rule.force or force.value is None else []
    atoms = (*unsettled, *shown, *_readings(rule, facts), *_atoms(entry, facts))
    value = all_of(atom.value for atom in atoms)
    return Considered(rule, value, atoms, tuple(_missing(atoms)) if value is None else ())


def _missing(atoms: tuple[AtomTrace, ...]) -> Iterator[str]:
    named = [name for atom in atoms if atom.value is None for name, value in atom.facts.items() if value is None]
    yield from dict.fromkeys(named)


def _atoms(entry: PointRule, facts: Facts) -> Iterator[AtomTrace]:
    for compiled in entry.atoms:
        used = {name: facts.get(name) for name in compiled.needs}
        yield AtomTrace(compiled.atom.id, compiled.atom.says, compiled.condition(facts), used)


def _in_force(rule: Rule, valid_at: Instant) -> AtomTrace:
    start, end = rule.in_force.start, rule.in_force.end
    value = all_of((_begun(start, valid_at), _not_ended(end, valid_at)))
    name = f"in_force:{rule.id}"
    says = "its time in force surely covers the moment"
    return AtomTrace("in-force", says, value, {name: value})


def _begun(start: Instant | None, valid_at: Instant) -> Truth:
    """A start that was not found is older than the record; one with bounds can straddle the moment."""
    if start is None:
        return True
    if valid_at.earliest is not None and start.surely_by(valid_at.earliest):
        return True
    if valid_at.latest is not None and not start.maybe_by(valid_at.latest):
        return False
    return None


def _not_ended(end: Instant | None, valid_at: Instant) -> Truth:
    if end is None:
        return True
    if valid_at.latest is not None and not end.maybe_by(valid_at.latest):
        return True
    if valid_at.earliest is not None and end.surely_by(valid_at.earliest):
        return False
    return None


def _agreement_in_force(rule: Rule, facts: Facts) -> AtomTrace:
    models = rule.force.models if rule.force else ()
    known = {model.fact: facts.get(model.fact) for model in models}
    value: Truth = None if None in known.values() else False
    if True in known.values():
        value = True
    names = " or ".join(model.value for model in models)
    return AtomTrace("agreement", f"a {names} agreement of the custodian is in force", value, known)


def _readings(rule: Rule, facts: Facts) -> Iterator[AtomTrace]:
    """Where rival readings agree on this custodian the rule is settled; where they differ it is unknown."""
    if not rule.readings:
        return
    verdicts = [_under(reading, facts) for reading in rule.readings]
    value: Truth = verdicts[0] if len(set(verdicts)) == 1 else None
    says = "; ".join(f"{reading.id}: {reading.says} ({reading.held_by})" for reading in rule.readings)
    missing = f"reading:{rule.id}" if facts.get("facility_kind") is not None else "facility_kind"
    yield AtomTrace("readings", says, value, {missing: value})


def _under(reading: Reading, facts: Facts) -> Truth:
    kind = facts.get("facility_kind")
    return None if kind is None else kind in reading.facility_kinds
