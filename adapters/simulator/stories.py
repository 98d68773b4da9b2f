"""Two made-up cases to read from beginning to end. `python -m adapters.simulator.stories` prints them as events.

Story 1: Freeborn County, with a warrant service officer agreement. A person who would be released on a Friday
at 17:00 is held on an ICE form and an administrative warrant; ICE comes on Sunday.
Story 2: Cook County, without a written policy. A person is released; ICE lifts its detainer with the words
"Detainer Declined by LEA"; the jail's record has no refusal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from domain.envelope import compose
from domain.events import detainer, episode, handoff
from domain.events.fields import EventData
from domain.identifiers import derived_uuid7
from domain.instants import MINNESOTA, Instant

I_247A = {"form": "I-247A", "form_revision": "2/17", "box": 1, "notify_requested": True}


def stories() -> Iterator[bytes]:
    """Yield the events of both stories as canonical bytes, in order."""
    yield from held_past_release("mn-freeborn-jail", "mn-freeborn-sheriff")
    yield from no_written_policy("mn-cook-jail", "mn-cook-sheriff")


def held_past_release(jail: str, sheriff: str) -> Iterator[bytes]:
    """Story 1, told by the sheriff and by ICE."""
    whom = {"facility": jail, "subject": "s-story-1"}
    case = {**whom, "episode": f"{jail}.story-1"}
    about = {**case, "detainer": "story-d1"}
    hold = {**whom, "hold": "h1", "kind": "immigration"}
    place, form, hand = f"{jail}.story-1", "story-d1", "story-h1"
    ends = {"releasing_agency": sheriff, "receiving_agency": "us-ice", "receiving_facility": "us-ice-whipple"}
    yield said(sheriff, episode.SubjectBooked, place, "2026-01-14T21:40", **whom, booking_category="criminal")
    yield said(
        "us-ice",
        detainer.DetainerPrepared,
        form,
        "2026-01-15T09:12",
        **case,
        **I_247A,
        warrant_attached="I-200",
    )
    yield said(sheriff, detainer.DetainerReceived, form, "2026-01-15T09:30", **case, channel="fax")
    yield said(sheriff, detainer.DetainerServedOnSubject, form, "2026-01-15T11:05", **case)
    yield said(
        sheriff,
        handoff.ReleaseNoticeSent,
        hand,
        "2026-01-16T10:00",
        **about,
        to_agency="us-ice",
        lead_minutes=420,
    )
    yield said(sheriff, episode.BailPosted, place, "2026-01-16T16:20", **whom)
    yield said(sheriff, episode.ReleaseEligible, place, "2026-01-16T17:00", **whom, basis="bail posted")
    yield said(sheriff, handoff.AdministrativeWarrantServed, hand, "2026-01-16T17:05", **about, **warrant_service())
    yield said(sheriff, episode.HoldPlaced, place, "2026-01-16T17:05", **hold, detainer=form, requested_by="us-ice")
    yield said(
        "us-ice",
        handoff.PickupScheduled,
        hand,
        "2026-01-16T18:00",
        **about,
        scheduled_at="2026-01-17T09:00:00-06:00",
    )
    yield said(sheriff, handoff.PickupNoShow, hand, "2026-01-17T11:00", **about, waited_minutes=120)
    yield said(sheriff, episode.HoldEnded, place, "2026-01-18T09:10", **hold, end_reason="custody transferred")
    yield said(sheriff, handoff.CustodyTransferred, hand, "2026-01-18T09:10", **about, **ends, place="sally port")
    yield said(sheriff, episode.ReleasedToAgency, place, "2026-01-18T09:10", **whom, to_agency="us-ice", handoff=hand)
    yield said("us-ice", handoff.CustodyTransferred, hand, "2026-01-18T10:40", **about, **ends)


def warrant_service() -> dict[str, Any]:
    """Return what the sheriff's own certified officer did: legal custody passed, the person stayed."""
    return {"warrant": "I-200", "served_by": "wso_officer", "legal_custody_to": "us-ice"}


def no_written_policy(jail: str, sheriff: str) -> Iterator[bytes]:
    """Story 2, told by the sheriff and by ICE."""
    whom = {"facility": jail, "subject": "s-story-2"}
    case = {**whom, "episode": f"{jail}.story-2"}
    place, form = f"{jail}.story-2", "story-d2"
    decided = {"elements": {"will_notify": False, "will_hold": False}, "decision_basis": "none_written"}
    yield said(sheriff, episode.SubjectBooked, place, "2026-01-20T02:15", **whom, booking_category="criminal")
    yield said("us-ice", detainer.DetainerPrepared, form, "2026-01-20T10:30", **case, **I_247A)
    yield said(sheriff, detainer.DetainerReceived, form, "2026-01-20T10:45", **case, channel="fax")
    yield said(
        sheriff,
        detainer.DetainerResponseDecided,
        form,
        "2026-01-20T13:00",
        **case,
        **decided,
        decided_by_role="shift sergeant",
    )
    yield said(sheriff, episode.ReleaseEligible, place, "2026-01-21T15:00", **whom, basis="charge dismissed")
    yield said(
        sheriff,
        episode.ReleasedToCommunity,
        place,
        "2026-01-21T15:35",
        **whom,
        legal_basis="charge dismissed",
    )
    yield said("us-ice", detainer.DetainerLifted, form, "2026-01-22T09:00", **case, **declined())


def declined() -> dict[str, Any]:
    """Return ICE's word for it, which is not the jail's."""
    return {"lift_code": "A", "lift_reason_as_printed": "Detainer Declined by LEA", "asserted_by": "us-ice"}


def said(agency: str, cls: type[EventData], stream: str, clock: str, **data: Any) -> bytes:
    """Return one made-up event at a Minnesota clock time."""
    moment = datetime.fromisoformat(clock).replace(tzinfo=MINNESOTA)
    return compose(
        cls,
        event_id=derived_uuid7(moment, "stories", cls.TYPE, stream, agency),
        source=f"synthetic:{agency}",
        stream=stream,
        occurred=Instant.exact(moment),
        recorded=Instant.exact(moment),
        data=data,
    )


if __name__ == "__main__":
    sys.stdout.buffer.writelines(body + b"\n" for body in stories())
