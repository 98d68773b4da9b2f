"""Times as files print them: read by stated formats, in a stated zone, never more exact than printed."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.instants import Instant, local_instant

ISO = "iso"
EXCEL = "excel"
EXCEL_DAY_0 = date(1899, 12, 30)
YEARS = range(1900, 2101)
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?")
EXCEL_DAY = re.compile(r"([3-7]\d{4})(\.0+)?")
CLOCK_CODES = ("%H", "%I", "%X", "%T", "%c")
DIGITS_AND_MARKS = re.compile(r"[\d/.:\- TZ+]+([AaPp][Mm])?")


class UnreadableTimeError(ValueError):
    """A printed time that is none. `code` is impossible_date if it looks like one, else unreadable_time."""

    def __init__(self, printed: str) -> None:
        shaped = DIGITS_AND_MARKS.fullmatch(printed) and any(map(str.isdigit, printed))
        self.code = "impossible_date" if shaped else "unreadable_time"
        self.reason = f"{printed[:60]!r} is no date or time that exists, or not in a format read here"
        super().__init__(self.reason)


@lru_cache(maxsize=65_536)
def read_printed_time(printed: str, formats: tuple[str, ...], zone: ZoneInfo) -> Instant:
    """Read by the first format that fits: `iso`, `excel` (its count of days), or strptime's codes.

    A date without a clock keeps day precision; a clock time without an offset is taken in `zone`, and becomes
    an interval where summer time makes it ambiguous. Raise UnreadableTimeError.
    """
    text = printed.strip()
    for one in formats:
        try:
            return READERS.get(one, _by_format)(text, one, zone)
        except (ValueError, OverflowError):
            continue
    raise UnreadableTimeError(text)


def _iso(text: str, _format: str, zone: ZoneInfo) -> Instant:
    if ISO_DATE.fullmatch(text):
        return Instant.day(_plausible(date.fromisoformat(text)), zone)
    if not ISO_TIME.fullmatch(text):
        raise ValueError(text)
    return _placed(datetime.fromisoformat(text), zone)


def _excel(text: str, _format: str, zone: ZoneInfo) -> Instant:
    day = EXCEL_DAY.fullmatch(text)
    if day is None:
        raise ValueError(text)
    return Instant.day(_plausible(EXCEL_DAY_0 + timedelta(days=int(day[1]))), zone)


def _by_format(text: str, one: str, zone: ZoneInfo) -> Instant:
    moment = datetime.strptime(text, one)  # noqa: DTZ007 - placed in its zone below
    if any(code in one for code in CLOCK_CODES):
        return _placed(moment, zone)
    return Instant.day(_plausible(moment.date()), zone)


READERS = {ISO: _iso, EXCEL: _excel}


def _placed(moment: datetime, zone: ZoneInfo) -> Instant:
    _plausible(moment.date())
    return Instant.exact(moment) if moment.tzinfo else local_instant(moment, zone)


def _plausible(day: date) -> date:
    """Clerks' placeholders (year 1, year 9999) are not dates anything happened on."""
    if day.year not in YEARS:
        raise ValueError(day)
    return day
