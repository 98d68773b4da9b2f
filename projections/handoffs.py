"""Handoffs with both sides: who said custody passed, when, and whether the two records agree.

What a handoff's own events say gives its rows: the handoff, its pickup, its notice. That ICE lifted the detainer as
"Declined by LEA" is said of the detainer; `with_declined` puts it beside the handoff when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from domain.events import handoff
from domain.events.agency import ICE, is_ice
from projections.folding.seen import Seen, by_time, first_of, in_log_order, json_text, span_of
from projections.folding.table import Kind, Row, Table

US_PER_MINUTE = 60_000_000

HANDOFFS = Table(
    "handoffs",
    {
        "handoff": Kind.TEXT,
        "subject": Kind.TEXT,
        "facility": Kind.TEXT,
        "episode": Kind.TEXT,
        "detainer": Kind.TEXT,
        "from": Kind.TEXT,
        "to": Kind.TEXT,
        "status": Kind.TEXT,
        "minutes_apart": Kind.INTEGER,
        "missing_side": Kind.TEXT,
        "in_between": Kind.TEXT,
        "told_at": Kind.MOMENT,
        "said": Kind.JSON,
        "events": Kind.POSITIONS,
    },
    "handoffs in which a transfer, a confirmation, a contest or a missed pickup was recorded",
    listed_by="told_at",
)
PICKUPS = Table(
    "pickups",
    {
        "handoff": Kind.TEXT,
        "facility": Kind.TEXT,
        "subject": Kind.TEXT,
        "episode": Kind.TEXT,
        "by_agency": Kind.TEXT,
        "outcome": Kind.TEXT,
        "scheduled": Kind.INSTANT,
        "arrived": Kind.INSTANT,
        "minutes_late": Kind.INTEGER,
        "waited_minutes": Kind.INTEGER,
        "scheduled_at": Kind.MOMENT,
        "events": Kind.POSITIONS,
    },
    "pickups: scheduled, arrived, no_show or cancelled, by the word about the latest moment",
    listed_by="scheduled_at",
)
NOTICES = Table(
    "notices",
    {
        "handoff": Kind.TEXT,
        "facility": Kind.TEXT,
        "subject": Kind.TEXT,
        "episode": Kind.TEXT,
        "detainer": Kind.TEXT,
        "outcome": Kind.TEXT,
        "requested": Kind.INSTANT,
        "sent": Kind.INSTANT,
        "scheduled_release": Kind.INSTANT,
        "lead_minutes": Kind.INTEGER,
        "sent_at": Kind.MOMENT,
        "events": Kind.POSITIONS,
    },
    "release notices: requested, sent, acknowledged or withheld",
)

TRANSFERRED, CONFIRMED = handoff.CustodyTransferred.TYPE, handoff.CustodyTransferConfirmed.TYPE
CONTESTED = handoff.CustodyTransferContested.TYPE
SCHEDULED, ARRIVED = handoff.PickupScheduled.TYPE, handoff.PickupArrived.TYPE
NO_SHOW, CANCELLED = handoff.PickupNoShow.TYPE, handoff.PickupCancelled.TYPE
PICKUP_OUTCOMES = {SCHEDULED: "scheduled", ARRIVED: "arrived", NO_SHOW: "no_show", CANCELLED: "cancelled"}
REQUESTED, SENT = handoff.ReleaseNoticeRequested.TYPE, handoff.ReleaseNoticeSent.TYPE
NOTICE_OUTCOMES = {
    REQUESTED: "requested",
    SENT: "sent",
    handoff.ReleaseNoticeAcknowledged.TYPE: "acknowledged",
    handoff.NoticeWithheld.TYPE: "withheld",
}
TOLD = (TRANSFERRED, CONFIRMED, CONTESTED, NO_SHOW, ARRIVED)  # what makes a handoff worth a row
STATUS = ("no_transfer", "one_sided", "agreed", "contradicted", "contested")  # how the records of a handoff agree
WHAT = ("facility", "subject", "episode", "detainer")


class Handoffs:
    """The fold: a row for each handoff, for its pickup and for its notice, as far as anything was recorded of them."""

    name = "handoffs"
    kind = "handoff"
    version = "4"
    tables = (HANDOFFS, PICKUPS, NOTICES)
    fields: Mapping[str, Sequence[str]] = {
        **dict.fromkeys((*PICKUP_OUTCOMES, *NOTICE_OUTCOMES, CONFIRMED, CONTESTED), WHAT),
        TRANSFERRED: (*WHAT, "releasing_agency", "receiving_agency"),
        SCHEDULED: (*WHAT, "scheduled_at", "by_agency"),
        ARRIVED: (*WHAT, "by_agency"),
        NO_SHOW: (*WHAT, "waited_minutes"),
        SENT: (*WHAT, "scheduled_release_at", "lead_minutes"),
    }

    def keys(self, seen: Seen) -> Sequence[str]:
        """Return the handoff."""
        return (seen.stream[8:],)

    def rows(self, key: str, events: Sequence[Seen]) -> list[Row]:
        """Return the rows of a handoff; the last word is that about the latest moment, whenever it was recorded."""
        events = by_time(events)
        told = [event for event in events if event.type in TOLD]
        pickups = [event for event in events if event.type in PICKUP_OUTCOMES]
        notices = [event for event in events if event.type in NOTICE_OUTCOMES]
        rows: list[Row] = []
        if told:
            rows.append((HANDOFFS.name, _handoff(key, events, told)))
        if pickups:
            rows.append((PICKUPS.name, _pickup(key, events, pickups)))
        if notices:
            rows.append((NOTICES.name, _notice(key, events, notices)))
        return rows


def _handoff(key: str, events: Sequence[Seen], told: Sequence[Seen]) -> tuple[Any, ...]:
    facility, subject, episode, detainer = (first_of(events, name) for name in WHAT)
    transfers = [event for event in told if event.type == TRANSFERRED]
    own = [event for event in transfers if event.agency == event.data.releasing_agency]
    last = (own or transfers)[-1].data if transfers else None
    releasing, receiving = (last.releasing_agency, last.receiving_agency) if last else (None, None)
    between = _minutes_between(transfers, releasing, receiving)
    said = [_said(event) for event in in_log_order(told)]
    tellers = {_party(event.agency) for event in told if event.type in (TRANSFERRED, CONFIRMED)}
    return (
        key,
        subject,
        facility,
        episode,
        detainer,
        releasing,
        receiving,
        status_of(said),
        None if between is None else abs(between),
        _missing(tellers, [side for side in (releasing, receiving) if side]),
        _in_between(between),
        min((event.earliest for event in transfers if event.earliest is not None), default=None),
        json_text(said),
        json_text([event.position for event in in_log_order(told)]),
    )


def _party(agency: str) -> str:
    """Return ICE for each of its offices: what one tells, ICE tells."""
    return ICE if is_ice(agency) else agency


def _said(event: Seen) -> dict[str, Any]:
    """Return `{"agency","type","at"}`, of a transfer `"from"` and `"to"` too."""
    said = {"agency": event.agency, "type": event.type, "at": event.told}
    if event.type == TRANSFERRED:
        said |= {"from": event.data.releasing_agency, "to": event.data.receiving_agency}
    return said


def status_of(said: Iterable[Mapping[str, Any]]) -> str:
    """Say how the records agree, of what was said of a handoff: a transfer is told by its two sides, or by one."""
    told = [one for one in said if one["type"] in (TRANSFERRED, CONFIRMED, CONTESTED)]
    if any(one["type"] == CONTESTED for one in told):
        return "contested"
    if not told:
        return "no_transfer"
    named = {(_party(one["from"]), _party(one["to"])) for one in told if one["type"] == TRANSFERRED}
    if len(named) > 1:
        return "contradicted"
    tellers = {_party(one["agency"]) for one in told}
    return "agreed" if len(tellers.intersection(*named)) > 1 else "one_sided"


def _minutes_between(transfers: Sequence[Seen], releasing: str | None, receiving: str | None) -> int | None:
    """Return minutes from the releasing side's exact time to the receiving side's; None if one is missing."""
    ours, theirs = (_exact(transfers, side) for side in (releasing, receiving))
    return None if ours is None or theirs is None else round((theirs - ours) / US_PER_MINUTE)


def _exact(transfers: Sequence[Seen], agency: str | None) -> int | None:
    if agency is None:
        return None
    own = (event for event in transfers if _party(event.agency) == _party(agency))
    moments = [event.earliest for event in own if event.earliest == event.latest]
    return moments[-1] if moments else None


def _missing(tellers: set[str], sides: Sequence[str]) -> str | None:
    """Return the side that has not told of the transfer, if exactly one has."""
    if not tellers:
        return None
    silent = [side for side in sides if _party(side) not in tellers]
    return silent[0] if len(silent) == 1 else None


def _in_between(minutes: int | None) -> str | None:
    """Say what the two times amount to: until the receiving side's time, nobody's custody, or for a while both's."""
    if not minutes:
        return None
    return "nobody" if minutes > 0 else "double"


