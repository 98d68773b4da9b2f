"""Who is in custody at a facility, as of a moment and as known at a position."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.known import amendments
from adapters.queries import facility_events
from adapters.questions.asked import Asked
from adapters.read_models.answers import kept
from adapters.read_models.rows import ModelRow
from domain.instants import format_rfc3339, microseconds
from projections.custody import CONTRADICTIONS, HELD, STAYS, Custody, in_custody
from projections.folding.now import rows_now
from projections.folding.table import holds_at

Rows = list[ModelRow]


@dataclass(frozen=True, slots=True)
class State:
    """Who is in custody (`projections.custody.in_custody` gives the rows), and what counts nowhere."""

    facility: str
    at: datetime
    known: int
    in_custody: list[dict[str, Any]]
    contradictions: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "facility": self.facility,
            "at": format_rfc3339(self.at),
            "known": self.known,
            "count": len(self.in_custody),
            "in_custody": self.in_custody,
            "contradictions": self.contradictions,
        }


def custody_at(asked: Asked, facility: str, *, at: datetime, upto: int) -> State:
    """Answer for one facility; raise InputRefused(unknown_facility)."""
    asked.services.register.facility(facility)
    stays, holds, contradictions = _facility(asked, facility, microseconds(at), upto)
    shown = [{name: found[name] for name in ("kind", "episode", "events")} for found in contradictions]
    return State(facility, at, upto, in_custody(stays, holds), shown)


def _facility(asked: Asked, facility: str, moment: int, upto: int) -> tuple[Rows, Rows, Rows]:
    """Return the stays and holds of a moment, and the contradictions: as kept, else from the facility's events."""
    services, ledger = asked.services, asked.ledger
    model = kept(services.models(), ledger, Custody.name, upto)
    if model is None:
        amending = amendments(ledger, upto)
        events = amending.apply(facility_events(ledger, facility, upto, amending))
        found = rows_now(services.custody(), events)
        stays = [row for row in found[STAYS.name] if row["facility"] == facility and holds_at(row, moment)]
        holds = [row for row in found[HELD.name] if holds_at(row, moment)]
        return stays, holds, [row for row in found[CONTRADICTIONS.name] if row["facility"] == facility]
    stays = model.holding(STAYS.name, facility, moment, upto)
    episodes = [stay["episode"] for stay in stays]
    holds = [row for row in model.rows(HELD.name, upto, {"episode": episodes}) if holds_at(row, moment)]
    contradictions = list(model.rows(CONTRADICTIONS.name, upto, {"facility": [facility]}))
    model.close()
    return stays, holds, contradictions
