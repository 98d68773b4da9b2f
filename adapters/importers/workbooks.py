"""Workbooks (.xlsx): every sheet with the header is read, one after the other, cells as they print.

A date cell without a time in its format prints as `2026-01-16`, so that a date never becomes a midnight.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl

from adapters.importers.table_header import HEADER_ROWS_MAX, HeaderSearch, Known, TableRow, broken_row
from adapters.importers.text_files import LINE_BYTES_MAX, not_a_table, open_input
from domain.errors import InputRefused

SHARED_STRINGS_BYTES_MAX = 1 << 30
# What zipfile, expat and openpyxl raise on damaged input; openpyxl has no error type of its own for it.
BROKEN_WORKBOOK = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    IndexError,
    ValueError,
    OSError,
    EOFError,
    AttributeError,
    TypeError,
    SyntaxError,
    NotImplementedError,
)


def read_workbook(path: Path, required: Sequence[str], known: Known) -> Iterator[TableRow]:
    """Yield the data rows of all sheets, numbered through.

    Raise InputRefused: not_a_table, workbook_too_large, missing_column (no sheet has the header),
    repeated_column. A sheet without the header becomes one row with problem `sheet_without_header`.
    """
    with open_input(path) as file:
        book = _open(path, file)
        try:
            yield from _all_sheets(book, path, HeaderSearch(path, required, known))
        finally:
            book.close()


def _open(path: Path, file: BinaryIO) -> Any:
    """Open by content: the name's ending says nothing."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = [part for part in archive.infolist() if part.filename.endswith("sharedStrings.xml")]
        if sum(part.file_size for part in parts) > SHARED_STRINGS_BYTES_MAX:
            raise InputRefused(
                "workbook_too_large",
                "the text of this workbook does not fit in memory",
                where=str(path),
                mend="save each sheet as CSV (UTF-8) and import those",
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles it does not know; we read none
            return openpyxl.load_workbook(file, read_only=True, data_only=True)
    except BROKEN_WORKBOOK:
        raise not_a_table(path, "this is an archive, but not a workbook") from None


def _all_sheets(book: Any, path: Path, search: HeaderSearch) -> Iterator[TableRow]:
    number, headless = 0, []
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        found = False
        for row in _sheet_rows(sheet, search, path, number):
            if row is not None:
                number = row.number
                yield row
            found = True
        if not found:
            headless.append(sheet.title)
    if len(headless) == len(book.worksheets):
        raise search.not_found()
    for title in headless:
        number += 1
        reason = f"sheet {title[:60]!r} has no header with the required columns and was not read"
        yield broken_row(number, "sheet_without_header", reason, "sheet")


def _sheet_rows(sheet: Any, search: HeaderSearch, path: Path, number: int) -> Iterator[TableRow | None]:
    """Yield None once the header is found, then the rows."""
    names: tuple[str, ...] | None = None
    try:
        for index, cells in enumerate(sheet.iter_rows()):
            printed = _trimmed([printed_cell(cell) for cell in cells])
            if names is not None and any(map(str.strip, printed)):
                number += 1
                yield _row(number, names, printed)
            elif names is None:
                if index >= HEADER_ROWS_MAX:
                    return
                names = search.match(printed)
                if names is not None:
                    yield None
    except BROKEN_WORKBOOK:
        raise not_a_table(path, f"sheet {sheet.title[:60]!r} of this workbook is damaged") from None


def _trimmed(printed: list[str]) -> list[str]:
    """Take off empty cells at the end: a workbook does not say how wide its rows are."""
    while printed and not printed[-1]:
        printed.pop()
    return printed


def _row(number: int, names: tuple[str, ...], printed: list[str]) -> TableRow:
    if len(printed) > len(names):
        return broken_row(number, "wrong_cell_count", f"{len(printed)} cells under {len(names)} columns")
    if any(len(cell) > LINE_BYTES_MAX for cell in printed):
        return broken_row(number, "line_too_long", "a cell holds more than 1 MiB of text")
    printed += [""] * (len(names) - len(printed))
    return TableRow(number, dict(zip(names, printed, strict=True)))


def printed_cell(cell: Any) -> str:
    """Write a cell as its workbook shows it, dates in ISO form."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return _printed_datetime(value, cell.number_format or "")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _printed_datetime(value: datetime, number_format: str) -> str:
    if value.time() == time() and "h" not in number_format.lower():
        return value.date().isoformat()
    return value.isoformat(sep=" ", timespec="seconds")
