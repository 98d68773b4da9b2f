"""A jail-management export, one row per charge: bookings, charges, holds, releases, in the custodian's words.

    booking_id,booked_at,released_at,charge_text,charge_released_at,disposition
    2026-00017,2026-01-16 17:00,2026-01-20 09:00,HOLD IMMIGRAT,2026-01-21 10:30,Immigration
      -> custody.subject_booked      2026-01-16T17:00  episode/mn-cass-jail.2026-00017
      -> custody.hold_placed         from 2026-01-16T17:00 on: the export does not say when
      -> custody.hold_ended          2026-01-21T10:30  flagged: later than the release
      -> custody.released_to_agency  2026-01-20T09:00  to us-ice

Rows of a booking need not be adjacent. What contradicts itself is recorded as it came and flagged. Of earlier
rows only digests are remembered. The file is read twice: first for the bookings that left with an agency,
because any of their rows may say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from adapters.importers.booking_events import RowEvents
from adapters.importers.booking_rows import Cells, RowReader
from adapters.importers.bookings_mapping import load_mapping
from adapters.importers.bookings_memory import Memory
from adapters.importers.port import Flag, ImportContext, RowOutcome
from adapters.importers.tables import TableRow, read_table


class BookingsImporter:
    """Reads an export through a column mapping; the facility comes from its column, else from the context."""

    kind = "bookings"

    def propose(self, path: Path, context: ImportContext) -> Iterator[RowOutcome]:
        """Yield one outcome per row.

        Raise InputRefused as `read_table` and `load_mapping` do, and unknown_facility, facility_needed or
        bad_agency if the context names none or a wrong one.
        """
        mapping = load_mapping(context.mapping)
        reader = RowReader(mapping, context)
        memory = Memory()
        rows = partial(read_table, path, required=mapping.required_columns, known=mapping.known_columns)
        for row in rows():
            if not row.problem:
                reader.check_facility(row.cells)
                _note_agency(reader.cells(row), reader, memory)
        for row in rows():
            yield _outcome(row, reader, memory)


def _booking_key(cells: Cells) -> str:
    return f"{cells.get('facility', '').strip()}|{cells.get('booking_id', '').strip()}"


def _note_agency(cells: Cells, reader: RowReader, memory: Memory) -> None:
    agency = reader.leaves_with(cells)
    if agency:
        memory.note_agency(_booking_key(cells), agency)


def _outcome(row: TableRow, reader: RowReader, memory: Memory) -> RowOutcome:
    if row.problem:
        return RowOutcome(row.number, refusals=(row.problem,))
    cells = reader.cells(row)
    read = reader.read(row.number, cells)
    if isinstance(read, tuple):
        return RowOutcome(row.number, refusals=read)
    events = RowEvents(read, memory, memory.agencies(_booking_key(cells)))
    flags = events.flags
    if not memory.first("row", *(f"{one}={cell}" for one, cell in cells.items())):
        flags.append(Flag(row.number, "repeated_row", "the same row came before in this file; it is recorded once"))
    return RowOutcome(row.number, tuple(events.bodies), flags=tuple(flags))
