"""`decide`: facts, a decision point, a moment and a pack give a determination. Pure: no clock, no I/O.

1. Rules that may bind here and now are considered; each is true, false or unknown.
2. A true rule stands unless a standing rule overrides it or is an exception to it.
3. A fallback rule ("no written policy") stands where no rule of the custodian's own stands.
4. A standing prohibition against a standing obligation or permission is a conflict; both are shown.
5. If the unknown rules could change the status, it is undetermined, and the missing facts are named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import product

from domain.canonical import canonical_bytes
from domain.events.fields import DecisionPoint, Modality
from domain.instants import Instant
from domain.rules.considered import Considered, consider
from domain.rules.pack import Rule, Status
from domain.rules.rulebook import Rulebook
from domain.rules.stops import NO_STOPS, Stops
from domain.rules.trace import AtomTrace, Conflict, Determination, RuleTrace, Standing
from domain.rules.vocabulary import Facts

ENUMERATED_MAX = 8
ALLOWING = (Modality.OBLIGATION, Modality.PERMISSION)
ONE_SIDED = (
    (Modality.PROHIBITION, Status.PROHIBITED),
    (Modality.OBLIGATION, Status.REQUIRED),
    (Modality.PERMISSION, Status.PERMITTED),
    (Modality.NO_RULE, Status.NO_RULE),
    (Modality.REQUEST, Status.REQUESTED_ONLY),
)


def decide(
    facts: Facts, decision_point: DecisionPoint, valid_at: Instant, rulebook: Rulebook, stops: Stops = NO_STOPS
) -> Determination:
    """Derive what the pack says at a decision point.

    Facts are flat and typed, absent where unknown; `stops` are the suspensions and ends that the log tells of.
    """
    considered = [
        found for entry in rulebook.speaking_at(decision_point) if (found := consider(entry, facts, valid_at, stops))
    ]
    case = _Case(considered, decision_point)
    status, deciding = case.status()
    traces = tuple(case.traces())
    named = [name for found in considered if found.rule.id in deciding for name in found.missing]
    return Determination(
        decision_point=decision_point,
        valid_at=valid_at,
        status=status,
        rules=traces,
        conflicts=tuple(_conflicts(traces, rulebook)),
        missing=tuple(dict.fromkeys(named)),
        pack=rulebook.pack.pack,
        pack_digest=rulebook.digest,
        facts_digest=_facts_digest(facts, stops),
    )


def _facts_digest(facts: Facts, stops: Stops) -> str:
    """Return SHA-256 over all that was looked at beside the pack and the moment."""
    told = {rule_id: [stop.as_json() for stop in of_rule] for rule_id, of_rule in stops.items()}
    return hashlib.sha256(canonical_bytes({"facts": dict(facts), "stops": told})).hexdigest()


class _Case:
    """The considered rules of one decision, defeaters first."""

    def __init__(self, considered: list[Considered], point: DecisionPoint) -> None:
        self.considered = considered
        self.point = point
        self.unknown = [found.rule.id for found in considered if found.value is None]

    def standing(self, settled: Mapping[str, bool]) -> set[str]:
        """Return which rules stand if the unknown ones have the values given."""
        stands: set[str] = set()
        defeated: set[str] = set()
        fallbacks = []
        for found in self.considered:
            rule = found.rule
            true = settled[rule.id] if found.value is None else found.value
            if rule.fallback and true:
                fallbacks.append(rule)
            elif true and rule.id not in defeated:
                stands.add(rule.id)
                defeated.update(rule.beats)
        if not any(found.rule.is_local and found.rule.id in stands for found in self.considered):
            stands.update(rule.id for rule in fallbacks)
        return stands

    def status_of(self, stands: set[str]) -> Status:
        """Return the status that a set of standing rules gives."""
        said = {f.rule.modality_at(self.point) for f in self.considered if f.rule.id in stands}
        if Modality.PROHIBITION in said and said.intersection(ALLOWING):
            return Status.CONFLICT
        return next((status for modality, status in ONE_SIDED if modality in said), Status.NO_RULE)

    def assignments(self) -> Iterator[dict[str, bool]]:
        """Yield ways the unknown rules may turn out: all, or of very many the corners and single flips."""
        if len(self.unknown) <= ENUMERATED_MAX:
            for values in product((False, True), repeat=len(self.unknown)):
                yield dict(zip(self.unknown, values, strict=True))
            return
        for base in (False, True):
            corner = dict.fromkeys(self.unknown, base)
            yield corner
            for rule_id in self.unknown:
                yield {**corner, rule_id: not base}

    def status(self) -> tuple[Status, set[str]]:
        """Return the status, and the unknown rules that could change it (empty unless undetermined)."""
        outcomes = [(given, self.status_of(self.standing(given))) for given in self.assignments()]
        if len({status for _, status in outcomes}) == 1:
            return outcomes[0][1], set()
        by_key = {tuple(sorted(given.items())): status for given, status in outcomes}
        deciding = set()
        for given, status in outcomes:
            for rule_id in self.unknown:
                flipped = tuple(sorted({**given, rule_id: not given[rule_id]}.items()))
                if by_key.get(flipped, status) is not status:
                    deciding.add(rule_id)
        return Status.UNDETERMINED, deciding or set(self.unknown)

    def traces(self) -> Iterator[RuleTrace]:
        """Yield every considered rule with where it ended up."""
        outcomes = [self.standing(given) for given in self.assignments()]
        always = set.intersection(*outcomes)
        ever = set.union(*outcomes)
        for found in self.considered:
            beaten_by = tuple(f.rule.id for f in self.considered if found.rule.id in f.rule.beats and f.rule.id in ever)
            standing = self._where(found, always, ever)
            atoms = found.atoms + tuple(self._fallback_atom(found.rule, always, ever))
            defeated_by = beaten_by if standing is Standing.DEFEATED else ()
            yield RuleTrace(
                rule=found.rule,
                modality=found.rule.modality_at(self.point),
                effect=found.rule.effect_at(self.point),
                standing=standing,
                atoms=atoms,
                missing=found.missing,
                defeated_by=defeated_by,
            )

    def _where(self, found: Considered, always: set[str], ever: set[str]) -> Standing:
        if found.value is False:
            return Standing.FAILS
        if found.rule.id in always:
            return Standing.STANDS
        if found.rule.id in ever:
            return Standing.UNKNOWN
        return Standing.FAILS if found.rule.fallback else Standing.DEFEATED

    def _fallback_atom(self, rule: Rule, always: set[str], ever: set[str]) -> Iterator[AtomTrace]:
        if rule.fallback:
            value = True if rule.id in always else (None if rule.id in ever else False)
            yield AtomTrace("none-of-its-own", "no policy, order or agreement of the custodian's own speaks", value, {})


def _conflicts(traces: tuple[RuleTrace, ...], rulebook: Rulebook) -> Iterator[Conflict]:
    standing = [trace for trace in traces if trace.standing is Standing.STANDS]
    for prohibition in standing:
        if prohibition.modality is Modality.PROHIBITION:
            for other in standing:
                if other.modality in ALLOWING:
                    yield _conflict(prohibition.rule, other.rule, rulebook)


def _conflict(first: Rule, second: Rule, rulebook: Rulebook) -> Conflict:
    ranks = rulebook.pack.ranks
    return Conflict(
        prohibition=first.id,
        against=second.id,
        higher_rank=_greater(first, second, -ranks.index(first.bindingness), -ranks.index(second.bindingness)),
        later=_later(first, second, rulebook),
        more_specific=_greater(first, second, first.specificity, second.specificity),
    )


def _greater(first: Rule, second: Rule, of_first: int, of_second: int) -> str | None:
    if of_first == of_second:
        return None
    return first.id if of_first > of_second else second.id


def _later(first: Rule, second: Rule, rulebook: Rulebook) -> str | None:
    """Say which began later, or None where the two starts overlap or one was not found."""
    a, b = rulebook.period(first.id).start, rulebook.period(second.id).start
    if a is None or b is None or None in (a.earliest, a.latest, b.earliest, b.latest):
        return None
    if a.surely_by(b.earliest) and a != b:  # type: ignore[arg-type]
        return second.id
    return first.id if b.surely_by(a.earliest) and a != b else None  # type: ignore[arg-type]
