"""What both databases share of a read model's tables: columns, statements, and how a stored row is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from projections.folding.table import Table, Values

US_PER_MINUTE = 60_000_000
OPEN = 63  # the reach of what has no end, or no beginning
KNOWN_COLUMNS = ("known_from", "known_to")
ModelRow = dict[str, Any]
Inserted = tuple[int, Values, int, int | None]  # id, values, known_from, known_to


def reach(begins: int | None, ends: int | None, unit: int = 1) -> int:
    """Return how many bits the length of an interval takes, in units: it is shorter than 2**reach units.

    Rows of one reach that hold at a moment begin within 2**reach before it, so an index on (facility, reach, begins)
    finds them without looking at all that ever began.
    """
    return OPEN if begins is None or ends is None else ((ends - begins) // unit).bit_length()


def columns_of(table: Table) -> list[str]:
    """Return the names of all stored columns, in order, as they are written in SQL."""
    extra = ["reach", "known_reach"] if table.is_interval else []
    return [quoted(name) for name in ("row_id", *table.columns, *KNOWN_COLUMNS, *extra)]


def quoted(name: str) -> str:
    """Return a name as SQL writes it: `from` and `to` are words of its own."""
    return f'"{name}"'


def stored_rows(table: Table, rows: Iterable[Inserted]) -> Iterator[tuple[int | str | None, ...]]:
    """Yield the values of all stored columns, of rows given as id, values, known_from and known_to."""
    if not table.is_interval:
        for row_id, values, known_from, known_to in rows:
            yield row_id, *values, known_from, known_to
        return
    names = list(table.columns)
    begins, ends = names.index("valid_from"), names.index("valid_to")
    for row_id, values, known_from, known_to in rows:
        start, end = values[begins], values[ends]
        lasts = OPEN if start is None or end is None else ((end - start) // US_PER_MINUTE).bit_length()
        known = None if known_to is None else (known_to - known_from).bit_length()
        yield row_id, *values, known_from, known_to, lasts, known


def read_row(table: Table, row: Sequence[Any]) -> ModelRow:
    """Return a stored row by column name, with `known_from` and `known_to`."""
    found = table.read(row)
    found["known_from"], found["known_to"] = row[len(table.columns) : len(table.columns) + 2]
    return found


def selected(table: Table) -> str:
    """Return the columns that `read_row` reads."""
    return ", ".join(f"t.{quoted(name)}" for name in (*table.columns, *KNOWN_COLUMNS))


def known_at(position: int) -> str:
    """Return the condition that a row is known at a position; half of all rows may be, so no index is to find them."""
    return f"+t.known_from <= {int(position)} AND (t.known_to IS NULL OR t.known_to > {int(position)})"


def holding_at(table: Table, name: str, moment: int, known: int, *, is_newest: bool) -> str:
    """Return a statement, with the facility as parameter (twice unless `is_newest`): the rows that hold at a moment."""
    valid = f"(t.valid_from IS NULL OR t.valid_from <= {moment}) AND (t.valid_to IS NULL OR t.valid_to > {moment})"
    bounded = f"{valid} AND {known_at(known)}"
    now = _within(table, name, "reach", "valid_from", _classes(moment, US_PER_MINUTE), "t.known_to IS NULL", bounded)
    if is_newest:
        return now
    where = "t.known_to IS NOT NULL"
    return f"{now} UNION ALL {_within(table, name, 'known_reach', 'known_from', _classes(known, 1), where, bounded)}"


def _within(table: Table, name: str, column: str, begins: str, classes: str, where: str, bounded: str) -> str:
    return (
        f"SELECT {selected(table)} FROM (VALUES {classes}) AS c CROSS JOIN {name} AS t "  # noqa: S608 - our own names
        f"WHERE {where} AND t.facility = ? AND t.{column} = c.column1 AND "
        f"(t.{begins} > c.column2 OR c.column1 = {OPEN}) AND {bounded}"
    )


def _classes(moment: int, unit: int) -> str:
    bounds = ((bits, moment - unit * 2**bits) for bits in range(41))
    return ", ".join(f"({bits}, {lower})" for bits, lower in [*bounds, (OPEN, 0)])
