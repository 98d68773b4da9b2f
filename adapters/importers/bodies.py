"""Bodies that importers propose: ids follow from what is said, so importing again proposes the same bytes."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from domain.canonical import canonical_bytes
from domain.envelope import compose
from domain.events.fields import EventData
from domain.identifiers import derived_uuid7
from domain.instants import Instant, Precision

USABLE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]*")


def proposed_body(
    cls: type[EventData],
    *,
    source: str,
    stream: str,
    occurred: Instant,
    data: dict[str, Any],
    via: str,
    recorded: Instant | None = None,
) -> bytes:
    """Write one event whose id is derived from its type, stream, times and data.

    A later export that adds an event to a stream therefore repeats the earlier ones byte for byte.
    """
    given = {key: value for key, value in data.items() if value is not None}
    interval = occurred.precision is Precision.INTERVAL
    when = occurred.as_json() if interval else occurred.precision.value
    said = [given, when, recorded.as_json()] if recorded else [given, when]
    content = canonical_bytes(said).decode()
    return compose(
        cls,
        event_id=derived_uuid7(occurred.earliest, cls.TYPE, stream, content),
        source=source,
        stream=stream,
        occurred=occurred,
        recorded=recorded,
        data=given,
        via=via,
    )


def usable_id(printed: str, longest: int = 100) -> str:
    """Return a printed identifier if it can stand in an id, else its digest: two are never made one."""
    text = printed.strip()
    if len(text) <= longest and USABLE_ID.fullmatch(text):
        return text
    return f"x{hashlib.sha256(text.encode()).hexdigest()[:24]}"
