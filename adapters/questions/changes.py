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

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile, islice
from typing import Any

from adapters.questions.asked import Asked
from adapters.questions.shown import EventShown, event_shown, events_at, row_shown
from adapters.read_models.answers import answering
from adapters.store.ledger import Ledger
from domain.instants import microseconds
from projections.folding.table import Fold, Table, holds_at
from projections.row_changes import RowChange, row_changes

SHOWN_AT_ONCE = 100


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
    return list(changes(asked, before, after, at=at, model=model, facility=facility))


def changes(
    asked: Asked,
    before: int,
    after: int,
    *,
    at: datetime | None,
    model: str | None,
    facility: str | None,
    begin: str = "",
) -> Generator[Change]:
    """Yield the same from a change on, given as `key_of` gives it; what comes before it is not read."""
    where = asked.at_facility(facility)
    moment = microseconds(at) if at else None
    first, last = sorted((before, after))
    model_begin, table_begin, key_begin = begin.split("/", 2) if begin.count("/") > 1 else ("", "", "")
    tables = [(fold, table) for fold in asked.folds(model) for table in fold.tables if at is None or table.is_interval]
    for fold, table in dropwhile(
        lambda one: begin and (one[0].name, one[1].name) != (model_begin, table_begin), tables
    ):
        wanted = {**where, table.key: key_begin} if table.name == table_begin else where
        with (
            answering(asked.services.models(), asked.ledger, fold.name, last, asked.progress) as kept,
            closing(kept.changed(table.name, first, last, wanted)) as rows,
        ):
            holding = rows if moment is None else (row for row in rows if holds_at(row, moment))
            found = row_changes(table, holding, before, after)
            while some := list(islice(found, SHOWN_AT_ONCE)):
                yield from _shown(asked.ledger, fold, table, some)


def key_of(change: Mapping[str, Any]) -> str:
    """Return where a change, in wire form, stands in the order of all: `custody/holds/mn-cass-jail.1`."""
    what = change["what"]
    return f"{what['model']}/{what['table']}/{what['ref'].partition('/')[2]}"


def _shown(ledger: Ledger, fold: Fold, table: Table, found: Sequence[RowChange]) -> Iterator[Change]:
    events = events_at(ledger, {position for change in found for position in change.positions})
    for change in found:
        yield Change(
            What(fold.name, table.name, f"{fold.kind}/{change.key}"),
            row_shown(table, change.before) if change.before else None,
            row_shown(table, change.after) if change.after else None,
            [events[position] for position in change.positions],
        )


def since(asked: Asked, position: int, *, model: str | None, upto: int | None = None) -> News:
    """Return the events after a position, up to another or all, and what they changed."""
    last = asked.ledger.position() if upto is None else upto
    events = [event_shown(event) for event in asked.ledger.recorded(after=position, upto=last)]
    changes = diff(asked, position, last, at=None, model=model, facility=None)
    return News(position, last, asked.ledger.root_at(last), events, changes)
