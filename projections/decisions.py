"""The rule trail: which rules spoke at each decision point of a case, which were cited, what was done.

    {"decision_point":"hold_past_release","at":"2026-01-16T17:00:00-06:00","status":"conflict",
     "rules":[...],"conflicts":[...],"missing":[],
     "cited":[{"rule":"US-I247A-2","by":"mn-freeborn-sheriff","event":"custody.hold_placed","position":7}],
     "done":[{"event":"custody.hold_ended","at":"2026-01-17T09:00:00-06:00","by":"mn-freeborn-sheriff","position":9}],
     "held_minutes":960,
     "clocks":[{"id":"C2","rule":"US-I247A-2","kind":"limit","starts":"...","ends":"...",...}],
     "agreements":[{"model":"WSO","in_force":"yes","sheet_before":"2026-01-15pm","sheet_after":"2026-01-20am",...}],
     "facts":{...},"pack":"us-mn","pack_digest":"...","facts_digest":"..."}

`projections.clocks` draws a clock whole. "Recorded under", not "unlawful": where derived, cited and done differ is a
finding, not a verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.events import episode
from domain.events.detainer import DetainerResponseDecided
from domain.events.fields import DecisionPoint
from domain.instants import Instant, Precision
from domain.rules.decide import decide
from domain.rules.pack import Model
from domain.rules.rulebook import Rulebook
from domain.rules.stops import NO_STOPS, Stops
from domain.rules.trace import Determination
from domain.rules.vocabulary import FactValue
from projections.clocks import clocks_of
from projections.decision_points import ACTS, Arisen, arisen_points
from projections.facts import AgreementsInForce, Case, Custodian, facts_of
from projections.leaving import departures_or_all, hold_ends, release_known
from projections.recorded import Recorded

AGREEMENT_FACTS = {model.fact for model in Model}

# The element of a custodian's answer to a detainer that was decided at each of these points.
ANSWERED: dict[DecisionPoint, str] = {
    DecisionPoint.RELEASE_NOTICE: "will_notify",
    DecisionPoint.HOLD_PAST_RELEASE: "will_hold",
    DecisionPoint.ALLOW_INTERVIEW: "will_allow_interview",
    DecisionPoint.HAND_OVER: "will_hand_over_at_release",
}


@dataclass(frozen=True, slots=True)
class Cited:
    """A rule that an agency itself says it applied."""

    rule: str
    by: str
    event: str
    position: int
    version: str | None = None
    modality: str | None = None
    role: str | None = None
    basis: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form, without what was not said."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision point of the case `ref`: what the pack derives, beside what was cited and done."""

    ref: str
    determination: Determination
    facts: dict[str, FactValue]
    cited: tuple[Cited, ...]
    done: tuple[Recorded, ...]
    clocks: tuple[dict[str, Any], ...]
    held_minutes: int | None
    agreements: tuple[dict[str, Any], ...]
    stops: Stops

    @property
    def status(self) -> str:
        """Return the status as written on the wire."""
        return self.determination.status.value

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            **self.determination.as_json(),
            "facts": self.facts,
            "cited": [cited.as_json() for cited in self.cited],
            "done": [_done(event) for event in self.done],
            "held_minutes": self.held_minutes,
            "clocks": list(self.clocks),
            "agreements": list(self.agreements),
        }


def decisions(
    events: Sequence[Recorded],
    ref: str,
    rulebook: Rulebook,
    *,
    agreements: AgreementsInForce | None,
    custodians: Mapping[str, Custodian],
    stops: Stops = NO_STOPS,
    points: Collection[DecisionPoint] = tuple(DecisionPoint),
) -> list[Decision]:
    """Return the decisions that arose in one case, oldest first.

    `events` are those of the case (an episode with its detainers and handoffs, or an agreement's), already filtered by
    known position and corrected. `custodians` maps facility ids. Pass None for `agreements` if no list of them was
    ever imported: then nothing is known of them, which differs from there being none. `stops` are the suspensions and
    ends of rules that the log tells of. Only decisions at `points` are made.
    """
    case = Case(events, custodians)
    arisen_there = [arisen for arisen in arisen_points(case) if arisen.point in points]
    return [_decision(case, ref, arisen, rulebook, agreements, stops) for arisen in arisen_there]