def _pickup(key: str, events: Sequence[Seen], pickups: Sequence[Seen]) -> tuple[Any, ...]:
    facility, subject, episode, _ = (first_of(events, name) for name in WHAT)
    scheduled = next((event for event in reversed(pickups) if event.type == SCHEDULED), None)
    arrived = next((event for event in reversed(pickups) if event.type == ARRIVED), None)
    if scheduled and arrived and _is_of_another(arrived, scheduled, pickups):
        arrived = None
    due, _ = span_of(scheduled.data.scheduled_at) if scheduled else (None, None)
    waited = [event.data.waited_minutes for event in pickups if event.type == NO_SHOW]
    agencies = (getattr(event.data, "by_agency", None) for event in pickups)
    return (
        key,
        facility,
        subject,
        episode,
        next((agency for agency in agencies if agency), None),
        PICKUP_OUTCOMES[pickups[-1].type],
        json_text(scheduled.data.scheduled_at) if scheduled else None,
        json_text(arrived.told) if arrived else None,
        _minutes_late(scheduled, arrived) if scheduled and arrived else None,
        next((minutes for minutes in waited if minutes is not None), None),
        due,
        json_text([event.position for event in in_log_order(pickups)]),
    )


def _is_of_another(arrived: Seen, scheduled: Seen, pickups: Sequence[Seen]) -> bool:
    """Say whether a pickup was scheduled anew after this arrival, for later: it answers the one before."""
    due, _ = span_of(scheduled.data.scheduled_at)
    is_later = due is not None and arrived.latest is not None and due > arrived.latest
    return is_later and pickups.index(scheduled) > pickups.index(arrived)


