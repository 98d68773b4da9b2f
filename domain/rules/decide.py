"""`decide`: facts, a decision point, a moment and a pack give a determination. Pure: no clock, no I/O.

1. Rules that may bind here and now are considered; each is true, false or unknown.
2. A true rule stands unless a standing rule overrides it or is an exception to it.
3. A fallback rule ("no written policy") stands where no rule of the custodian's own stands.
4. A standing prohibition against a standing obligation or permission is a conflict; both are shown.
5. If the unknown rules could change the status, it is undetermined, and the missing facts are named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from domain.canonical import canonical_bytes
from domain.events.fields import DecisionPoint, Modality
from domain.instants import Instant
from domain.rules.considered import Considered, as_read, consider
from domain.rules.masks import ALLOWING, LOCAL, status_of
from domain.rules.outcomes import Family, combined, deciding_rules, families_of
from domain.rules.pack import Rule, Status
from domain.rules.pointbook import PointBook
from domain.rules.rulebook import Rulebook
from domain.rules.stops import NO_STOPS, Stops
from domain.rules.trace import AtomTrace, Conflict, Determination, Outcome, ReadingTrace, RuleTrace, Standing
from domain.rules.truth import Truth
from domain.rules.vocabulary import Facts


def decide(
    facts: Facts, decision_point: DecisionPoint, valid_at: Instant, rulebook: Rulebook, stops: Stops = NO_STOPS
) -> Determination:
    """Derive what the pack says at a decision point.

    Facts are flat and typed, absent where unknown; `stops` are the suspensions and ends that the log tells of.
    What two decisions look at alike comes out alike, so the rulebook remembers outcomes by what they looked at.
    """
    outcome = _outcome(rulebook, decision_point, facts, valid_at, stops)
    return Determination(
        decision_point=decision_point,
        valid_at=valid_at,
        status=outcome.status,
        rules=outcome.rules,
        conflicts=outcome.conflicts,
        missing=outcome.missing,
        readings=outcome.readings,
        pack=rulebook.pack.pack,
        pack_digest=rulebook.digest,
        facts_digest=_facts_digest(facts, stops),
    )


def _facts_digest(facts: Facts, stops: Stops) -> str:
    """Return SHA-256 over all that was looked at beside the pack and the moment."""
    told = {rule_id: [stop.as_json() for stop in of_rule] for rule_id, of_rule in stops.items()}
    return hashlib.sha256(canonical_bytes({"facts": dict(facts), "stops": told})).hexdigest()


def _outcome(rulebook: Rulebook, point: DecisionPoint, facts: Facts, valid_at: Instant, stops: Stops) -> Outcome:
    book = rulebook.at(point)
    if stops:  # they are seldom, and no part of a shape
        return _derived(book, facts, valid_at, rulebook, stops)
    shape = book.shape(facts, valid_at)
    outcome = book.remembered(shape)
    if outcome is None:
        outcome = _derived(book, facts, valid_at, rulebook, stops)
        book.remember(shape, outcome)
    return outcome


def _derived(book: PointBook, facts: Facts, valid_at: Instant, rulebook: Rulebook, stops: Stops) -> Outcome:
    considered = [found for entry in book.rules if (found := consider(entry, facts, valid_at, stops))]
    families = families_of(considered)
    masks = combined(families)
    status = _status(masks)
    deciding = deciding_rules(families) if status is Status.UNDETERMINED else set()
    traces = tuple(_traces(considered, families, masks))
    named = [name for found in considered if found.rule.id in deciding for name in found.missing]
    return Outcome(
        status=status,
        rules=traces,
        conflicts=tuple(_conflicts(traces, rulebook)),
        missing=tuple(dict.fromkeys(named)),
        readings=tuple(_readings(considered, facts)),
    )


def _status(masks: frozenset[int]) -> Status:
    statuses = {status_of(mask) for mask in masks}
    return Status.UNDETERMINED if len(statuses) > 1 else statuses.pop()


def _readings(considered: list[Considered], facts: Facts) -> Iterator[ReadingTrace]:
    """Yield every rival reading with the status there would be if it, and it alone, were taken."""
    for place, found in enumerate(considered):
        for reading in found.rule.readings:
            taken = [*considered[:place], as_read(found, reading, facts), *considered[place + 1 :]]
            yield ReadingTrace(found.rule.id, reading, _status(combined(families_of(taken))))


def _traces(considered: list[Considered], families: list[Family], masks: frozenset[int]) -> Iterator[RuleTrace]:
    """Yield every considered rule with where it ended up."""
    always = {rule_id for family in families for rule_id in family.always}
    ever = {rule_id for family in families for rule_id in family.ever}
    beaten_by: dict[str, list[str]] = {}
    for found in considered:
        for beaten in found.rule.beats if found.rule.id in ever else ():
            beaten_by.setdefault(beaten, []).append(found.rule.id)
    unanswered = _nothing_of_its_own(masks)
    for found in considered:
        rule = found.rule
        atoms = found.atoms
        if rule.fallback:
            words = "no policy, order or agreement of the custodian's own speaks to this case"
            atoms = (*atoms, AtomTrace("none-of-its-own", words, unanswered, {}))
        standing = _fallback_standing(found, unanswered) if rule.fallback else _standing(found, always, ever)
        yield RuleTrace(
            rule=rule,
            modality=found.entry.modality,
            effect=found.entry.effect,
            standing=standing,
            atoms=atoms,
            missing=found.missing,
            defeated_by=tuple(beaten_by.get(rule.id, ())) if standing is Standing.DEFEATED else (),
        )


def _nothing_of_its_own(masks: frozenset[int]) -> Truth:
    """Say whether no rule of the custodian's own stands; None if that depends on what is unknown."""
    local = {bool(mask & LOCAL) for mask in masks}
    return None if len(local) > 1 else local == {False}


def _fallback_standing(found: Considered, unanswered: Truth) -> Standing:
    if found.value is False or unanswered is False:
        return Standing.FAILS
    return Standing.STANDS if found.value and unanswered else Standing.UNKNOWN


def _standing(found: Considered, always: set[str], ever: set[str]) -> Standing:
    if found.value is False:
        return Standing.FAILS
    if found.rule.id in always:
        return Standing.STANDS
    return Standing.UNKNOWN if found.rule.id in ever else Standing.DEFEATED


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
