"""A table's rows as columns of numbers, every version of them: a question about all of them takes milliseconds.

    episode | facility | valid_from | valid_to | known_from | known_to
          4 |        2 | 1768575... | MOST     |          1 |        7
          4 |        2 | 1768575... | 1768607. |          7 | MOST

A word is its number in `Words`, 0 for none. Of a moment the absent beginning is `LEAST` and the absent end `MOST`, so
that comparisons say of them what they mean: from an unknown moment on, and open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from projections.folding.seen import span_of
from projections.folding.table import KNOWN_COLUMNS, Values

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Columns = dict[str, Numbers]

LEAST, MOST = int(np.iinfo(np.int64).min), int(np.iinfo(np.int64).max)
AT_ONCE = 5_000  # rows


class Words:
    """Texts by number. They only grow: one thread at a time adds, while others read."""

    def __init__(self) -> None:
        self.texts: list[str | None] = [None]
        self._numbers: dict[str | None, int] = {None: 0}

    def add(self, texts: Iterable[str | None]) -> list[int]:
        """Return the number of each text, a new one where there is none."""
        every = list(texts)
        for text in dict.fromkeys(every):
            if text not in self._numbers:
                self.texts.append(text)
                self._numbers[text] = len(self.texts) - 1
        return list(map(self._numbers.__getitem__, every))

    def number(self, text: object) -> int | None:
        """Return the number of a text, None if it has none."""
        return self._numbers.get(text) if text is None or isinstance(text, str) else None


Reads = Callable[[str, Iterable[Any], Words], Columns]  # a stored column's name and values -> columns


@dataclass(frozen=True)
class Source:
    """What is read of a read model's table, by its key first; `events`, where there are any, are kept as they stand."""

    table: str
    reads: Mapping[str, Reads]
    has_events: bool = False

    @property
    def names(self) -> list[str]:
        """Return the stored columns."""
        return [*self.reads, *(("events",) if self.has_events else ())]

    @property
    def key(self) -> str:
        """Return the name of the first column."""
        return next(iter(self.reads))

    def columns(self, rows: Iterable[Values], words: Words) -> Versions:
        """Return rows of these columns, `known_from` and `known_to`; they are read some at a time."""
        remaining = iter(rows)
        portions = [self._portion((), words)]
        while some := list(islice(remaining, AT_ONCE)):
            portions.append(self._portion(some, words))
        return Versions.all_of(portions)

    def _portion(self, rows: Sequence[Values], words: Words) -> Versions:
        names = (*self.names, *KNOWN_COLUMNS)
        stored = dict(zip(names, zip(*rows, strict=True) if rows else [()] * len(names), strict=True))
        found: Columns = {}
        for name, reads in self.reads.items():
            found |= reads(name, stored[name], words)
        events = np.empty(len(rows), dtype=object)
        events[:] = stored.get("events")
        known_from, known_to = (moments(stored[name], MOST) for name in KNOWN_COLUMNS)
        return Versions(found, events, known_from, known_to)


@dataclass(frozen=True)
class Versions:
    """Rows of a table, all of their versions, in any order."""

    columns: Columns
    events: npt.NDArray[np.object_]
    known_from: Numbers
    known_to: Numbers

    def __getitem__(self, name: str) -> Numbers:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.known_from)

    def known_at(self, position: int) -> Flags:
        """Return which are known at a position."""
        return (self.known_from <= position) & (self.known_to > position)

    @classmethod
    def all_of(cls, portions: Sequence[Versions]) -> Versions:
        """Return the rows of all portions, of which there is one at least."""
        return cls(
            {name: np.concatenate([one[name] for one in portions]) for name in portions[0].columns},
            *(np.concatenate([getattr(one, name) for one in portions]) for name in ("events", *KNOWN_COLUMNS)),
        )

    def replaced(self, key: str, keys: Sequence[int], by: Versions) -> Versions:
        """Return these, but of some keys, which have been read anew, the others."""
        stay = ~np.isin(self[key], np.array(keys, dtype=np.int64))
        columns = {name: column[stay] for name, column in self.columns.items()}
        remaining = Versions(columns, self.events[stay], self.known_from[stay], self.known_to[stay])
        return Versions.all_of((remaining, by))


def moments(values: Iterable[int | None], absent: int) -> Numbers:
    """Return moments, or other numbers; what stands for one that is absent is given."""
    return np.array([absent if value is None else value for value in values], dtype=np.int64)


def words(name: str, values: Iterable[str | None], known: Words) -> Columns:
    """Read texts."""
    return {name: np.array(known.add(values), dtype=np.int64)}


def begins(name: str, values: Iterable[int | None], _: Words) -> Columns:
    """Read moments, or numbers, of which an absent one is the least of all."""
    return {name: moments(values, LEAST)}


def ends(name: str, values: Iterable[int | None], _: Words) -> Columns:
    """Read moments of which an absent one is after all others."""
    return {name: moments(values, MOST)}


def spans(name: str, values: Iterable[str | None], _: Words) -> Columns:
    """Read instants as their bounds, `NAME_first` and `NAME_last`; one that is not told is after all others."""
    bounds = [(MOST, MOST) if text is None else span(orjson.loads(text)) for text in values]
    found = np.array(bounds, dtype=np.int64).reshape(-1, 2)
    return {f"{name}_first": found[:, 0], f"{name}_last": found[:, 1]}


def span(told: Any) -> tuple[int, int]:
    """Return the bounds of an instant."""
    earliest, latest = span_of(told)
    return LEAST if earliest is None else earliest, MOST if latest is None else latest


def middle(first: Numbers, last: Numbers) -> Numbers:
    """Return the middle of bounds; the one that there is, or LEAST."""
    known = (first != LEAST) & (last != MOST)
    between = (np.where(known, first, 0) + np.where(known, last, 0)) // 2
    return np.where(known, between, np.where(first == LEAST, np.where(last == MOST, LEAST, last), first))
