"""One row of a bookings export, read through a mapping: typed values, or the refusals that keep it out."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from adapters.importers.bodies import usable_id
from adapters.importers.bookings_mapping import BookingsMapping, MappedField, Meaning
from adapters.importers.port import ImportContext, Refusal
from adapters.importers.printed_times import UnreadableTimeError, read_printed_time
from adapters.importers.tables import TableRow, column_name
from adapters.places.register import Facility, Register, name_key
from domain.errors import InputRefused
from domain.events.episode import HoldKind
from domain.events.fields import SLUG
from domain.instants import Instant

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,79}")
TIMES: tuple[MappedField, ...] = ("booked_at", "released_at", "charge_placed_at", "charge_released_at")

BOOKING_MAX = 38  # with the longest facility id and a dot, a stream id has at most 120 characters

Cells = dict[MappedField, str]
M = TypeVar("M", bound=Meaning)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class BookingRow:
    """A row whose booking, place and times are clear. `charge` is None if it names no charge and no hold."""

    number: int
    facility: Facility
    agency: str
    booking: str
    episode: str
    subject: str
    cells: Cells
    times: dict[MappedField, Instant]
    charge: str | None
    hold: HoldKind | None
    cancels_detainer: bool

    @property
    def booked_at(self) -> Instant:
        """Return when the person was booked."""
        return self.times["booked_at"]


class RowReader:
    """Reads rows under one mapping and context.

    Raise InputRefused on creation: unknown_facility (of the context), bad_agency.
    """

    def __init__(self, mapping: BookingsMapping, context: ImportContext) -> None:
        self._mapping = mapping
        self._places = _places(context.register)
        self._default = context.register.facility(context.facility) if context.facility else None
        self._agency = _checked_agency(context.agency)
        self._zone = ZoneInfo(mapping.zone)
        self._columns = [(one, column_name(printed)) for one, printed in mapping.columns.items()]
        self._hold = _first_fit(mapping.holds, lambda meaning: meaning.kind)
        self._leaves_with = _first_fit(mapping.releases, lambda meaning: meaning.to_agency)
        self._cancels = _first_fit(mapping.cancelled_detainers, lambda _: True)

    def check_facility(self, columns: dict[str, str]) -> None:
        """Raise InputRefused(facility_needed) if neither the context nor a column says where this is."""
        column = column_name(self._mapping.columns.get("facility", ""))
        if self._default is None and column not in columns:
            raise InputRefused(
                "facility_needed",
                "nothing says which facility these bookings are of",
                where="--facility",
                mend="give --facility ID (`custody facilities` lists them), or map a facility column",
            )

    def cells(self, row: TableRow) -> Cells:
        """Return the row's cells by mapped field, without those that say nothing."""
        missing = self._mapping.missing
        found = ((one, row.cells.get(column, "")) for one, column in self._columns)
        return {one: cell for one, cell in found if (text := cell.strip()) and text not in missing}

    def leaves_with(self, cells: Cells) -> str | None:
        """Return the agency that this row says the person left with."""
        return self._leaves_with(cells)

    def read(self, number: int, cells: Cells) -> BookingRow | tuple[Refusal, ...]:
        """Read one row, or say everything that keeps it out."""
        refusals: list[Refusal] = []
        times = self._times(number, cells, refusals)
        facility = self._facility(number, cells, refusals)
        booking = cells.get("booking_id", "").strip()
        if not booking:
            refusals.append(
                Refusal(number, "booking_id", "blank_booking_id", "a row without a booking belongs nowhere")
            )
        if refusals or facility is None:
            return tuple(refusals)
        agency = self._agency or facility.agency
        return BookingRow(
            number=number,
            facility=facility,
            agency=agency,
            booking=booking,
            episode=episode_id(facility.id, booking),
            subject=_subject(agency, facility.id, booking, cells),
            cells=cells,
            times=times,
            charge=_charge(cells),
            hold=self._hold(cells),
            cancels_detainer=bool(self._cancels(cells)),
        )

    def _times(self, number: int, cells: Cells, refusals: list[Refusal]) -> dict[MappedField, Instant]:
        times: dict[MappedField, Instant] = {}
        for one in TIMES:
            if one in cells:
                try:
                    times[one] = read_printed_time(cells[one].strip(), self._mapping.times, self._zone)
                except UnreadableTimeError as error:
                    refusals.append(Refusal(number, one, error.code, error.reason))
        if "booked_at" not in cells:
            refusals.append(
                Refusal(number, "booked_at", "blank_date", "without it the booking cannot be placed in time")
            )
        return times

    def _facility(self, number: int, cells: Cells, refusals: list[Refusal]) -> Facility | None:
        printed = cells.get("facility")
        found = self._default if printed is None else self._places.get(name_key(printed))
        if found is None:
            what = "the row names no facility" if printed is None else f"there is no facility {printed[:80]!r}"
            reason = f"{what}; to mend it: `custody facilities` lists the ids and names, or give --facility"
            refusals.append(Refusal(number, "facility", "unknown_facility", reason))
        return found


def _first_fit(meanings: tuple[M, ...], result: Callable[[M], R]) -> Callable[[Cells], R | None]:
    """Return a function that finds the first meaning that fits a row; it remembers, for words repeat."""

    @lru_cache(maxsize=4096)
    def of_words(words: tuple[str | None, ...]) -> R | None:
        pairs = zip(meanings, words, strict=True)
        return next((result(meaning) for meaning, word in pairs if word and meaning.fits(word)), None)

    columns = tuple(meaning.column for meaning in meanings)
    return lambda cells: of_words(tuple(cells.get(column) for column in columns))


def _places(register: Register) -> dict[str, Facility]:
    """Return facilities by id and by printed name; a name that two share names neither."""
    named = Counter(name_key(facility.name) for facility in register.facilities)
    by_name = {name_key(f.name): f for f in register.facilities if named[name_key(f.name)] == 1}
    return by_name | {facility.id: facility for facility in register.facilities}


def _checked_agency(agency: str | None) -> str | None:
    if agency is not None and not re.fullmatch(SLUG, agency):
        mend = "agency ids are lower case letters, digits and hyphens, such as mn-cass-sheriff"
        raise InputRefused("bad_agency", f"{agency[:80]!r} cannot be an agency id", where="--agency", mend=mend)
    return agency


def episode_id(facility: str, booking: str) -> str:
    """Return the stream of a booking: `mn-cass-jail.2026-00017`."""
    return f"{facility}.{usable_id(booking, BOOKING_MAX)}"


def _subject(agency: str, facility: str, booking: str, cells: Cells) -> str:
    """Return a pseudonym: of the agency's own person id if one is mapped, else of the booking alone."""
    person = cells.get("subject_id", "").strip()
    if person:
        return f"sj-{hashlib.sha256(f'subject|{agency}|{person}'.encode()).hexdigest()[:20]}"
    return f"bk-{hashlib.sha256(f'booking|{facility}|{booking}'.encode()).hexdigest()[:12]}"


def _charge(cells: Cells) -> str | None:
    """Return the charge's id; without one, charges of a booking with the same text are one charge."""
    printed = cells.get("charge_id", "").strip()
    if CODE.fullmatch(printed):
        return printed
    text = printed or cells.get("charge_text", "").strip()
    return f"ch-{hashlib.sha256(text.encode()).hexdigest()[:12]}" if text else None
