"""A jail-management export, one row per charge: bookings, charges, holds and releases in the custodian's words.

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

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from adapters.importers.bodies import proposed_body, usable_id
from adapters.importers.bookings_mapping import BookingsMapping, HoldMeaning, MappedField, Meaning, load_mapping
from adapters.importers.bookings_memory import Memory, digest
from adapters.importers.port import Flag, ImportContext, Refusal, RowOutcome
from adapters.importers.printed_times import UnreadableTimeError, read_printed_time
from adapters.importers.tables import TableRow, column_name, read_table
from adapters.places.register import Facility, Register, name_key
from domain.errors import InputRefused
from domain.events.detainer import DetainerCancelled
from domain.events.episode import (
    ChargeDisposed,
    ChargeFiled,
    HoldEnded,
    HoldKind,
    HoldPlaced,
    ReleasedToAgency,
    ReleasedToCommunity,
    SubjectBooked,
)
from domain.events.fields import SLUG, EventData
from domain.instants import Instant

VIA = "import/bookings"
WORDS_MAX = 300
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,79}")
TIMES: tuple[MappedField, ...] = ("booked_at", "released_at", "charge_placed_at", "charge_released_at")


class BookingsImporter:
    """Reads an export through a column mapping; a facility comes from the context or from a mapped column."""

    kind = "bookings"

    def propose(self, path: Path, context: ImportContext) -> Iterator[RowOutcome]:
        """Yield one outcome per row.

        Raise InputRefused as `read_table` and `load_mapping` do, and unknown_facility, facility_needed, bad_agency.
        """
        reader = RowReader(load_mapping(context.mapping), context)
        rows = read_table(path, required=reader.mapping.required_columns)
        memory = Memory()
        first = next(rows, None)
        reader.check_facility(first)
        for row in read_table(path, required=reader.mapping.required_columns):
            reader.note_agency(row, memory)
        if first is not None:
            yield reader.outcome(first, memory)
            for row in rows:
                yield reader.outcome(row, memory)


@dataclass(frozen=True, slots=True)
class Words:
    """What the mapping makes of a row: its cells by mapped field, without those that say nothing."""

    number: int
    cells: dict[MappedField, str]
    times: dict[MappedField, Instant]
    facility: Facility


class RowReader:
    """Reads rows under one mapping and context."""

    def __init__(self, mapping: BookingsMapping, context: ImportContext) -> None:
        self.mapping = mapping
        self._register = context.register
        self._default = context.register.facility(context.facility) if context.facility else None
        self._agency = _checked_agency(context.agency)
        self._zone = ZoneInfo(mapping.zone)
        self._missing = frozenset(mapping.missing)
        self._columns = [(one, column_name(printed)) for one, printed in mapping.columns.items()]
        self._hold = lru_cache(4096)(lambda text, column: _first_fit(mapping.holds, text, column))
        self._release = lru_cache(4096)(lambda text, column: _first_fit(mapping.releases, text, column))
        self._cancel = lru_cache(4096)(lambda text, column: _first_fit(mapping.cancelled_detainers, text, column))

    def check_facility(self, first: TableRow | None) -> None:
        """Raise InputRefused(facility_needed) if neither the context nor a column says where this is."""
        column = column_name(self.mapping.columns.get("facility", ""))
        if self._default is None and (not column or (first and first.cells and column not in first.cells)):
            raise InputRefused(
                "facility_needed",
                "nothing says which facility these bookings are of",
                where="--facility",
                mend="give --facility ID (`custody facilities` lists them), or map a facility column",
            )
