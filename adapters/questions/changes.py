"""What changed between two points of knowledge, and which events changed it.

    {"what":{"model":"custody","table":"holds","ref":"episode/mn-cass-jail.1"},
     "before":{"episode":"mn-cass-jail.1","hold":"1","valid_to":null,...},
     "after":{"episode":"mn-cass-jail.1","hold":"1","valid_to":"2026-01-17T09:00:00-06:00",...},
     "events":[{"position":9,"type":"custody.hold_ended","agency":"mn-cass-sheriff","source":"agency:mn-cass-sheriff",
                "stream":"...","at":"...","recorded_at":"...","id":"...","amends":null}]}

`before` is null for what appeared, `after` for what vanished. Take the rows as known at the first position, take away
every `before`, add every `after`: these are the rows as known at the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.questions.asked import Asked
from adapters.questions.shown import EventShown, event_shown, events_at, row_shown
from adapters.read_models.model import Model
from domain.instants import microseconds
from projections.folding.table import Table, holds_at
from projections.row_changes import RowChange, row_changes


@dataclass(frozen=True, slots=True)
class What:
    """Which row: of which read model and table, and of what (`episode/...`, `handoff/...`, `detainer/...`)."""

    model: str
    table: str
    ref: str

    def as_json(self) -> dict[str, str]:
        """Return the wire form."""
        return {"model": self.model, "table": self.table, "ref": self.ref}


@dataclass(frozen=True, slots=True)
class Change:
    """A row before and after, and the events in between that changed it."""

    what: What
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    events: list[EventShown]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        shown = [event.as_json() for event in self.events]
        return {"what": self.what.as_json(), "before": self.before, "after": self.after, "events": shown}


@dataclass(frozen=True, slots=True)
class News:
    """Everything newly known since a position: note down `position` and `root` for the next time."""

    since: int
    position: int
    root: str
    events: list[EventShown]
    changes: list[Change]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "since": self.since,
            "position": self.position,
            "root": self.root,
            "events": [event.as_json() for event in self.events],
            "changes": [change.as_json() for change in self.changes],
        }


def diff(
    asked: Asked, before: int, after: int, *, at: datetime | None, model: str | None, facility: str | None
) -> list[Change]:
    """Return what is known otherwise at one position than at another, by model, table and key.

    With `at` only rows that hold at the moment count, of the tables whose rows hold for a while.
    """
    where = asked.at_facility(facility)
    moment = microseconds(at) if at else None
    found: list[tuple[What, Table, RowChange]] = []
    for kept in asked.answering(model, max(before, after)):
        for table in kept.fold.tables:
            if moment is None or table.is_interval:
                changes = _changes(kept, table, (before, after), where, moment)
                found += [
                    (What(kept.fold.name, table.name, f"{kept.fold.kind}/{one.key}"), table, one) for one in changes
                ]
    events = events_at(asked.ledger, {position for _, _, change in found for position in change.positions})
    return [
        Change(
            what,
            row_shown(table, change.before) if change.before else None,
            row_shown(table, change.after) if change.after else None,
            [events[position] for position in change.positions],
        )
        for what, table, change in found
    ]


def _changes(model: Model, table: Table, between: tuple[int, int], where: Any, moment: int | None) -> list[RowChange]:
    first, last = sorted(between)
    rows = model.changed(table.name, first, last, where)
    holding = rows if moment is None else (row for row in rows if holds_at(row, moment))
    return list(row_changes(table, holding, *between))


def since(asked: Asked, position: int, *, model: str | None, upto: int | None = None) -> News:
    """Return the events after a position, up to another or all, and what they changed."""
    last = asked.ledger.position() if upto is None else upto
    events = [event_shown(event) for event in asked.ledger.recorded(after=position, upto=last)]
    changes = diff(asked, position, last, at=None, model=model, facility=None)
    return News(position, last, asked.ledger.root_at(last), events, changes)
