"""Reads 287(g) sheets: ICE's national list, or the table of its Minnesota rows over time.

A national sheet says whom it lists in STATE, and when it was published in its file name. The table has no
state column: it holds the Minnesota rows of many sheets, each row naming its sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from adapters.importers.ice_sheet_names import (
    SLOTS,
    captured,
    dated_sheet,
    read_name,
    sheet_ref,
    undated_sheet,
)
from adapters.importers.port import Flag, Refusal
from adapters.importers.tables import TableRow, read_table
from adapters.importers.us_states import state_code
from domain.agreements import Listing, SheetRef, agency_identity, model_of
from domain.errors import InputRefused
from domain.instants import WASHINGTON, Instant

TABLE_COLUMNS = ("sheet_date", "slot", "agency_as_printed", "support_type", "signed_printed", "file")
NATIONAL_COLUMNS = ("state", "law_enforcement_agency", "support_type", "signed")
TABLE_STATE = "MN"
TEXT_MAX = 500
US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
ISO_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?)?")
STATUTE = date(1996, 9, 30)  # 8 USC 1357(g) became law (from memory)
LAST_DAY = date(2099, 12, 31)
ROWS_MAX = 200_000

Sheriffs = dict[str, tuple[str, str]]


class RowProblem(Exception):
    """Why a row cannot be recorded."""

    def __init__(self, where: str, code: str, reason: str) -> None:
        super().__init__(reason)
        self.refusal = (where, code, reason)


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """One row of a sheet: what it says, and every cell as printed (the fields of SheetRow)."""

    number: int
    listing: Listing
    cells: dict[str, str | None]


@dataclass(slots=True)
class ReadSheet:
    """One sheet's rows by state. `gaps` are states with rows that could not be read; `*` is every state."""

    ref: SheetRef
    file: str
    national: bool
    rows: dict[str, list[PrintedRow]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    gaps: set[str] = field(default_factory=set)

    def complete(self, state: str) -> bool:
        """Say whether every row of the state could be read."""
        return not self.gaps & {state, "*"}


@dataclass(slots=True)
class ReadFile:
    """All sheets of a file, with the rows that were refused and what to look at."""

    sheets: dict[str, ReadSheet] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)


def read_sheets(path: Path, sheriffs: Sheriffs) -> ReadFile:
    """Read a file of either form; raise InputRefused if it is neither or names no date.

    The whole file is held, at most 200,000 rows: a national sheet is 1,843 rows, the table 2,358.
    """
    try:
        rows = read_table(path, required=TABLE_COLUMNS)
    except InputRefused as error:
        if error.code != "missing_column":
            raise
        return _read_national(path, _bounded(path, read_table(path, required=NATIONAL_COLUMNS)), sheriffs)
    return _read_observations(_bounded(path, rows), sheriffs)


def _bounded(path: Path, rows: Iterator[TableRow]) -> Iterator[TableRow]:
    for row in rows:
        if row.number > ROWS_MAX:
            raise InputRefused(
                "too_many_rows",
                f"no list of 287(g) agreements has more than {ROWS_MAX:,} rows",
                where=str(path),
                mend="import one sheet at a time",
            )
        yield row


def _read_national(path: Path, rows: Iterable[TableRow], sheriffs: Sheriffs) -> ReadFile:
    ref = sheet_ref(read_name(path.name))
    if ref is None:
        raise InputRefused(
            "no_publication_date",
            "a national 287(g) sheet gives its date in its file name only, and this name gives none",
            where=str(path),
            mend="keep ICE's name, participatingAgencies05182026am.xlsx, or write 2026-05-18am.csv",
        )
    sheet = ReadSheet(ref, path.name, national=True)
    found = ReadFile(sheets={ref.code: sheet})
    for row in rows:
        state = None
        try:
            _check(row)
            state = _state(row.cells["state"])
            sheet.rows.setdefault(state, []).append(_printed(row, state, ref, NATIONAL_CELLS, sheriffs))
        except RowProblem as problem:
            found.refusals.append(Refusal(row.number, *problem.refusal))
            sheet.gaps.add(state or "*")
    _doubt_the_date(found, sheet)
    return found


def _state(printed: str) -> str:
    code = state_code(printed)
    if code is None:
        raise RowProblem("state", "unknown_state", f"{printed[:60]!r} is no state or territory")
    return code


def _doubt_the_date(found: ReadFile, sheet: ReadSheet) -> None:
    """ICE has put a year too early into file names: most rows are then signed after their publication."""
    latest = sheet.ref.published.latest
    rows = [row for rows in sheet.rows.values() for row in rows]
    later = [row for row in rows if latest and not row.listing.signed.maybe_by(latest)]
    if len(later) * 2 <= len(rows):
        what = "the printed signing date is after the sheet's publication"
        found.flags += [Flag(row.number, "signed_after_publication", what) for row in later]
        return
    sheet.flags = (*sheet.flags, "invalid_filename_date")
    sheet.ref = SheetRef(sheet.ref.code, Instant.unknown())


