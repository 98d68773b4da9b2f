"""How answers show rows and events: the same on the command line and in Python."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.store.ledger import Ledger
from domain.instants import EPOCH, Instant, format_rfc3339, local
from projections.folding.table import Kind, Table
from projections.recorded import Recorded

EVENTS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class EventShown:
    """An event that an answer rests on; `amends` is the id of the event that it corrects or retracts."""

    position: int
    type: str
    agency: str
    source: str
    stream: str
    at: Instant
    recorded_at: datetime
    id: str
    amends: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {**plain, "at": self.at.as_json(), "recorded_at": format_rfc3339(self.recorded_at)}


def event_shown(event: Recorded) -> EventShown:
    """Return an event as it was published."""
    envelope = event.envelope
    return EventShown(
        position=event.position,
        type=event.type,
        agency=event.agency,
        source=envelope.source,
        stream=event.stream,
        at=envelope.occurred,
        recorded_at=event.recorded_at,
        id=envelope.id,
        amends=envelope.correctionof,
    )


def events_at(ledger: Ledger, positions: Collection[int]) -> dict[int, EventShown]:
    """Return the events at these positions."""
    wanted = sorted(positions)
    pages = (wanted[first : first + EVENTS_AT_ONCE] for first in range(0, len(wanted), EVENTS_AT_ONCE))
    return {event.position: event_shown(event) for page in pages for event in ledger.at(page)}


def row_shown(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row's values by column name, moments as ISO 8601; without when it was known."""
    return dict(_shown(table, row))


def _shown(table: Table, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, kind in table.columns.items():
        value = row[name]
        yield name, moment_shown(value) if kind is Kind.MOMENT else value


def moment_shown(moment_us: int | None) -> str | None:
    """Write a moment in microseconds since 1970 UTC as ISO 8601, in Minnesota's time."""
    return None if moment_us is None else format_rfc3339(local(EPOCH + timedelta(microseconds=moment_us)))
