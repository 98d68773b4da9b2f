"""The keys that a rebuild let go, and which stored rows of theirs are open, in a few bytes each.

The stored rows of a rebuild have no index by key yet. So the hash of each key is kept, sorted, beside the id of each
row and the number of its table; a key without rows has one NO_ROW.

    hash of key    -91   12   12   40
    row id * 3 + table 7   3    10   -1

A hash that two keys share costs a look at the log and at a row, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from adapters.read_models.model import Model
from projections.folding.folder import Entity, OpenRow

Numbers = NDArray[np.int64]
NO_ROW = -1
RUNS_MAX = 8  # then they are sorted into one


class LetGo:
    """The keys of one model that were met and are not in memory."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._tables = [table.name for table in model.fold.tables]
        self._count, self._numbers = len(self._tables), {name: number for number, name in enumerate(self._tables)}
        self._runs: list[tuple[Numbers, Numbers]] = []

    def put(self, entities: Iterable[Entity]) -> None:
        """Note the keys of these, and which rows of theirs are open; all are stored."""
        pairs: list[tuple[int, int]] = []
        for entity in entities:
            hashed = hash(entity.key)
            if not entity.ids:
                pairs.append((hashed, NO_ROW))
            for (table, _), row_id in zip(entity.rows, entity.ids, strict=True):
                pairs.append((hashed, row_id * self._count + self._numbers[table]))
        self._runs.append(_sorted(*np.array(pairs, np.int64).T))
        if len(self._runs) > RUNS_MAX:
            hashes, rows = zip(*self._runs, strict=True)
            self._runs = [_sorted(np.concatenate(hashes), np.concatenate(rows))]

    def met(self, keys: Sequence[str]) -> list[str]:
        """Return those of these keys that were noted."""
        hashes = _hashes(keys)
        order = np.argsort(hashes)  # sorted, they are looked up where the last one was found: many times faster
        wanted, found = hashes[order], np.zeros(len(keys), np.bool_)
        for noted, _ in self._runs:
            places = np.minimum(np.searchsorted(noted, wanted), len(noted) - 1)
            found |= noted[places] == wanted
        return [keys[place] for place in np.sort(order[found]).tolist()]

    def open_rows(self, keys: Sequence[str]) -> Iterator[OpenRow]:
        """Yield table, row id, `known_from` and values of the rows of these keys that nothing has closed."""
        ids: dict[str, set[int]] = {name: set() for name in self._tables}  # a key that went twice is noted twice
        for row in self._rows(_hashes(keys)):
            row_id, number = divmod(row, self._count)
            ids[self._tables[number]].add(row_id)
        wanted = set(keys)
        for table, its in ids.items():
            yield from (row for row in self._model.open_among(table, sorted(its)) if row[3][0] in wanted)

    def _rows(self, wanted: Numbers) -> Iterator[int]:
        for hashes, rows in self._runs:
            begins, ends = np.searchsorted(hashes, wanted).tolist(), np.searchsorted(hashes, wanted, "right").tolist()
            for begin, end in zip(begins, ends, strict=True):
                yield from (row for row in rows[begin:end].tolist() if row != NO_ROW)


def _hashes(keys: Sequence[str]) -> Numbers:
    return np.fromiter(map(hash, keys), np.int64, len(keys))


def _sorted(hashes: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
    order = np.argsort(hashes)
    return hashes[order], rows[order]
