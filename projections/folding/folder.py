"""The engine that runs one fold: events in, changed rows out. Live and rebuilt, it is this same code.

It keeps the events of the keys it has met, asks the fold for the rows of each key that an event touches, and notes
which rows that closes and opens. Memory is bounded: keys not met for long are let go, and their events read from the
log again if they come back, which few do. A correction changes the one event it is about, from its own position on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

import msgspec

from domain.errors import IntegrityProblem, LedgerUnavailable
from projections.amendments import Published
from projections.folding.history import History
from projections.folding.pages import Awaited, Change, Step, Unreadable
from projections.folding.seen import Seen
from projections.folding.table import Fold, Row, Values

KEYS_KEPT = 25_000  # about 2 KB each
KEYS_AT_ONCE = 10_000
NOT_STORED = 0
OpenRow = tuple[str, int, int, Values]  # table, row id, known_from, values


class OpenRows(Protocol):
    """Where the rows are that nothing has closed, of the keys that are not in memory."""

    def open_rows(self, keys: Sequence[str]) -> Iterable[OpenRow]:
        """Yield table, row id, `known_from` and values of the rows of these keys that nothing has closed."""
        ...


class Stored(OpenRows, Protocol):
    """What the engine asks of what is stored so far."""

    def moved_in(self, keys: Sequence[str]) -> list[tuple[str, int]]:
        """Return key and position of the events that a correction moved to these keys."""
        ...


class LetGo(OpenRows, Protocol):
    """Where a rebuild notes the keys it let go."""

    def put(self, entities: Iterable[Entity]) -> None:
        """Note the keys of these, and which rows of theirs are open; all are stored."""
        ...

    def met(self, keys: Sequence[str]) -> list[str]:
        """Return those of these keys that were noted."""
        ...


@dataclass(slots=True)
class Changes:
    """What a page of events changes: rows to insert (id, values, known_from, known_to), and to close (id, same)"""

    inserted: defaultdict[str, list[tuple[int, Values, int, int | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    closed: defaultdict[str, list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))
    moved: list[tuple[str, int]] = field(default_factory=list)
    awaited: list[Published] = field(default_factory=list)
    parked: list[tuple[int, str]] = field(default_factory=list)


class Entity(msgspec.Struct, gc=False):
    """The events of one key, and the rows they give now: since when each is known, and its id once it is stored."""

    key: str
    page: int = 0
    events: list[Seen] = msgspec.field(default_factory=list)
    rows: list[Row] = msgspec.field(default_factory=list)
    known: list[int] = msgspec.field(default_factory=list)
    ids: list[int] = msgspec.field(default_factory=list)  # NOT_STORED, or the row's id


class Folder:
    """Runs one fold over pages of the log. `let_go` is given to a rebuild from 1: what is not there was never met."""

    def __init__(
        self,
        fold: Fold,
        history: History,
        stored: Stored,
        *,
        next_ids: dict[str, int] | None = None,
        let_go: LetGo | None = None,
        keys_kept: int = KEYS_KEPT,
        stop_on_error: bool = False,
    ) -> None:
        self._fold, self._history, self._stored, self._let_go = fold, history, stored, let_go
        self._entities: dict[str, Entity] = {}
        self._are_some_elsewhere = let_go is None
        self._next_ids = next_ids or {table.name: 1 for table in fold.tables}
        self._keys_kept, self._stop_on_error = keys_kept, stop_on_error
        self._page = 0
        self.changes = Changes()

    def fold(self, steps: Sequence[Step]) -> None:
        """Fold one page of the log, in order."""
        self._page += 1
        if steps and self._are_some_elsewhere:
            self._load(self._met_in(steps), before=steps[0].position)
        keys_of = self._fold.keys
        for step in steps:
            try:
                if isinstance(step, Seen):
                    for key in keys_of(step):
                        entity = self._entities.get(key) or self._entity(key)
                        entity.page = self._page
                        entity.events.append(step)
                        self._settle(entity, step.position)
                else:
                    self._amend(step)
            except Exception as error:
                self._park(step.position, error)

    def _met_in(self, steps: Sequence[Step]) -> set[str]:
        events = [step for step in steps if isinstance(step, Seen)]
        try:
            return set(chain.from_iterable(map(self._fold.keys, events)))
        except Exception:
            return {key for event in events for key in self._keys_if_any(event)}

    def _amend(self, step: Change | Awaited | Unreadable) -> None:
        if isinstance(step, Change):
            self._change(step)
        elif isinstance(step, Awaited):
            self.changes.awaited.append(step.target)
        else:
            raise step.error

    def _park(self, position: int, error: Exception) -> None:
        """Set an event aside, or stop there; a log or rows that cannot be read are not the event's fault."""
        if isinstance(error, LedgerUnavailable | IntegrityProblem):
            raise error
        if self._stop_on_error:
            what = f"the read model {self._fold.name!r} cannot take this event: {type(error).__name__}: {error}"
            mend = "`--on-error park` sets it aside; a correction of the event, or a program that can take it, mends it"
            raise IntegrityProblem("not_folded", what, where=f"position {position}", mend=mend) from error
        self.changes.parked.append((position, f"{type(error).__name__}: {error}"))

    def _change(self, change: Change) -> None:
        """Put what is known of an event from a position on in the place of what was known before it."""
        position, before, after = change
        old, new = self._keys_if_any(before), set(self._fold.keys(after)) if after else set()
        self._load(old | new, before=position)
        for key in sorted(old | new):
            entity = self._entity(key)
            if before:
                entity.events = [event for event in entity.events if event.position != before.position]
            if after and key in new:
                entity.events.append(after)
                entity.events.sort(key=_position)
                if key not in old:
                    self.changes.moved.append((key, after.position))
            self._settle(entity, position)

    def _entity(self, key: str) -> Entity:
        entity = self._entities.get(key)
        if entity is None:
            entity = self._entities[key] = Entity(key)
        entity.page = self._page
        return entity

    def _settle(self, entity: Entity, position: int) -> None:
        """Ask the fold for the rows of a key; note which are closed at this position, and which opened."""
        rows, old = self._fold.rows(entity.key, entity.events), entity.rows
        if rows == old:
            return
        if not old:
            entity.rows, entity.known, entity.ids = rows, [position] * len(rows), [NOT_STORED] * len(rows)
            return
        known, ids = [position] * len(rows), [NOT_STORED] * len(rows)
        for row, known_from, row_id in zip(old, entity.known, entity.ids, strict=True):
            if row in rows:
                place = rows.index(row)
                known[place], ids[place] = known_from, row_id
            elif row_id == NOT_STORED:
                self._insert(row, known_from, position)
            else:
                self.changes.closed[row[0]].append((row_id, known_from, position))
        entity.rows, entity.known, entity.ids = rows, known, ids

    def _insert(self, row: Row, known_from: int, known_to: int | None) -> int:
        table, values = row
        row_id = self._next_ids[table]
        self._next_ids[table] = row_id + 1
        self.changes.inserted[table].append((row_id, values, known_from, known_to))
        return row_id

    def _load(self, keys: set[str], *, before: int) -> None:
        """Bring back the keys that were let go."""
        wanted = [key for key in keys if key not in self._entities] if self._are_some_elsewhere else []
        if wanted and self._let_go:
            wanted = self._let_go.met(wanted)
        if wanted:
            self._read_again(wanted, before)

    def _read_again(self, keys: Sequence[str], before: int) -> None:
        """Make these keys from the log and the rows that are open."""
        entities = {key: self._entity(key) for key in keys}
        for seen in self._events_of(keys, before - 1):
            for key in self._keys_if_any(seen):
                if key in entities:
                    entities[key].events.append(seen)
        for table, row_id, known_from, values in (self._let_go or self._stored).open_rows(keys):
            entity = entities[values[0]]
            entity.rows.append((table, values))
            entity.known.append(known_from)
            entity.ids.append(row_id)

    def _keys_if_any(self, seen: Seen | None) -> set[str]:
        """Return the keys an event belongs to; one that was parked for having none that can be told has none."""
        try:
            return set(self._fold.keys(seen)) if seen else set()
        except Exception:
            return set()

    def _events_of(self, keys: Sequence[str], upto: int) -> Iterable[Seen]:
        """Return what the log has about these keys by a position, as amended by then, in order."""
        refs = [f"{self._fold.kind}/{key}" for key in keys]
        moved = [position for _, position in self._stored.moved_in(keys)]
        return self._history.about(refs, moved, types=tuple(self._fold.fields), upto=upto)

    def settle_stored(self) -> Changes:
        """Return all that changed since this was last asked, and the rows that are open now: for live folding."""
        for entity in self._entities.values():
            if entity.page == self._page:
                self._store_open(entity)
        self._forget()
        return self._taken()

    def settle_closed(self) -> Changes:
        """Return what changed since this was last asked, without the open rows of keys in memory: for a rebuild."""
        self._forget()
        return self._taken()

    def settle_rest(self) -> Iterator[Changes]:
        """Yield the rows that are still open, some at a time, to end a rebuild."""
        for number, entity in enumerate(self._entities.values(), start=1):
            self._store_open(entity)
            if number % KEYS_AT_ONCE == 0:
                yield self._taken()
        yield self._taken()

    def _taken(self) -> Changes:
        changes, self.changes = self.changes, Changes()
        return changes

    def _forget(self) -> None:
        """Let the keys go that were met longest ago, if there are too many, and keep half of what may be kept."""
        if len(self._entities) <= self._keys_kept:
            return
        oldest = sorted(self._entities.values(), key=_page)[: -self._keys_kept // 2 or None]
        for entity in oldest:
            del self._entities[entity.key]
        if self._let_go:
            for entity in oldest:
                self._store_open(entity)
            self._let_go.put(oldest)
            self._are_some_elsewhere = True

    def _store_open(self, entity: Entity) -> None:
        for place, row_id in enumerate(entity.ids):
            if row_id == NOT_STORED:
                entity.ids[place] = self._insert(entity.rows[place], entity.known[place], None)


def _page(entity: Entity) -> int:
    return entity.page


def _position(event: Seen) -> int:
    return event.position
