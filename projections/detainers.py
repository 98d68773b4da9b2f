"""Detainers: from preparation to lift, as the issuer and the custodian tell it.

A detainer is active from when it was prepared until somebody's word ends it. Which word that was stays visible: ICE's
"Declined by LEA" is ICE's assertion, and an empty lift reason is shown as empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.events import detainer
from projections.folding.seen import Seen, first_of, json_text
from projections.folding.table import Kind, Row, Table

DETAINERS = Table(
    "detainers",
    {
        "detainer": Kind.TEXT,
        "facility": Kind.TEXT,
        "facility_as_printed": Kind.TEXT,
        "subject": Kind.TEXT,
        "episode": Kind.TEXT,
        "form": Kind.TEXT,
        "issuer": Kind.TEXT,
        "prepared": Kind.JSON,
        "status": Kind.TEXT,
        "lifted": Kind.JSON,
        "lift_code": Kind.TEXT,
        "lift_reason": Kind.TEXT,
        "received_at": Kind.MOMENT,
        "valid_from": Kind.MOMENT,
        "valid_to": Kind.MOMENT,
        "declined": Kind.JSON,
        "events": Kind.JSON,
    },
    "detainers; valid from preparation until the first word that ends it",
)

PREPARED, LIFTED = detainer.DetainerPrepared.TYPE, detainer.DetainerLifted.TYPE
ENDS = {
    LIFTED: "lifted",
    detainer.DetainerCancelled.TYPE: "cancelled",
    detainer.DetainerSuperseded.TYPE: "superseded",
    detainer.DetainerExpiredUnclaimed.TYPE: "expired_unclaimed",
}
RECEIVED = (
    detainer.DetainerReceived.TYPE,
    detainer.DetainerAcknowledged.TYPE,
    detainer.DetainerResponseDecided.TYPE,
    detainer.DetainerServedOnSubject.TYPE,
    detainer.DetainerNotHonored.TYPE,
    detainer.DetainerDisputed.TYPE,
)
WHAT = ("facility", "subject", "episode")
FAR = 2**62


class Detainers:
    """The fold: a row for each detainer."""

    name = "detainers"
    kind = "detainer"
    version = "1"
    tables = (DETAINERS,)
    fields: Mapping[str, Sequence[str]] = {
        PREPARED: (*WHAT, "form", "facility_as_printed"),
        detainer.DetainerTransmitted.TYPE: WHAT,
        **dict.fromkeys((*ENDS, *RECEIVED), WHAT),
        LIFTED: (*WHAT, "lift_code", "lift_reason_as_printed"),
    }

    def keys(self, seen: Seen) -> Sequence[str]:
        """Return the detainer."""
        return (seen.stream[9:],)

    def rows(self, key: str, events: Sequence[Seen]) -> list[Row]:
        """Return the row of a detainer."""
        if not events:
            return []
        prepared = next((event for event in events if event.type == PREPARED), None)
        ends = [event for event in events if event.type in ENDS]
        ended = min(ends, key=_when, default=None)
        lifted = next((event for event in reversed(ends) if event.type == LIFTED), None)
        facility, subject, episode = (first_of(events, name) for name in WHAT)
        began = prepared or events[0]
        values: tuple[Any, ...] = (
            key,
            facility,
            prepared.data.facility_as_printed if prepared else None,
            subject,
            episode,
            prepared.data.form if prepared else None,
            prepared.agency if prepared else None,
            json_text(prepared.told) if prepared else None,
            ENDS[ended.type] if ended else "active",
            json_text(ended.told) if ended else None,
            lifted.data.lift_code if lifted else None,
            lifted.data.lift_reason_as_printed if lifted else None,
            min((e.earliest for e in events if e.type in RECEIVED and e.earliest is not None), default=None),
            began.earliest,
            ended.latest if ended else None,
            _declined(ends),
            json_text([event.position for event in events]),
        )
        return [(DETAINERS.name, values)]


def _when(event: Seen) -> tuple[int, int]:
    return FAR if event.latest is None else event.latest, event.position


def _declined(ends: Sequence[Seen]) -> str | None:
    """Return who lifted it as "Declined by LEA", when, and in which event; None if nobody did."""
    code = detainer.LiftCode.DECLINED_BY_LEA
    told = [
        {"agency": event.agency, "type": event.type, "at": event.told, "event": event.position}
        for event in ends
        if event.type == LIFTED and event.data.lift_code == code
    ]
    return json_text(told) if told else None
