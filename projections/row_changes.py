"""What changed in a table of a read model between two points of knowledge, and at which positions.

    rows of one key                    known at 3   known at 9
    custody   8:00 to open    1 to 7   before
    custody   8:00 to 17:00   7 on                  after        changed at [7]

A row that was known, unknown for a while and is known again as it was has not changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import orjson

from projections.folding.table import Table

Row = Mapping[str, Any]
Values = tuple[Any, ...]


class RowChange(NamedTuple):
    """One row as known before and after, None where there was none, and the positions of the events in between."""

    key: str
    before: Row | None
    after: Row | None
    positions: list[int]


def row_changes(table: Table, rows: Iterable[Row], before: int, after: int) -> Iterator[RowChange]:
    """Yield what changed, by key; `rows` became known, or ceased to be, between the two positions, and come by key."""
    for key, group in groupby(rows, key=lambda row: str(row[table.key])):
        its = sorted(group, key=lambda row: (orjson.dumps(_values(table, row)), row["known_from"]))
        old, new = _differing(table, *([row for row in its if is_known(row, at)] for at in (before, after)))
        first, last = sorted((before, after))
        passing = [row for row in its if not is_known(row, before) and not is_known(row, after)]
        meanwhile = {position for row in passing for position in _turns(row, first, last)}
        for one, other in _paired(table, old, new):
            own = {position for row in (one, other) if row for position in _turns(row, first, last)}
            yield RowChange(key, one, other, sorted(own | meanwhile))


def is_known(row: Row, position: int) -> bool:
    """Say whether a row is known at a position."""
    return row["known_from"] <= position and (row["known_to"] is None or row["known_to"] > position)


def _turns(row: Row, after: int, upto: int) -> Iterator[int]:
    """Yield the positions, of those asked about, at which a row became known and ceased to be."""
    yield from (at for at in (row["known_from"], row["known_to"]) if at is not None and after < at <= upto)


def _values(table: Table, row: Row) -> Values:
    return tuple(row[name] for name in table.columns)


def _differing(table: Table, old: list[Row], new: list[Row]) -> tuple[list[Row], list[Row]]:
    """Leave out the rows that are known on both sides with the same values."""
    left, others = [], list(new)
    for row in old:
        same = next((other for other in others if _values(table, other) == _values(table, row)), None)
        if same is None:
            left.append(row)
        else:
            others.remove(same)
    return left, others


def _paired(table: Table, old: Sequence[Row], new: Sequence[Row]) -> Iterator[tuple[Row | None, Row | None]]:
    """Pair each row with the one that took its place: the one that has most values in common with it."""
    alike = [
        (-sum(map(_is_same, _values(table, one), _values(table, other))), first, second)
        for first, one in enumerate(old)
        for second, other in enumerate(new)
    ]
    olds, news = dict(enumerate(old)), dict(enumerate(new))
    for _, first, second in sorted(alike):
        if first in olds and second in news:
            yield olds.pop(first), news.pop(second)
    yield from ((row, None) for row in olds.values())
    yield from ((None, row) for row in news.values())


def _is_same(one: object, other: object) -> bool:
    return one == other
