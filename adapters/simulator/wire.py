"""Writing many events fast: local times from seconds, and canonical bytes, with nothing looked up twice.

Moments are whole seconds since 1970-01-01T00:00:00Z. `domain.envelope.compose` writes the same bytes from
`Instant`s; this module exists because building two of those costs more than everything else about an event.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

from domain.canonical import canonical_bytes
from domain.envelope import schema_name
from domain.events.catalogue import CATALOGUE
from domain.events.fields import EventData
from domain.instants import END_OF_DAY, MINNESOTA

# class -> (type, dataschema, what the stream id is prefixed with)
HEADS: dict[type[EventData], tuple[str, str, str]] = {
    cls: (cls.TYPE, schema_name(cls), f"{cls.STREAM}/") for cls in CATALOGUE.values()
}

MINUTES_SECONDS = tuple(f"{minute:02d}:{second:02d}" for minute in range(60) for second in range(60))


def start_of(day: date) -> int:
    """Return the moment a local day of Minnesota begins."""
    return int(datetime.combine(day, time(), MINNESOTA).timestamp())


@lru_cache(maxsize=2048)
def _hour(hour: int) -> tuple[str, str]:
    """Return what an hour's times begin and end with; Minnesota's offsets are whole hours."""
    local = datetime.fromtimestamp(hour * 3600, UTC).astimezone(MINNESOTA).isoformat()
    return local[:14], local[19:]


def local_text(moment: int) -> str:
    """Return `2026-01-16T17:00:00-06:00`."""
    before, after = _hour(moment // 3600)
    return before + MINUTES_SECONDS[moment % 3600] + after


@lru_cache(maxsize=256)
def _day(year: int, month: int, day: int) -> tuple[str, str]:
    local = date(year, month, day)
    return (
        datetime.combine(local, time(), MINNESOTA).isoformat(),
        datetime.combine(local, END_OF_DAY, MINNESOTA).isoformat(),
    )


def day_bounds(moment: int) -> tuple[str, str]:
    """Return the first and last second of the local day a moment falls on."""
    text = _hour(moment // 3600)[0]
    return _day(int(text[:4]), int(text[5:7]), int(text[8:10]))


def year_of(moment: int) -> str:
    """Return the local year, `2026`."""
    return _hour(moment // 3600)[0][:4]


def body_of(
    kind: type[EventData],
    *,
    event_id: str,
    source: str,
    stream: str,
    at: int,
    recorded: int,
    data: dict[str, Any],
    day_only: bool = False,
    target: str | None = None,
) -> bytes:
    """Write an event's canonical bytes. `target` is the id of the event a correction is about."""
    name, schema, prefix = HEADS[kind]
    document: dict[str, Any] = {
        "data": data,
        "dataschema": schema,
        "id": event_id,
        "recordedtime": local_text(recorded),
        "source": source,
        "specversion": "1.0",
        "subject": prefix + stream,
        "type": name,
    }
    if day_only:
        document["time"], document["timelatest"] = day_bounds(at)
        document["timeprecision"] = "day"
    else:
        document["time"] = local_text(at)
    if target is not None:
        document["correctionof"] = target
    return canonical_bytes(document)