def _read_observations(rows: Iterable[TableRow], sheriffs: Sheriffs) -> ReadFile:
    found = ReadFile()
    last: ReadSheet | None = None
    unread = False
    for row in rows:
        sheet = None
        try:
            _check(row)
            sheet = _observed_sheet(found, row)
            printed = _printed(row, TABLE_STATE, sheet.ref, TABLE_CELLS, sheriffs)
            sheet.rows.setdefault(TABLE_STATE, []).append(printed)
        except RowProblem as problem:
            found.refusals.append(Refusal(row.number, *problem.refusal))
            if damaged := sheet or last:
                damaged.gaps.add(TABLE_STATE)
        # A row that names no readable sheet belongs to a neighbour's sheet, as far as anyone can tell.
        if unread and sheet:
            sheet.gaps.add(TABLE_STATE)
        unread, last = sheet is None, sheet or last
    return found


def _observed_sheet(found: ReadFile, row: TableRow) -> ReadSheet:
    cells = row.cells
    slot, printed_date = cells["slot"].strip(), cells["sheet_date"].strip()
    name = read_name(cells["file"].strip())
    if slot not in SLOTS:
        raise RowProblem("slot", "unknown_slot", f"{slot[:40]!r} is none of am, mid, pm, capture")
    if not printed_date:
        ref = undated_sheet(name)
    elif slot == "capture" and name.capture:
        ref = captured(name.capture)
    else:
        day = _date(printed_date, "sheet_date", "impossible_sheet_date")
        ref = dated_sheet(name, day, slot if slot != "capture" else "")
    flag = cells.get("date_flag", "").partition(":")[0].strip()
    sheet = found.sheets.setdefault(ref.code, ReadSheet(ref, cells["file"], national=False))
    if flag and flag not in sheet.flags:
        sheet.flags = (*sheet.flags, re.sub(r"[^A-Za-z0-9 ._/-]", "_", flag)[:80])
    return sheet


@dataclass(frozen=True, slots=True)
class Cells:
    """Which column holds what, in one of the two forms."""

    agency: str
    model: str
    signed: str
    others: tuple[tuple[str, str], ...]


TABLE_CELLS = Cells("agency_as_printed", "support_type", "signed_printed", (("moa_as_printed", "moa_cell"),))
NATIONAL_CELLS = Cells(
    "law_enforcement_agency",
    "support_type",
    "signed",
    (
        ("county_as_printed", "county"),
        ("type_as_printed", "type"),
        ("moa_as_printed", "moa"),
        ("addendum_as_printed", "addendum"),
    ),
)


def _check(row: TableRow) -> None:
    if row.problem:
        raise RowProblem(row.problem.field, row.problem.code, row.problem.reason)
    for column, text in row.cells.items():
        if len(text) > TEXT_MAX:
            raise RowProblem(column, "text_too_long", f"{len(text)} characters, the limit is {TEXT_MAX}")


def _printed(row: TableRow, state: str, ref: SheetRef, cells: Cells, sheriffs: Sheriffs) -> PrintedRow:
    printed, kind, signed = (row.cells[name] for name in (cells.agency, cells.model, cells.signed))
    if not printed.strip():
        raise RowProblem(cells.agency, "blank_agency", "the row names no agency")
    model = model_of(kind)
    if model is None:
        raise RowProblem(cells.model, "unknown_model", f"{kind[:60]!r} is not a 287(g) model we know")
    day = _date(signed.strip(), cells.signed, "impossible_signing_date")
    agency, county = agency_identity(state, printed, sheriffs if state == TABLE_STATE else {})
    listing = Listing(agency, model, county, printed, Instant.day(day, WASHINGTON), ref)
    evidence = {
        "agency": agency,
        "agency_as_printed": printed,
        "county": county,
        "model": model.value,
        "model_as_printed": kind,
        "signed_as_printed": signed,
        **{name: row.cells.get(column) or None for name, column in cells.others},
    }
    return PrintedRow(row.number, listing, evidence)


def _date(text: str, where: str, code: str) -> date:
    try:
        day = printed_day(text)
    except ValueError:
        raise RowProblem(where, code, f"{text[:40]!r} is not a date") from None
    if not STATUTE <= day <= LAST_DAY:
        reason = f"{day.isoformat()} is not between {STATUTE} (the statute that allows these agreements) and 2099"
        raise RowProblem(where, code, reason)
    return day


def printed_day(text: str) -> date:
    """Read a date as the sheets hold it, `2025-03-26` or `3/26/2025`; raise ValueError for anything else."""
    if american := US_DATE.fullmatch(text.strip()):
        return date(int(american[3]), int(american[1]), int(american[2]))
    iso = ISO_DATE.fullmatch(text.strip())
    if not iso:
        raise ValueError(f"{text[:40]!r} is not a date")
    return datetime.strptime(iso[1], "%Y-%m-%d").date()  # noqa: DTZ007 - a day, not a moment


def refused_rows(found: ReadFile) -> Iterator[Refusal]:
    """Yield the refusals in row order."""
    yield from sorted(found.refusals, key=lambda refusal: refusal.row)
