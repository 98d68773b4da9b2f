"""The rule trail: which rules spoke at each decision point of a case, which were cited, what was done.

    {"decision_point":"hold_past_release","at":"2026-01-16T17:00:00-06:00","status":"conflict",
     "rules":[...],"conflicts":[...],"missing":[],
     "cited":[{"rule":"US-I247A-2","by":"mn-freeborn-sheriff","event":"custody.hold_placed","position":7}],
     "done":[{"event":"custody.hold_ended","at":"2026-01-17T09:00:00-06:00","by":"mn-freeborn-sheriff","position":9}],
     "held_minutes":960,
     "clocks":[{"clock":"C2","rule":"US-I247A-2","start":"...","hours":48,"calendar":"wall","runs_out":"..."}],
     "facts":{...},"pack":"us-mn","pack_digest":"...","facts_digest":"..."}

"Recorded under", not "unlawful": where derived, cited and done differ is a finding, not a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendars import ClockStart, expiry_instant
from domain.events import episode
from domain.events.detainer import DetainerResponseDecided
from domain.events.fields import DecisionPoint
from domain.instants import Instant, Precision
from domain.rules.decide import decide
from domain.rules.rulebook import Rulebook
from domain.rules.trace import Determination, Standing
from domain.rules.vocabulary import FactValue
from projections.decision_points import ACTS, HOLD_ENDS, Arisen, arisen_points
from projections.facts import AgreementsInForce, Case, Custodian, facts_of, service_of_warrant
from projections.recorded import Recorded


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
        }


def decisions(
    events: Sequence[Recorded],
    ref: str,
    rulebook: Rulebook,
    *,
    agreements: AgreementsInForce | None,
    custodians: Mapping[str, Custodian],
) -> list[Decision]:
    """Return the decisions that arose in one case, oldest first.

    `events` are those of the case (an episode with its detainers and handoffs), already filtered by known
    position and corrected. `custodians` maps facility ids. Pass None for `agreements` if no list of them was
    ever imported: then nothing is known of them, which differs from there being none.
    """
    case = Case(events, custodians)
    return [_decision(case, ref, arisen, rulebook, agreements) for arisen in arisen_points(case)]


def _decision(
    case: Case, ref: str, arisen: Arisen, rulebook: Rulebook, agreements: AgreementsInForce | None
) -> Decision:
    facts = facts_of(case, arisen.at, arisen.until, agreements)
    determination = decide(facts, arisen.point, arisen.at, rulebook)
    return Decision(
        ref=ref,
        determination=determination,
        facts=facts,
        cited=tuple(_cited(case, arisen.point)),
        done=tuple(_acts(case, arisen)),
        clocks=tuple(_clocks(case, arisen, determination, rulebook.zone)),
        held_minutes=_held_minutes(case, arisen),
    )


def _acts(case: Case, arisen: Arisen) -> Iterator[Recorded]:
    """Yield what was done from the moment on; an act that nothing orders before it is kept."""
    for event in case.of(*ACTS[arisen.point]):
        before = arisen.at.earliest is not None and event.occurred.latest is not None
        if not (before and event.occurred.latest < arisen.at.earliest):  # type: ignore[operator]
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


def _clocks(case: Case, arisen: Arisen, determination: Determination, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    for trace in determination.rules:
        clock = trace.rule.clock
        if clock is None or trace.standing is not Standing.STANDS:
            continue
        start = service_of_warrant(case, arisen.until) if clock.start is ClockStart.ADMIN_WARRANT_SERVED else arisen.at
        if start is not None:
            yield {
                "clock": clock.id,
                "rule": trace.rule.id,
                "start": start.as_json(),
                "hours": clock.hours,
                "calendar": clock.calendar.value,
                "runs_out": expiry_instant(clock, start, zone).as_json(),
            }


def _held_minutes(case: Case, arisen: Arisen) -> int | None:
    """Return the whole minutes from release being due to the first recorded end, or None if not exact."""
    if arisen.point is not DecisionPoint.HOLD_PAST_RELEASE:
        return None
    ends = [end for end in case.of(*HOLD_ENDS) if end.occurred.sort_key >= arisen.at.sort_key]
    departures = [end.occurred for end in ends if not isinstance(end.data, episode.HoldEnded)]
    ended = departures or [
        end.occurred
        for end in ends
        if isinstance(end.data, episode.HoldEnded) and end.data.kind is episode.HoldKind.IMMIGRATION
    ]
    if not ended or Precision.EXACT is not ended[0].precision or Precision.EXACT is not arisen.at.precision:
        return None
    return _minutes(arisen.at, ended[0])


def _minutes(first: Instant, last: Instant) -> int | None:
    if first.earliest is None or last.earliest is None:
        return None
    return int((last.earliest - first.earliest).total_seconds() // 60)
