"""Handoffs with both sides: who said custody passed, when, and whether the two records agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.events import handoff
from domain.events.detainer import DetainerLifted, LiftCode
from domain.instants import Instant
from projections.recorded import Recorded


@dataclass(frozen=True, slots=True)
class Telling:
    """One agency's word about the transfer."""

    agency: str
    at: Instant
    position: int
    type: str


@dataclass(slots=True)
class Handoff:
    """What has been said about one handoff."""

    facility: str | None = None
    subject: str | None = None
    detainer: str | None = None
    releasing: str | None = None
    receiving: str | None = None
    transfers: list[Telling] = field(default_factory=list)
    confirmations: list[Telling] = field(default_factory=list)
    contests: list[Telling] = field(default_factory=list)
    others: list[Telling] = field(default_factory=list)


class Handoffs:
    """The fold: one row a handoff in which a transfer, a confirmation, a contest or a no-show was recorded."""

    name = "handoffs"
    topics = (*(event.TYPE for event in handoff.EVENTS), DetainerLifted.TYPE)

    def __init__(self) -> None:
        self._handoffs: dict[str, Handoff] = {}
        self._declined: dict[str, list[Telling]] = {}

    def apply(self, event: Recorded) -> None:
        """Fold one event."""
        data = event.data
        telling = Telling(event.agency, event.occurred, event.position, event.type)
        if isinstance(data, DetainerLifted) and data.lift_code is LiftCode.DECLINED_BY_LEA:
            self._declined.setdefault(event.stream_id, []).append(telling)
        if isinstance(data, handoff.HandoffData):
            self._apply(self._handoffs.setdefault(event.stream_id, Handoff()), telling, data)

    def _apply(self, found: Handoff, telling: Telling, data: handoff.HandoffData) -> None:
        found.facility = found.facility or data.facility
        found.subject = found.subject or data.subject
        found.detainer = found.detainer or data.detainer
        if isinstance(data, handoff.CustodyTransferred):
            found.releasing, found.receiving = data.releasing_agency, data.receiving_agency
            found.transfers.append(telling)
        elif isinstance(data, handoff.CustodyTransferConfirmed):
            found.confirmations.append(telling)
        elif isinstance(data, handoff.CustodyTransferContested):
            found.contests.append(telling)
        elif isinstance(data, handoff.PickupNoShow | handoff.PickupArrived):
            found.others.append(telling)

    def rows(self, facility: str | None = None) -> list[dict[str, Any]]:
        """Return `handoff`, `subject`, `from`, `to`, `status`, `minutes_apart`, `said`, `events`, by handoff id.

        Status: agreed (both sides told it), one_sided, contested (the other side said no), contradicted (told as
        a transfer while ICE's lift says "Declined by LEA"), no_transfer (a pickup was missed or came to nothing).
        """
        chosen = ((key, h) for key, h in sorted(self._handoffs.items()) if facility in (None, h.facility))
        return [self._row(key, found) for key, found in chosen if _said(found)]

    def _row(self, key: str, found: Handoff) -> dict[str, Any]:
        declined = self._declined.get(found.detainer or "", [])
        said = sorted([*_said(found), *declined], key=lambda telling: telling.position)
        return {
            "handoff": key,
            "subject": found.subject,
            "facility": found.facility,
            "from": found.releasing,
            "to": found.receiving,
            "status": _status(found, declined=bool(declined)),
            "minutes_apart": _minutes_apart(found),
            "said": [{"agency": t.agency, "type": t.type, "at": t.at.as_json()} for t in said],
            "events": [telling.position for telling in said],
        }

    def snapshot(self) -> list[dict[str, Any]]:
        """Return the whole state as JSON, the same for the same events."""
        return self.rows()


def _said(found: Handoff) -> list[Telling]:
    return [*found.transfers, *found.confirmations, *found.contests, *found.others]


def _status(found: Handoff, *, declined: bool) -> str:
    tellers = {telling.agency for telling in [*found.transfers, *found.confirmations]}
    if found.contests:
        return "contested"
    if not tellers:
        return "no_transfer"
    if declined:
        return "contradicted"
    return "agreed" if len(tellers) > 1 else "one_sided"


def _minutes_apart(found: Handoff) -> int | None:
    """Return the minutes between the two sides' exact times of transfer, None if either is missing or inexact."""
    ours, theirs = (_exact(found, side) for side in (found.releasing, found.receiving))
    if ours is None or theirs is None:
        return None
    return round(abs((theirs - ours).total_seconds()) / 60)


def _exact(found: Handoff, agency: str | None) -> datetime | None:
    moments = [t.at.earliest for t in found.transfers if t.agency == agency and t.at.earliest == t.at.latest]
    return moments[-1] if moments else None
