"""What both databases share of a read model's tables: columns, statements, and how a stored row is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from projections.folding.seen import LONG_AGO
from projections.folding.table import KNOWN_COLUMNS, Table, Values

US_PER_MINUTE = 60_000_000
OPEN = 63  # the reach of what has no end, or no beginning
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


def selected(table: Table) -> str:
    """Return the columns that `Table.read` reads."""
    return ", ".join(f"t.{quoted(name)}" for name in (*table.columns, *KNOWN_COLUMNS))


def indexes(table: Table) -> Iterator[tuple[str, str]]:
    """Yield of each index what it is for, in a word, and the columns and rows that are in it, as SQL."""
    yield "key", f"({quoted(table.key)}, known_to)"
    yield "from", "(known_from)"
    yield "to", "(known_to) WHERE known_to IS NOT NULL"
    if table.listed_by:
        yield "latest", f"(facility, {quoted(table.listed_by)})"
    if table.is_interval:  # with all bounds of what held at a moment: what did not costs no look at a row
        yield "now", "(facility, reach, valid_from, valid_to, known_from) WHERE known_to IS NULL"
        yield "past", "(facility, known_reach, known_from, known_to, valid_from, valid_to) WHERE known_to IS NOT NULL"


def changed_within(after: int, upto: int) -> str:
    """Return the condition that a row became known, or ceased to be, at a position in (after, upto]."""
    return " OR ".join(f"(t.{column} > {int(after)} AND t.{column} <= {int(upto)})" for column in KNOWN_COLUMNS)


def known_at(position: int) -> str:
    """Return the condition that a row is known at a position; half of all rows may be, so no index is to find them."""
    return f"+t.known_from <= {int(position)} AND (t.known_to IS NULL OR t.known_to > {int(position)})"


def holding_at(table: Table, name: str, moment: int, known: int, *, is_newest: bool) -> str:
    """Return a statement, with the facility as every parameter: the rows that hold at a moment.

    They are found by when they began, and those known no more by when they became known: in each a range of an index
    for every reach there can be. What has no known beginning is in no such range, and has a part of its own.
    """
    begun, ends = f"t.valid_from <= {moment}", f"(t.valid_to IS NULL OR t.valid_to > {moment})"
    now = f"t.known_to IS NULL AND t.known_from <= {known}"
    parts = [
        _within(table, name, "reach", "valid_from", _lower(moment, US_PER_MINUTE), f"{now} AND {begun} AND {ends}"),
        _of_one_facility(table, name, f"t.reach = {OPEN} AND t.valid_from IS NULL AND {now} AND {ends}"),
    ]
    if not is_newest:
        then = f"t.known_from <= {known} AND t.known_to > {known}"
        holds = f"{then} AND (t.valid_from IS NULL OR {begun}) AND {ends}"
        parts.append(_within(table, name, "known_reach", "known_from", _lower(known, 1), holds))
    return " UNION ALL ".join(parts)


def _within(table: Table, name: str, column: str, begins: str, lower: str, holds: str) -> str:
    classes = f"(VALUES {lower}) AS c CROSS JOIN {name}"
    return _of_one_facility(table, classes, f"t.{column} = c.column1 AND t.{begins} > c.column2 AND {holds}")


def _of_one_facility(table: Table, source: str, holds: str) -> str:
    return f"SELECT {selected(table)} FROM {source} AS t WHERE t.facility = ? AND {holds}"  # noqa: S608 - our own names


def _lower(moment: int, unit: int) -> str:
    """Return for each reach after what moment it must have begun to hold still at this one."""
    bounds = ((bits, moment - unit * 2**bits) for bits in range(41))
    return ", ".join(f"({bits}, {lower})" for bits, lower in [*bounds, (OPEN, LONG_AGO)])