def _minutes_late(scheduled: Seen, arrived: Seen) -> int | None:
    """Return the minutes from the time agreed to the arrival, None unless both are exact."""
    due, due_latest = span_of(scheduled.data.scheduled_at)
    if due is None or due != due_latest or arrived.earliest is None or arrived.earliest != arrived.latest:
        return None
    return round((arrived.earliest - due) / US_PER_MINUTE)


def _notice(key: str, events: Sequence[Seen], notices: Sequence[Seen]) -> tuple[Any, ...]:
    facility, subject, episode, detainer = (first_of(events, name) for name in WHAT)
    requested = next((event for event in notices if event.type == REQUESTED), None)
    sent = next((event for event in notices if event.type == SENT), None)
    return (
        key,
        facility,
        subject,
        episode,
        detainer,
        NOTICE_OUTCOMES[notices[-1].type],
        json_text(requested.told) if requested else None,
        json_text(sent.told) if sent else None,
        json_text(sent.data.scheduled_release_at) if sent and sent.data.scheduled_release_at else None,
        lead_minutes(sent) if sent else None,
        sent.latest if sent else None,
        json_text([event.position for event in in_log_order(notices)]),
    )


def lead_minutes(sent: Seen) -> int | None:
    """Return the minutes from notice to scheduled release, worked out where both are exact, else as recorded."""
    due, due_latest = span_of(sent.data.scheduled_release_at)
    if due is not None and due == due_latest and sent.earliest is not None and sent.earliest == sent.latest:
        return round((due - sent.earliest) / US_PER_MINUTE)
    return sent.data.lead_minutes  # type: ignore[no-any-return]


def with_declined(
    handoffs: Iterable[Mapping[str, Any]], detainers: Iterable[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield the handoffs with what ICE said of their detainers, by handoff id.

    Status: agreed (both sides told it), one_sided, contested (somebody said no), contradicted (the transfers told are
    to or from different agencies, or one is told while ICE's lift says "Declined by LEA"), no_transfer (a pickup was
    missed or came to nothing).
    """
    declined = {row["detainer"]: row["declined"] for row in detainers if row["declined"]}
    for row in sorted(handoffs, key=lambda row: str(row["handoff"])):
        others = declined.get(row["detainer"])
        yield _contradicted(row, others) if others else dict(row)


def _contradicted(row: Mapping[str, Any], declined: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    told = {
        **dict(zip(row["events"], row["said"], strict=True)),
        **{one["event"]: {name: one[name] for name in ("agency", "type", "at")} for one in declined},
    }
    status = "contradicted" if row["status"] in ("agreed", "one_sided") else row["status"]
    return {**row, "status": status, "said": [told[event] for event in sorted(told)], "events": sorted(told)}
