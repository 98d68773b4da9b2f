"""The rules of one decision point, compiled, with a memory of what came out for what they looked at."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from domain.events.fields import Modality
from domain.instants import Instant
from domain.rules.pack import Atom, Period, Rule
from domain.rules.stops import Stop
from domain.rules.trace import AtomTrace, Outcome
from domain.rules.vocabulary import Condition, Facts, FactValue

ATOM_MEMORY_MAX = 1_000
OUTCOME_MEMORY_MAX = 50_000
SOMEBODY_ELSE = "\0"  # no rule of the point names the value of a bound

Shape = tuple[FactValue | int | None, ...]


@dataclass(frozen=True, slots=True)
class CompiledAtom:
    """An atom, its condition, the facts it needs, and its traces by their values."""

    atom: Atom
    condition: Condition
    needs: tuple[str, ...]
    _traces: dict[tuple[FactValue | None, ...], AtomTrace] = field(default_factory=dict, repr=False, compare=False)

    def trace(self, facts: Facts) -> AtomTrace:
        """Return its value over the facts, and what it looked at."""
        values = tuple([facts.get(name) for name in self.needs])
        found = self._traces.get(values)
        if found is None:
            used = dict(zip(self.needs, values, strict=True))
            known = {name: value for name, value in used.items() if value is not None}
            found = AtomTrace(self.atom.id, self.atom.says, self.condition(known), used)
            if len(self._traces) >= ATOM_MEMORY_MAX:
                self._traces.clear()
            self._traces[values] = found
        return found


@dataclass(frozen=True, slots=True)
class PointRule:
    """A rule at one decision point.

    `bounds` are the facts that say whom it binds, with what they may be; `family` numbers the rules that can defeat
    each other; `mask` is what it says while it stands.
    """

    rule: Rule
    modality: Modality
    effect: str
    period: Period
    stops: tuple[Stop, ...]
    atoms: tuple[CompiledAtom, ...]
    bounds: tuple[tuple[str, tuple[str, ...]], ...]
    family: int
    mask: int


class PointBook:
    """The rules of a point, every one after those that could defeat it."""

    def __init__(self, rules: tuple[PointRule, ...]) -> None:
        self.rules = rules
        self._looked_at = tuple(sorted({name for entry in rules for name in _looked_at(entry)}))
        self._bounds = tuple(sorted(_named_values(rules, self._looked_at).items()))
        self._turning_points = sorted({moment for entry in rules for moment in _turning_points(entry)})
        self._outcomes: dict[Shape, Outcome] = {}

    @property
    def turning_points(self) -> Sequence[int]:
        """Return the bounds of its rules' times in force, in order, in microseconds since 1970 UTC."""
        return self._turning_points

    def shape(self, facts: Facts, valid_at: Instant) -> Shape:
        """Return all that the point's rules can see of the facts and the moment: alike shapes come out alike."""
        get = facts.get
        seen: list[FactValue | int | None] = [get(name) for name in self._looked_at]
        for name, named in self._bounds:
            value = get(name)
            seen.append(value if value is None or value in named else SOMEBODY_ELSE)
        earliest, latest = valid_at.span
        place = self._place(earliest)
        return (*seen, place, place if latest == earliest else self._place(latest))

    def _place(self, moment: int | None) -> int | None:
        """Number the moment's place among the turning points; on one and between two are different places."""
        if moment is None:
            return None
        return bisect_left(self._turning_points, moment) + bisect_right(self._turning_points, moment)

    def remembered(self, shape: Shape) -> Outcome | None:
        """Return what came out for the shape, if it is remembered."""
        return self._outcomes.get(shape)

    def remember(self, shape: Shape, outcome: Outcome) -> None:
        """Keep the outcome; a full memory is emptied, which costs less than choosing what to forget."""
        if len(self._outcomes) >= OUTCOME_MEMORY_MAX:
            self._outcomes.clear()
        self._outcomes[shape] = outcome


def _looked_at(entry: PointRule) -> Iterable[str]:
    for atom in entry.atoms:
        yield from atom.needs
    if entry.rule.force:
        yield from (model.fact for model in entry.rule.force.models)
    if entry.rule.readings:
        yield "facility_kind"


def _named_values(rules: tuple[PointRule, ...], looked_at: tuple[str, ...]) -> dict[str, frozenset[str]]:
    named: dict[str, frozenset[str]] = {}
    for entry in rules:
        for name, allowed in entry.bounds:
            if name not in looked_at:
                named[name] = named.get(name, frozenset()) | frozenset(allowed)
    return named


def _turning_points(entry: PointRule) -> Iterable[int]:
    """Yield the bounds of its time in force, in microseconds since 1970 UTC: numbers compare faster than times."""
    for period in (entry.period, *(stop.period for stop in entry.stops)):
        for bound in (period.start, period.end):
            if bound is not None:
                yield from (moment for moment in bound.span if moment is not None)
