"""One rule over the facts: is it in force, does it bind this custodian, do its conditions hold?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.instants import Instant
from domain.rules.pack import Reading, Rule
from domain.rules.pointbook import PointRule
from domain.rules.stops import Stops
from domain.rules.trace import AtomTrace
from domain.rules.truth import Truth, all_of
from domain.rules.vocabulary import Facts, FactValue

READINGS = "readings"


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule with its value before any defeat, and what would have to be known to settle it."""

    entry: PointRule
    value: Truth
    atoms: tuple[AtomTrace, ...]
    missing: tuple[str, ...]

    @property
    def rule(self) -> Rule:
        """Return the rule itself."""
        return self.entry.rule


def consider(entry: PointRule, facts: Facts, valid_at: Instant, told: Stops) -> Considered | None:
    """Return the rule with its value, or None if it surely does not bind here and now.

    A rule that a court stopped is considered and fails: a reader looks for it.
    """
    rule = entry.rule
    unsettled = []
    for name, allowed in entry.bounds:
        found = facts.get(name)
        if found is None:
            unsettled.append(AtomTrace(name.replace("_", "-"), f"binds {', '.join(allowed)}", None, {name: None}))
        elif found not in allowed:
            return None
    force = _agreement_in_force(rule, facts) if rule.force else _in_force(entry, valid_at)
    if force is not None and force.value is False:
        return None
    atoms = (
        *unsettled,
        *((force,) if force else ()),
        *_not_stopped(entry, valid_at, told),
        *_readings(rule, facts),
        *[atom.trace(facts) for atom in entry.atoms],
    )
    value = all_of([atom.value for atom in atoms])
    return Considered(entry, value, atoms, tuple(_missing(atoms)) if value is None else ())


def _missing(atoms: tuple[AtomTrace, ...]) -> Iterator[str]:
    named = [name for atom in atoms if atom.value is None for name, value in atom.facts.items() if value is None]
    yield from dict.fromkeys(named)


def _in_force(entry: PointRule, valid_at: Instant) -> AtomTrace | None:
    """Return what its dates say, or None if they surely cover the moment, which needs no words."""
    value = entry.period.covers(valid_at)
    if value:
        return None
    says = "its time in force surely covers the moment"
    return AtomTrace("in-force", says, value, {f"in_force:{entry.rule.id}": value})


def _not_stopped(entry: PointRule, valid_at: Instant, told: Stops) -> Iterator[AtomTrace]:
    """Yield one condition for each stop that does, or may, cover the moment."""
    for stop in (*entry.stops, *told.get(entry.rule.id, ())):
        stopped = stop.period.covers(valid_at)
        if stopped is not False:
            value = None if stopped is None else False
            says = f"not {stop.kind.value} then: {stop.by}"
            yield AtomTrace(f"not-{stop.kind.value}", says, value, {f"{stop.kind.value}:{entry.rule.id}": stopped})


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
    used: dict[str, FactValue | None] = {"facility_kind": facts.get("facility_kind")}
    if value is None and used["facility_kind"] is not None:
        used[f"reading:{rule.id}"] = None
    yield AtomTrace(READINGS, says, value, used)


def _under(reading: Reading, facts: Facts) -> Truth:
    kind = facts.get("facility_kind")
    return None if kind is None else kind in reading.facility_kinds


def as_read(found: Considered, reading: Reading, facts: Facts) -> Considered:
    """Return the rule as it is when one of its rival readings is taken."""
    verdict = _under(reading, facts)
    value = all_of([verdict if atom.id == READINGS else atom.value for atom in found.atoms])
    return Considered(found.entry, value, found.atoms, found.missing)
