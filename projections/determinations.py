"""Determinations: what the pack derived at each decision point of a case, at every position where that changed.

    {"ref":"episode/e-1","position":42,"decision_point":"hold_past_release","status":"prohibited",
     "pack":"us-mn","pack_digest":"...","rules":[...],"cited":[...],"done":[...],"facts":{...},...}
    {"ref":"episode/e-1","position":51,"decision_point":"hold_past_release","withdrawn":true}

A row holds from its position until the next row of the same case and point: it rests on what the log held by then and
on the pack known then, so a past row never changes. `withdrawn` says that the point no longer arises (its event was
retracted). Nothing here is appended to the log: anybody rebuilds the same bytes from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.canonical import canonical_bytes
from domain.events.fields import DecisionPoint
from domain.rules.rulebook import Rulebook
from projections.amendments import Amendments
from projections.cases import CaseEvents
from projections.decisions import Decision, decisions
from projections.facts import AgreementsInForce, Custodian


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What was known at a position beside a case's own events; no agreements: no list of them was imported."""

    rulebook: Rulebook
    agreements: AgreementsInForce | None


KnownAt = Callable[[int], Knowledge]


def determinations(
    case: CaseEvents,
    amending: Amendments,
    custodians: Mapping[str, Custodian],
    known_at: KnownAt,
    learned: Iterable[int] = (),
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one case, oldest position first.

    `learned` are the positions at which something beside the case became known: agreements, rules, packs.
    """
    own = {event.position for event in case.events}
    own.update(one.position for event in case.events for one in amending.of(event))
    last: dict[DecisionPoint, bytes] = {}
    for position in sorted(own | {position for position in learned if position > min(own)}):
        found = _decided(case, amending, custodians, known_at(position), position)
        for point in [point for point in last if point not in found]:
            del last[point]
            yield {"ref": case.ref, "position": position, "decision_point": point.value, "withdrawn": True}
        for point, decision in found.items():
            row = decision.as_json()
            body = canonical_bytes(row)
            if last.get(point) != body:
                last[point] = body
                yield {"ref": case.ref, "position": position, **row}


def _decided(
    case: CaseEvents, amending: Amendments, custodians: Mapping[str, Custodian], known: Knowledge, position: int
) -> dict[DecisionPoint, Decision]:
    events = [event for event in case.events if event.position <= position]
    made = decisions(
        list(amending.apply(events, position)),
        case.ref,
        known.rulebook,
        agreements=known.agreements,
        custodians=custodians,
    )
    return {decision.determination.decision_point: decision for decision in made}