def _decision(
    case: Case, ref: str, arisen: Arisen, rulebook: Rulebook, agreements: AgreementsInForce | None, stops: Stops
) -> Decision:
    facts = facts_of(case, arisen.bearer, arisen.at, arisen.until, agreements)
    told = stops_at(stops, rulebook, arisen.point)
    determination = decide(facts, arisen.point, arisen.at, rulebook, told)
    return Decision(
        ref=ref,
        determination=determination,
        facts=facts,
        cited=tuple(_cited(case, arisen.point)),
        done=tuple(_acts(case, arisen)),
        clocks=tuple(clocks_of(case, determination, rulebook.zone)),
        held_minutes=_held_minutes(case, arisen),
        agreements=_listings(determination, facts, arisen.at, agreements),
        stops=told,
    )


def _listings(
    determination: Determination, facts: dict[str, FactValue], at: Instant, agreements: AgreementsInForce | None
) -> tuple[dict[str, Any], ...]:
    """Return which sheets show the agreements that a considered rule looked at."""
    looked_at = {name for trace in determination.rules for atom in trace.atoms for name in atom.facts}
    agency = facts.get("agency")
    if agreements is None or at.earliest is None or not isinstance(agency, str):
        return ()
    return agreements.listings(agency, at.earliest) if looked_at & AGREEMENT_FACTS else ()


def stops_at(stops: Stops, rulebook: Rulebook, point: DecisionPoint) -> Stops:
    """Return the stops that bear on a point: that of a rule which does not speak there leaves the decision as it is."""
    return {
        rule: told for rule, told in stops.items() if rulebook.has_rule(rule) and rulebook.rule(rule).speaks_at(point)
    }


def _acts(case: Case, arisen: Arisen) -> Iterator[Recorded]:
    """Yield what was done from the moment on; an act that nothing orders before it is kept."""
    for event in case.of(*ACTS[arisen.point]):
        if not event.occurred.surely_before(arisen.at):
            yield event


def _done(event: Recorded) -> dict[str, Any]:
    return {
        "event": event.type,
        "at": event.occurred.as_json(),
        "by": event.agency,
        "position": event.position,
    }


def _cited(case: Case, point: DecisionPoint) -> Iterator[Cited]:
    for event in case.of(*ACTS[point], DetainerResponseDecided):
        if isinstance(event.data, DetainerResponseDecided) and not _answers(event.data, point):
            continue
        basis = event.data.decision_basis.value if event.data.decision_basis else None
        for rule in event.data.cited_rules:
            modality = rule.modality.value if rule.modality else None
            yield Cited(
                rule=rule.rule,
                by=event.agency,
                event=event.type,
                position=event.position,
                version=rule.version,
                modality=modality,
                role=rule.cited_by_role,
                basis=basis,
            )
        if isinstance(event.data, episode.HoldPlaced) and event.data.instrument:
            yield Cited(event.data.instrument, event.agency, event.type, event.position, basis=basis)


def _answers(response: DetainerResponseDecided, point: DecisionPoint) -> bool:
    return point in ANSWERED and getattr(response.elements, ANSWERED[point]) is not None


def _held_minutes(case: Case, arisen: Arisen) -> int | None:
    """Return the whole minutes from release being due to the first recorded end, or None if not exact.

    A departure alone does not show when release was due.
    """
    if arisen.point is not DecisionPoint.HOLD_PAST_RELEASE or release_known(case) is None:
        return None
    later = (end for end in hold_ends(case) if not end.occurred.surely_before(arisen.at))
    ended = [end.occurred for end in departures_or_all(later)]
    if not ended or Precision.EXACT is not ended[0].precision or Precision.EXACT is not arisen.at.precision:
        return None
    return _minutes(arisen.at, ended[0])


def _minutes(first: Instant, last: Instant) -> int | None:
    if first.earliest is None or last.earliest is None:
        return None
    return int((last.earliest - first.earliest).total_seconds() // 60)
