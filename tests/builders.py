"""Events for tests, in domain words: say what matters, the rest is sane."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from domain.envelope import Submission, admit, compose
from domain.events.episode import ReleasedToCommunity, SubjectBooked
from domain.events.fields import EventData
from domain.identifiers import derived_uuid7
from domain.instants import MINNESOTA, Instant
from projections.recorded import Recorded

MONDAY = datetime(2026, 1, 12, 8, 0, tzinfo=MINNESOTA)
JAIL = "mn-cass-jail"
SHERIFF = "mn-cass-sheriff"


def body(
    cls: type[EventData], stream: str, *, at: datetime | Instant = MONDAY, agency: str = SHERIFF, **data: Any
) -> bytes:
    """Return one event's canonical bytes; `key` makes the id differ, other keywords are data."""
    extensions = {name: data.pop(name) for name in ("correctionof", "via", "sequence") if name in data}
    occurred = at if isinstance(at, Instant) else Instant.exact(at)
    event_id = derived_uuid7(occurred.earliest, cls.TYPE, stream, str(sorted(data.items())), agency)
    return compose(
        cls,
        event_id=event_id,
        source=f"agency:{agency}",
        stream=stream,
        occurred=occurred,
        data=data,
        **extensions,
    )


def booked(number: int = 1, *, facility: str = JAIL, at: datetime | Instant = MONDAY, **data: Any) -> bytes:
    """Somebody is booked."""
    return body(SubjectBooked, f"{facility}.{number}", at=at, facility=facility, subject=f"s-{number}", **data)


def released(number: int = 1, *, facility: str = JAIL, at: datetime | Instant = MONDAY, **data: Any) -> bytes:
    """And released."""
    return body(ReleasedToCommunity, f"{facility}.{number}", at=at, facility=facility, subject=f"s-{number}", **data)


def submissions(count: int, *, start: int = 1) -> list[Submission]:
    """Return so many different bookings, admitted."""
    return [admit(booked(n, at=MONDAY + timedelta(minutes=n))) for n in range(start, start + count)]


def recorded(*bodies: bytes, known: datetime = MONDAY) -> list[Recorded]:
    """Return the events as the log would give them, at positions 1, 2, ..."""
    envelopes = [admit(one).envelope for one in bodies]
    return [
        Recorded(position, known, envelope, envelope.data, envelope.occurred)
        for position, envelope in enumerate(envelopes, start=1)
    ]
