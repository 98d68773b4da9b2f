"""Tables of counts in which nobody can be singled out: a small count is left out, and what it would follow from.

              county_jail  state_prison  all                county_jail  state_prison  all
    Anoka               3            40   43    Anoka                 –             –   43
    Cass               25            31   56    Cass                  –             –   56
    all                28            71   99    all                  28            71   99

Rows and columns of less than 11 in all are told together, as `other`. A count from 1 to 10 is then suppressed, a total
too; zero is told. As totals are told, each such count is made one corner of a rectangle of suppressed ones (the
hypercube method of official statistics): its corners can be moved against each other while no line's sum changes, so
far that the count may be zero, and may be the threshold, for all that is published. Of the rectangles that do, the one
that leaves out least is taken. Where there is none, the smallest row or column joins the others, and it is tried again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

THRESHOLD = 11
ALL = "all"
OTHER = "other"

Counts = Mapping[tuple[str, str], int]  # by row and column; what is not there is zero
Place = tuple[int, int]


class Published(NamedTuple):
    """A table, its totals in the last row and column, both `all`, before which may be `other`; None is suppressed."""

    rows: list[str]
    columns: list[str]
    values: list[list[int | None]]


class Corners(NamedTuple):
    """A rectangle with one count at a corner: that, and the others; `signs` say which way each moves when it grows."""

    places: tuple[Place, ...]
    signs: tuple[int, ...]


def published(counts: Counts, rows: Sequence[str], columns: Sequence[str], threshold: int = THRESHOLD) -> Published:
    """Return a table with what may be told of it; `counts` name no row or column that is not given."""
    by_row, by_column = _sums(counts, 0), _sums(counts, 1)
    own_rows = [row for row in rows if by_row[row] >= threshold]
    own_columns = [column for column in columns if by_column[column] >= threshold]
    while True:
        together = _together(counts, own_rows, own_columns)
        shown_rows, shown_columns = _with_other(own_rows, rows), _with_other(own_columns, columns)
        table = _with_totals(together, shown_rows, shown_columns)
        hidden = _hidden(table, threshold)
        if hidden is not None or not (own_rows or own_columns):
            return _told(table, [*shown_rows, ALL], [*shown_columns, ALL], hidden)
        smallest = min(
            [(by_row[row], 0, row) for row in own_rows] + [(by_column[column], 1, column) for column in own_columns]
        )
        (own_columns if smallest[1] else own_rows).remove(smallest[2])


def _sums(counts: Counts, axis: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for place, count in counts.items():
        found[place[axis]] += count
    return found


def _together(counts: Counts, own_rows: Sequence[str], own_columns: Sequence[str]) -> Counts:
    """Return the counts with rows and columns that are not told by themselves as `other`."""
    found: Counter[tuple[str, str]] = Counter()
    for (row, column), count in counts.items():
        found[row if row in own_rows else OTHER, column if column in own_columns else OTHER] += count
    return found


def _with_other(own: Sequence[str], every: Sequence[str]) -> list[str]:
    return [*own] if len(own) == len(every) else [*own, OTHER]


def _hidden(table: list[list[int]], threshold: int) -> set[Place] | None:
    """Return what is to be suppressed, None if nothing less than all would do."""
    small = [(r, c) for r, line in enumerate(table) for c, count in enumerate(line) if 0 < count < threshold]
    hidden = set(small)
    for place in small:
        best = min(_protecting(table, place, threshold), key=lambda found: _cost(table, found, hidden), default=None)
        if best is None:
            return None
        hidden.update(best.places)
    return hidden


def _told(table: list[list[int]], rows: list[str], columns: list[str], hidden: set[Place] | None) -> Published:
    """Return the table, or nothing of it where `hidden` is None."""
    values = [
        [None if hidden is None or (r, c) in hidden else count for c, count in enumerate(line)]
        for r, line in enumerate(table)
    ]
    return Published(rows, columns, values)


def _with_totals(counts: Counts, rows: Sequence[str], columns: Sequence[str]) -> list[list[int]]:
    inner = [[counts.get((row, column), 0) for column in columns] for row in rows]
    table = [[*line, sum(line)] for line in inner]
    return [*table, [sum(line[c] for line in table) for c in range(len(columns) + 1)]]


def _protecting(table: list[list[int]], place: Place, threshold: int) -> Iterator[Corners]:
    """Yield the rectangles within which a count can become zero, and can become the threshold."""
    (row, column), value = place, table[place[0]][place[1]]
    for other_row, other_column in product(range(len(table)), range(len(table[0]))):
        if other_row != row and other_column != column:
            corners = _corners(table, place, (other_row, other_column))
            moves = [(table[r][c], sign) for (r, c), sign in zip(*corners, strict=True)]
            up = min((told for told, sign in moves if sign < 0), default=threshold)
            down = min(told for told, sign in moves if sign > 0)
            if value + up >= threshold and down >= value:
                yield corners


def _corners(table: list[list[int]], place: Place, opposite: Place) -> Corners:
    """Return a rectangle. In a line of counts and their total one count moves against another, and with the total."""
    (row, column), (other_row, other_column) = place, opposite
    total_row, total_column = len(table) - 1, len(table[0]) - 1
    along = 1 if total_column in (column, other_column) else -1
    across = 1 if total_row in (row, other_row) else -1
    places = (place, (row, other_column), (other_row, column), opposite)
    return Corners(places, (1, along, across, along * across))


def _cost(table: list[list[int]], corners: Corners, hidden: set[Place]) -> tuple[int, int, Corners]:
    """Return how many counts, and how much, a rectangle leaves out that were told; the same for the same table."""
    fresh = [table[r][c] for r, c in corners.places if (r, c) not in hidden]
    return len(fresh), sum(fresh), corners
