"""The audit trail of one case: what happened, which rules spoke at each decision point, what disagrees.

    {"ref":"episode/mn-cass-jail.1","known":350,"pack":{"id":"us-mn","version":"...","digest":"...","published":null},
     "events":[{"position":5,"at":"...","type":"custody.subject_booked","agency":"mn-cass-sheriff","source":"...",
                "stream":"...","recorded_at":"...","source_recorded":"...","data":{...},
                "amended_by":[{"position":9,"type":"record.event_corrected"}],"id":"...","signed":true,"via":null}],
     "decisions":[...],"findings":[...]}

Events are in the order in which things happened. `projections/decisions.py` draws a decision, `projections/finding.py`
a finding.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.cases import decided_case
from adapters.known import ice_told_until
from adapters.queries import FoundCase, find_case
from adapters.questions.asked import Asked
from adapters.questions.disagreeing import with_answers
from domain.instants import format_rfc3339
from projections.amendments import Amendments
from projections.facts import Case
from projections.finding import Setting
from projections.finding_row import finding_row
from projections.findings import findings
from projections.linked_cases import case_of
from projections.recorded import Recorded


@dataclass(frozen=True, slots=True)
class Trail:
    """The trail of a case, as known at a position."""

    ref: str
    known: int
    pack: dict[str, Any]
    events: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    findings: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {name: getattr(self, name) for name in self.__slots__}


def trail(asked: Asked, ref: str, *, at: datetime | None, upto: int) -> Trail:
    """Return the trail of an episode, detainer, handoff or agreement; raise InputRefused(unknown_reference)."""
    return trail_of(asked, find_case(asked.ledger, ref, upto), at=at, upto=upto)


def trail_of(asked: Asked, found: FoundCase, *, at: datetime | None, upto: int) -> Trail:
    """Return the trail of a case that was found as known at position `upto`."""
    services, ledger = asked.services, asked.ledger
    case = decided_case(services, ledger, found, at=at, upto=upto)
    against = Setting(case.rules.rulebook, case.agreements, ice_told_until(ledger, upto, at), case.stops)
    told_of = case_of(case.ref, case.amended)
    given = findings(Case(case.amended, services.custodians()), case.decisions, against)
    rows = [finding_row(told_of, finding, case.amended, {}) for finding in given]
    return Trail(
        ref=case.ref,
        known=upto,
        pack=case.rules.as_json(),
        events=[event_row(event, case.amending) for event in in_order(case.events)],
        decisions=[decision.as_json() for decision in case.decisions],
        findings=with_answers(ledger, rows, case.amending, at=at, upto=upto),
    )


def in_order(events: list[Recorded]) -> list[Recorded]:
    """Order by when things happened, then by when the ledger knew them."""
    return sorted(events, key=lambda event: (event.occurred.sort_key, event.position))


def event_row(event: Recorded, amending: Amendments) -> dict[str, Any]:
    """Return one event as the trail shows it, as published, with what later amended it."""
    return {
        "position": event.position,
        "at": event.occurred.as_json(),
        "type": event.type,
        "agency": event.agency,
        "source": event.envelope.source,
        "stream": event.stream,
        "recorded_at": format_rfc3339(event.recorded_at),
        "source_recorded": event.envelope.recorded.as_json(),
        "data": event.envelope.data.model_dump(mode="json", exclude_defaults=True),
        "amended_by": [{"position": a.position, "type": a.data.TYPE} for a in amending.of(event)],
        "id": event.envelope.id,
        "signed": event.is_signed,
        "via": event.envelope.via,
    }
