"""Detainers: from preparation to lift, as the issuer and the custodian tell it.

A detainer is active from when it was prepared until somebody's word ends it. Which word that was stays visible: ICE's
"Declined by LEA" is ICE's assertion, and an empty lift reason is shown as empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain.events import detainer
from projections.folding.seen import Seen, by_time, first_of, in_log_order, json_text
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
        "prepared": Kind.INSTANT,
        "status": Kind.TEXT,
        "lifted": Kind.INSTANT,
        "lift_code": Kind.TEXT,
        "lift_reason": Kind.TEXT,
        "received_at": Kind.MOMENT,
        "valid_from": Kind.MOMENT,
        "valid_to": Kind.MOMENT,
        "declined": Kind.JSON,
        "ends": Kind.JSON,
        "events": Kind.POSITIONS,
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
RECEIVED = (  # each shows that the custodian has the form
    detainer.DetainerReceived.TYPE,
    detainer.DetainerAcknowledged.TYPE,
    detainer.DetainerResponseDecided.TYPE,
)
WHAT = ("facility", "subject", "episode")
FAR = 2**62


class Detainers:
    """The fold: a row for each detainer."""

    name = "detainers"
    kind = "detainer"
    version = "4"
    tables = (DETAINERS,)
    fields: Mapping[str, Sequence[str]] = {
        PREPARED: (*WHAT, "form", "facility_as_printed"),
        **dict.fromkeys((*ENDS, *RECEIVED), WHAT),
        LIFTED: (*WHAT, "lift_code", "lift_reason_as_printed"),
    }

    def keys(self, seen: Seen) -> Sequence[str]:
        """Return the detainer."""
        return (seen.stream[9:],)

    def rows(self, key: str, events: Sequence[Seen]) -> list[Row]:
        """Return the row of a detainer; `events` are those that shape it."""
        if not events:
            return []
        events = by_time(events)
        prepared: Seen | None = None
        received: Seen | None = None
        ends: list[Seen] = []
        for event in events:
            if event.type in ENDS:
                ends.append(event)
            elif event.type != PREPARED:
                received = received or event
            elif prepared is None:
                prepared = event
        shaping = [event for event in (prepared, received, *ends) if event]
        began = prepared or events[0]
        what = tuple(getattr(prepared.data, name) or first_of(events, name) for name in WHAT) if prepared else None
        facility, subject, episode = what or (first_of(events, name) for name in WHAT)
        values: tuple[Any, ...] = (
            key,
            facility,
            prepared.data.facility_as_printed if prepared else None,
            subject,
            episode,
            prepared.data.form if prepared else None,
            prepared.agency if prepared else None,
            json_text(prepared.told) if prepared else None,
            *_ending(ends),
            received.earliest if received else None,
            began.earliest,
            min(ends, key=_when).latest if ends else None,
            _declined(ends) if ends else None,
            _ends(ends) if len(ends) > 1 else None,
            json_text([event.position for event in in_log_order(shaping)]),
        )
        return [(DETAINERS.name, values)]


def _ending(ends: Sequence[Seen]) -> tuple[Any, ...]:
    """Return status, when it ended, lift code and lift reason; the first word counts, the last lift explains it."""
    if not ends:
        return "active", None, None, None
    ended = min(ends, key=_when)
    lifted = next((event.data for event in reversed(ends) if event.type == LIFTED), None)
    code, reason = (lifted.lift_code, lifted.lift_reason_as_printed) if lifted else (None, None)
    return ENDS[ended.type], json_text(ended.told), code, reason


def _ends(ends: Sequence[Seen]) -> str:
    """Return each word that ends it, in the order of their times: which one counts goes by the moment asked about."""
    return json_text(
        [
            {
                "status": ENDS[event.type],
                "at": event.told,
                "lift_reason": event.data.lift_reason_as_printed if event.type == LIFTED else None,
                "event": event.position,
            }
            for event in ends
        ]
    )


def _when(event: Seen) -> tuple[int, int]:
    return FAR if event.latest is None else event.latest, event.position


def _declined(ends: Sequence[Seen]) -> str | None:
    """Return who lifted it as "Declined by LEA", when, and in which event; None if nobody did."""
    code = detainer.LiftCode.DECLINED_BY_LEA
    told = [
        {"agency": event.agency, "type": event.type, "at": event.told, "event": event.position}
        for event in in_log_order(ends)
        if event.type == LIFTED and event.data.lift_code == code
    ]
    return json_text(told) if told else None
