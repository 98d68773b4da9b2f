"""The engine that runs one fold: events in, changed rows out. Live and rebuilt, it is this same code.

It keeps the events of the keys it has met, asks the fold for the rows of each key that an event touches, and notes
which rows that closes and opens. A key it has not in memory is read from the log again, so memory is bounded and
nothing but rows is ever stored. A correction changes the one event it is about, from its own position on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from domain.errors import IntegrityProblem, LedgerUnavailable
from projections.amendments import AMENDING_TYPES, Amendments
from projections.folding.seen import RawEvent, Reader, Seen, amended_id
from projections.folding.table import Fold, Row, Values
from projections.recorded import Recorded

KEYS_KEPT = 200_000
NOT_STORED = 0
Published = tuple[str, str]  # source and id
Step = tuple[int, Seen | Published, Sequence[str]]  # position; what the fold sees, or what it amends; the keys


class Log(Protocol):
    """What the engine asks of the log besides its pages."""

    def about(self, refs: Sequence[str], *, upto: int) -> list[Recorded]:
        """Return every event in, or mentioning, any of these references, in order."""
        ...

    def published(self, event_ids: Sequence[str], *, topics: Sequence[str], upto: int) -> list[Recorded]:
        """Return the events of these types with these ids, whoever published them."""
        ...

    def at(self, positions: Sequence[int]) -> list[Recorded]:
        """Return the events at these positions, in order."""
        ...


class Stored(Protocol):
    """What the engine asks of the rows stored so far."""

    def open_rows(self, keys: Sequence[str]) -> Iterable[tuple[str, int, int, Values]]:
        """Yield table, row id, `known_from` and values of the rows of these keys that nothing has closed."""
        ...

    def moved_in(self, keys: Sequence[str]) -> list[tuple[str, int]]:
        """Return key and position of the events that a correction moved to these keys."""
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
    """Runs one fold over pages of the log. `complete` says that what is in memory is all there is: a rebuild from 1."""

    def __init__(
        self,
        fold: Fold,
        log: Log,
        stored: Stored,
        *,
        next_ids: dict[str, int] | None = None,
        awaited: Iterable[Published] = (),
        complete: bool = False,
        stop_on_error: bool = False,
    ) -> None:
        self.types = (*fold.fields, *AMENDING_TYPES)
        self._published: dict[Published, Recorded] = {}
        self._amending: defaultdict[Published, list[Recorded]] = defaultdict(list)
        self._fold, self._log, self._stored = fold, log, stored
        self._reader = Reader(fold.fields)
        self._entities: dict[str, Entity] = {}
        self._elsewhere: set[str] | None = set() if complete else None  # keys that left memory; None: any may be there
        self._next_ids = next_ids or {table.name: 1 for table in fold.tables}
        self._awaited = set(awaited)
        self._stop_on_error = stop_on_error
        self._page = 0
        self.changes = Changes()

    def fold(self, rows: Sequence[RawEvent]) -> None:
        """Fold one page of the log, in order: rows (position, stream, type, source, id, earliest, latest, body)."""
        self._page += 1
        steps = [step for row in rows if (step := self._step(row))]
        if not steps:
            return
        upto = rows[-1][0]
        self._look_up(steps, upto)
        if self._elsewhere is None or self._elsewhere:
            self._load({key for _, _, keys in steps for key in keys}, before=rows[0][0])
        for position, subject, keys in steps:
            try:
                if not isinstance(subject, Seen):
                    self._change(subject, position)
                elif self._awaited and subject.published in self._awaited:
                    self._change(subject.published, position)
                else:
                    self._append(position, subject, keys)
            except Exception as error:
                self._park(position, error)

    def _step(self, row: RawEvent) -> Step | None:
        """Return the position with what the fold sees of the event and its keys, or with the event it amends."""
        try:
            if row[2] in AMENDING_TYPES:
                target = amended_id(row[7])
                return (row[0], (row[3], target), ()) if target else None
            seen = self._reader.read(row)
            return row[0], seen, self._fold.keys(seen)
        except Exception as error:
            self._park(row[0], error)
            return None

    def _look_up(self, steps: Sequence[Step], upto: int) -> None:
        """Read, once for a page, the events that its corrections are about, and all that amends these."""
        self._published, self._amending = {}, defaultdict(list)
        targets = [subject for _, subject, _ in steps if not isinstance(subject, Seen)]
        if self._awaited:
            targets += [s.published for _, s, _ in steps if isinstance(s, Seen) and s.published in self._awaited]
        if not targets:
            return
        ids = [event_id for _, event_id in targets]
        for event in self._log.published(ids, topics=tuple(self._fold.fields), upto=upto):
            self._published[event.envelope.source, event.envelope.id] = event
        refs = [f"event/{event_id}" for _, event_id in self._published]
        for event in self._log.about(refs, upto=upto) if refs else ():
            if event.envelope.correctionof:
                self._amending[event.envelope.source, event.envelope.correctionof].append(event)

    def _park(self, position: int, error: Exception) -> None:
        """Set an event aside, or stop there; a log or rows that cannot be read are not the event's fault."""
        if isinstance(error, LedgerUnavailable | IntegrityProblem):
            raise error
        if self._stop_on_error:
            what = f"the read model {self._fold.name!r} cannot take this event: {type(error).__name__}: {error}"
            mend = "`--on-error park` sets it aside; a correction of the event, or a program that can take it, mends it"
            raise IntegrityProblem("not_folded", what, where=f"position {position}", mend=mend) from error
        self.changes.parked.append((position, f"{type(error).__name__}: {error}"))

    def _append(self, position: int, seen: Seen, keys: Sequence[str]) -> None:
        for key in keys:
            entity = self._entities.get(key) or self._entity(key)
            entity.page = self._page
            entity.events.append(seen)
            self._settle(entity, position)

    def _change(self, target: Published, position: int) -> None:
        """Put what is known of an event from a position on in the place of what was known before it.

        The event may yet have to come, or be of no type the fold reads: both are awaited, and the second never comes.
        """
        published = self._published.get(target)
        if published is None or published.position > position:
            self._awaited.add(target)
            self.changes.awaited.append(target)
            return
        amending = self._amending[target]
        is_new = published.position == position
        before = None if is_new else self._amended(published, [one for one in amending if one.position < position])
        after = self._amended(published, [one for one in amending if one.position <= position])
        old, new = self._keys_if_any(before), set(self._fold.keys(after)) if after else set()
        self._load(old | new, before=position)
        for key in sorted(old | new):
            entity = self._entity(key)
            entity.events = [event for event in entity.events if event.published != target]
            if after and key in new:
                entity.events.append(after)
                entity.events.sort(key=_position)
                if key not in old:
                    self.changes.moved.append((key, after.position))
            self._settle(entity, position)

    def _amended(self, published: Recorded, amending: Sequence[Recorded]) -> Seen | None:
        amended = Amendments(amending).amend(published)
        return self._reader.of(amended) if amended else None

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
        known, ids = entity.known, entity.ids
        entity.rows, entity.known, entity.ids = rows, [position] * len(rows), [NOT_STORED] * len(rows)
        for row, known_from, row_id in zip(old, known, ids, strict=True):
            if row in rows:
                place = rows.index(row)
                entity.known[place], entity.ids[place] = known_from, row_id
            elif row_id == NOT_STORED:
                self._insert(row, known_from, position)
            else:
                self.changes.closed[row[0]].append((row_id, known_from, position))

    def _insert(self, row: Row, known_from: int, known_to: int | None) -> int:
        table, values = row
        row_id = self._next_ids[table]
        self._next_ids[table] = row_id + 1
        self.changes.inserted[table].append((row_id, values, known_from, known_to))
        return row_id

    def _load(self, keys: set[str], *, before: int) -> None:
        """Read again, from the log and the stored rows, the keys that are not in memory."""
        elsewhere = self._elsewhere
        wanted = [key for key in keys if key not in self._entities and (elsewhere is None or key in elsewhere)]
        if not wanted:
            return
        entities = {key: self._entity(key) for key in wanted}
        for seen in self._events_of(wanted, before - 1):
            for key in self._keys_if_any(seen):
                if key in entities:
                    entities[key].events.append(seen)
        for table, row_id, known_from, values in self._stored.open_rows(wanted):
            entity = entities[values[0]]
            entity.rows.append((table, values))
            entity.known.append(known_from)
            entity.ids.append(row_id)
        if elsewhere is not None:
            elsewhere.difference_update(wanted)

    def _keys_if_any(self, seen: Seen | None) -> set[str]:
        """Return the keys an event belongs to; one that was parked for having none that can be told has none."""
        try:
            return set(self._fold.keys(seen)) if seen else set()
        except Exception:
            return set()

    def _events_of(self, keys: Sequence[str], upto: int) -> Iterable[Seen]:
        """Return what the log has about these keys by a position, as amended by then, in order."""
        refs = [f"{self._fold.kind}/{key}" for key in keys]
        found = {event.position: event for event in self._log.about(refs, upto=upto)}
        moved = [position for _, position in self._stored.moved_in(keys) if position not in found]
        found.update((event.position, event) for event in self._log.at(moved))
        events = [found[position] for position in sorted(found) if found[position].type in self._fold.fields]
        if not events:
            return ()
        amendments = Amendments(self._log.about([f"event/{event.envelope.id}" for event in events], upto=upto))
        return map(self._reader.of, amendments.apply(events))

    def settle_stored(self) -> Changes:
        """Return all that changed since this was last asked, and the rows that are open now: for live folding."""
        for entity in self._entities.values():
            if entity.page == self._page:
                self._store_open(entity)
        return self._taken()

    def settle_closed(self) -> Changes:
        """Return what changed for good since this was last asked; rows that are open stay in memory: for a rebuild."""
        return self._taken()

    def settle_rest(self) -> Changes:
        """Return the rows that are still open, to end a rebuild."""
        for entity in self._entities.values():
            self._store_open(entity)
        return self._taken()

    def _taken(self) -> Changes:
        if len(self._entities) > KEYS_KEPT:
            self._forget()
        changes, self.changes = self.changes, Changes()
        return changes

    def _forget(self) -> None:
        """Let the keys go that were met longest ago, and keep half of what may be kept."""
        oldest = sorted(self._entities, key=lambda key: self._entities[key].page)[: -KEYS_KEPT // 2 or None]
        for key in oldest:
            self._store_open(self._entities.pop(key))
        if self._elsewhere is not None:
            self._elsewhere.update(oldest)

    def _store_open(self, entity: Entity) -> None:
        for place, row_id in enumerate(entity.ids):
            if row_id == NOT_STORED:
                entity.ids[place] = self._insert(entity.rows[place], entity.known[place], None)


def _position(event: Seen) -> int:
    return event.position
