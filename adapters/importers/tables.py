"""Tables as agencies export them: CSV, TSV, semicolons, bars or a workbook, row by row in bounded memory.

    for row in read_table(path, required=["detainer_prepare_date", "detainer_facility"]):
        row.number   # data rows from 1
        row.cells    # {"detainer_prepare_date": "2026-02-11", ...}: as printed, blanks and spaces included
        row.problem  # a Refusal instead of cells

Problems: nul_byte, wrong_encoding, line_too_long, truncated_row, wrong_cell_count, bad_quotes, sheet_without_header.
What is wrong with the file as a whole raises InputRefused before the first row.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from adapters.importers.port import Refusal
from adapters.importers.table_header import (
    HEADER_ROWS_MAX,
    NO_OTHERS,
    HeaderSearch,
    Known,
    TableRow,
    broken_row,
    column_name,
)
from adapters.importers.text_files import (
    LINE_BYTES_MAX,
    ZIP_MAGIC,
    Line,
    bounded_lines,
    check_text,
    check_utf8,
    read_head,
)
from adapters.importers.workbooks import read_workbook
from domain.errors import InputRefused

__all__ = ["InputLine", "TableRow", "column_name", "read_lines", "read_table"]

DELIMITERS = (",", "\t", ";", "|")
LINES_JOINED_MAX = 200
NOT_CLOSED = "unexpected end of data"
TOO_LONG = f"the line is longer than {LINE_BYTES_MAX:,} bytes; it was skipped without being read"

csv.field_size_limit(2 * LINE_BYTES_MAX)


@dataclass(frozen=True, slots=True)
class InputLine:
    """One line of a text file without its ending, or what is wrong with it. `number` counts lines from 1."""

    number: int
    raw: bytes
    problem: Refusal | None = None


def read_lines(path: Path) -> Iterator[InputLine]:
    """Yield a file's lines as bytes; longer ones than 1 MiB carry problem `line_too_long`.

    Raise InputRefused: file_not_found, not_a_file, file_unreadable, empty_file, wrong_encoding (UTF-16),
    not_a_table (a binary file).
    """
    check_text(path, read_head(path), "lines of text")
    return (_input_line(line) for line in bounded_lines(path))


def _input_line(line: Line) -> InputLine:
    if line.too_long:
        return InputLine(line.number, b"", Refusal(line.number, "line", "line_too_long", TOO_LONG))
    return InputLine(line.number, line.raw.removesuffix(b"\n").removesuffix(b"\r"))


def read_table(path: Path, *, required: Sequence[str], known: Known = NO_OTHERS) -> Iterator[TableRow]:
    """Yield the data rows under the first row that holds all `required` columns.

    Column names are returned in snake_case: `Detainer Prepare Date` is `detainer_prepare_date`. Required columns, and
    `known` ones with the other names they go by, are recognised by letters and digits alone.
    Raise InputRefused: file_not_found, not_a_file, file_unreadable, empty_file, wrong_encoding, not_a_table,
    missing_column, repeated_column, line_too_long (where the header should be), workbook_too_large.
    """
    head = read_head(path)
    if head.startswith(ZIP_MAGIC):
        rows = read_workbook(path, required, known)
        first = next(rows, None)
        return rows if first is None else chain([first], rows)
    check_text(path, head, "a table")
    check_utf8(path)
    header = _find_header(path, required, known)
    return _rows(Lines(islice(bounded_lines(path), header.lines, None)), header)


@dataclass(frozen=True, slots=True)
class Header:
    """The column names, what separates cells, and how many lines go before the data."""

    names: tuple[str, ...]
    delimiter: str
    lines: int


def _find_header(path: Path, required: Sequence[str], known: Known) -> Header:
    search = HeaderSearch(path, required, known)
    for line in islice(bounded_lines(path), HEADER_ROWS_MAX):
        if line.too_long:
            where = f"{path}, line {line.number}"
            raise InputRefused("line_too_long", TOO_LONG, where=where, mend="check that this is a table")
        for delimiter in DELIMITERS:
            names = search.match(_lenient_cells(_text(line.raw), delimiter))
            if names is not None:
                return Header(names, delimiter, line.number)
    raise search.not_found()


def _lenient_cells(text: str, delimiter: str) -> list[str]:
    """Preambles may be anything; only what reads as cells can be the header."""
    try:
        return next(csv.reader((text,), delimiter=delimiter), [])
    except csv.Error:
        return []


def _text(raw: bytes) -> str:
    return raw.decode("utf-8").removesuffix("\n").removesuffix("\r")


class Lines(Iterator[Line]):
    """Lines of which some can be given back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._waiting: deque[Line] = deque()

    def __next__(self) -> Line:
        return self._waiting.popleft() if self._waiting else next(self._lines)

    def give_back(self, taken: Sequence[Line]) -> None:
        """Make these the next lines."""
        self._waiting.extendleft(reversed(taken))


def _rows(lines: Lines, header: Header) -> Iterator[TableRow]:
    """Read record by record; the lines of a broken one go back, all but its first, to be read alone."""
    number = 0
    nothing = f" \t\r\n{header.delimiter}".encode()
    for line in lines:
        if not line.too_long and not line.raw.strip(nothing):
            continue
        number += 1
        problem = _line_problem(line)
        yield broken_row(number, *problem) if problem else _record(number, line, lines, header)


def _line_problem(line: Line) -> tuple[str, str] | None:
    if line.too_long:
        return "line_too_long", TOO_LONG
    if b"\x00" in line.raw:
        return "nul_byte", f"the row holds a NUL byte at its byte {line.raw.index(0) + 1}"
    if not _is_utf8(line.raw):
        return "wrong_encoding", "the row is not UTF-8: the file was changed since it was checked"
    return None


def _is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _record(number: int, line: Line, lines: Lines, header: Header) -> TableRow:
    cells = _cells(_text(line.raw), header.delimiter)
    if cells is None:
        cells = _cells_over_lines(line, lines, header)
    if cells is None:
        return broken_row(number, "truncated_row", "a quoted cell is not closed")
    if isinstance(cells, str):
        return broken_row(number, "bad_quotes", f"the quotes of this row do not pair: {cells}")
    if len(cells) == len(header.names):
        return TableRow(number, dict(zip(header.names, cells, strict=True)))
    reason = f"{len(cells)} cells under {len(header.names)} columns"
    if len(cells) < len(header.names) and not line.raw.endswith(b"\n"):
        return broken_row(number, "truncated_row", f"the file ends inside this row: {reason}")
    return broken_row(number, "wrong_cell_count", reason)


def _cells(text: str, delimiter: str) -> list[str] | str | None:
    """Return the cells, None if a quoted cell is still open, or the parser's complaint."""
    try:
        return next(csv.reader((text,), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return None if NOT_CLOSED in str(error) else str(error)


def _cells_over_lines(first: Line, lines: Lines, header: Header) -> list[str] | None:
    """Close an open quoted cell with the lines that follow; give them back if that makes no whole row."""
    taken: list[Line] = []
    joined = [first.raw]
    size = len(first.raw)
    while len(taken) < LINES_JOINED_MAX and size <= LINE_BYTES_MAX:
        line = next(lines, None)
        if line is None:
            break
        taken.append(line)
        if _line_problem(line):
            break
        joined.append(line.raw)
        size += len(line.raw)
        cells = _cells(_text(b"".join(joined)), header.delimiter) if b'"' in line.raw else None
        if isinstance(cells, list) and len(cells) == len(header.names):
            return cells
        if cells is not None:
            break
    lines.give_back(taken)
    return None
