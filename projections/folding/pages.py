"""The log as folds read it, page by page: each event is decoded once for all the folds that read it together.

A correction tells what one event was known as, and what it is known as from there on. Where it comes before the event
it is about, that event is awaited, and known as corrected from its own position on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from projections.amendments import AMENDING_TYPES, Published
from projections.folding.history import Amending, History, Log, root_of
from projections.folding.seen import Fields, RawEvent, Seen, amends
from projections.folding.table import Fold


class Change(NamedTuple):
    """From a position on, an event is known otherwise; `before` is None if it was not there, `after` if retracted."""

    position: int
    before: Seen | None
    after: Seen | None


class Awaited(NamedTuple):
    """An event that was corrected and has yet to come."""

    position: int
    target: Published


class Unreadable(NamedTuple):
    """An event or a correction that could not be read, and why."""

    position: int
    error: Exception


Step = Seen | Change | Awaited | Unreadable
Amended = tuple[str, Step]  # the type of what is amended decides which folds are told


class Pages:
    """Reads pages for several folds. A fold may be given fields that only another names, and never looks at them."""

    def __init__(self, folds: Sequence[Fold], log: Log, awaited: Iterable[Published] = ()) -> None:
        fields = _merged([fold.fields for fold in folds])
        self.types = (*fields, *AMENDING_TYPES)
        self._folds, self.history = folds, History(fields, log)
        self._awaited = set(awaited)

    def steps(self, rows: Sequence[RawEvent]) -> list[list[Step]]:
        """Return what a page of rows is to each fold, in order."""
        found: list[list[Step]] = [[] for _ in self._folds]
        take = self._takers(found)
        amended, read = self._amended(rows), self.history.reader.read
        for row in rows:
            type_name = row[2]
            if row[0] in amended:
                if (changed := amended[row[0]]) is None:
                    continue
                type_name, step = changed
            else:
                try:
                    step = read(row)
                except Exception as error:
                    step = Unreadable(row[0], error)
            for append in take[type_name]:
                append(step)
        return found

    def _takers(self, found: Sequence[list[Step]]) -> dict[str, list[Callable[[Step], None]]]:
        """Return by type what takes a step."""
        take = {
            name: [steps.append for fold, steps in zip(self._folds, found, strict=True) if name in fold.fields]
            for name in self.types
        }
        everybody = [steps.append for steps in found]
        return {**take, **dict.fromkeys(AMENDING_TYPES, everybody)}

    def _amended(self, rows: Sequence[RawEvent]) -> dict[int, Amended | None]:
        """Return by position what each correction, and each event that was awaited, changes; None: nothing here."""
        found: dict[int, Amended | None] = {}
        targets: dict[int, Published] = {}
        for row in rows:
            if row[2] in AMENDING_TYPES:
                found[row[0]] = None
                try:
                    targets[row[0]] = amends(row).target
                except Exception as error:
                    found[row[0]] = row[2], Unreadable(row[0], error)
            elif self._awaited and (row[3], row[4]) in self._awaited:
                targets[row[0]] = row[3], row[4]
        if targets:
            found.update(self._changes(targets, rows[-1][0]))
        return found

    def _changes(self, targets: Mapping[int, Published], upto: int) -> Iterator[tuple[int, Amended]]:
        """Yield what is known otherwise from each of these positions on."""
        published = self.history.published(set(targets.values()), upto)
        roots = {position: root_of(target, published) for position, target in targets.items()}
        amending = self.history.amending(set(roots.values()) & published.keys(), upto)
        for position, target in roots.items():
            event = published.get(target)
            if event is None:
                self._awaited.add(target)
                yield position, (AMENDING_TYPES[0], Awaited(position, target))
            elif event[2] in self.history.reader.fields:
                self._awaited.discard(target)
                since = max(position, event[0])  # it may have been corrected, on this page, before it came
                yield since, (event[2], self._change(since, event, amending))

    def _change(self, position: int, event: RawEvent, amending: Amending) -> Step:
        """Return what was known of an event before a position, and what is known from there on."""
        try:
            before = None if event[0] == position else self.history.known(event, amending, position - 1)
            return Change(position, before, self.history.known(event, amending, position))
        except Exception as error:
            return Unreadable(position, error)


def _merged(several: Sequence[Fields]) -> dict[str, tuple[str, ...]]:
    """Return, for each type, the fields that any of these names."""
    found: dict[str, dict[str, None]] = {}
    for fields in several:
        for name, wanted in fields.items():
            found.setdefault(name, {}).update(dict.fromkeys(wanted))
    return {name: tuple(wanted) for name, wanted in found.items()}
