"""Instants that carry their precision: a date is never silently midnight.

On the wire an exact instant is a string and everything else is an object:

    "2026-01-16T17:00:00-06:00"
    {"earliest":"2025-03-26T00:00:00-04:00","latest":"2025-03-26T23:59:59-04:00","precision":"day"}
    {"earliest":"2025-12-12T12:00:00-05:00","latest":"2025-12-29T11:59:59-05:00","precision":"interval"}
    {"earliest":null,"latest":null,"precision":"unknown"}

Both bounds are inclusive. A clock time, to the minute or finer, is exact: no custody record is finer. Offsets
are pinned: two instants compare as moments, never as the wall clock of a shared zone. Years run from 0002 to
9998, so that every zone can name every moment; a leap second (`23:59:60`) has no name here and is refused.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

MINNESOTA = ZoneInfo("America/Chicago")
WASHINGTON = ZoneInfo("America/New_York")

_DAY = r"\d{4}-\d\d-\d\d"
_HOUR = r"(?:[01]\d|2[0-3])"
_OFFSET = rf"(?:Z|[+-]{_HOUR}:[0-5]\d)"
RFC3339 = re.compile(rf"{_DAY}T{_HOUR}:\d\d:\d\d(?:\.\d{{1,6}})?{_OFFSET}", re.ASCII)
PRINTED_CLOCK = re.compile(rf"{_DAY}[T ]{_HOUR}:\d\d(?::\d\d(?:\.\d+)?)?{_OFFSET}?", re.ASCII)
PRINTED_DAY = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
END_OF_DAY = time(23, 59, 59)
ONE_MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECONDS_PAST_THE_HOUR = {f"{second // 60:02d}:{second % 60:02d}": second * 1_000_000 for second in range(3600)}


class Precision(StrEnum):
    """How much of an instant its source really gave."""

    EXACT = "exact"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    INTERVAL = "interval"
    UNKNOWN = "unknown"


WIDEST = {
    Precision.DAY: timedelta(hours=25),
    Precision.MONTH: timedelta(days=31, hours=1),
    Precision.YEAR: timedelta(days=366),
}


def parse_rfc3339(text: str) -> datetime:
    """Parse `2026-01-16T17:00:00-06:00`; raise ValueError for anything else, local times included."""
    if not RFC3339.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not an RFC 3339 time with an offset")
    moment = datetime.fromisoformat(text)
    return moment if 1 < moment.year < 9999 else _pinned(moment)


def microseconds_of(text: str) -> int:
    """Return the microseconds since 1970 in UTC of what `parse_rfc3339` reads; raise ValueError for the rest.

    All times of an hour share one parse: an event has two times, and the times of a file are close together.
    """
    past_the_hour = MICROSECONDS_PAST_THE_HOUR.get(text[14:19])
    if past_the_hour is None:
        return microseconds(parse_rfc3339(text))
    try:
        return _hour_microseconds(text[:14], text[19:]) + past_the_hour
    except ValueError:
        return microseconds(parse_rfc3339(text))  # which names the text whole


@lru_cache(maxsize=65_536)
def _hour_microseconds(date_and_hour: str, rest: str) -> int:
    return microseconds(parse_rfc3339(f"{date_and_hour}00:00{rest}"))


def microseconds(moment: datetime) -> int:
    """Return microseconds since 1970 in UTC."""
    return (moment - EPOCH) // MICROSECOND


def _pinned(moment: datetime) -> datetime:
    """Give a zoned moment its fixed offset: in one `ZoneInfo`, Python compares wall clocks, blind to folds.

    Raise ValueError for a moment without a zone, or outside the years 2 to 9998.
    """
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset: which zone is this clock time in?")
    if not 1 < moment.year < 9999:
        raise ValueError(f"year {moment.year} is outside 2 to 9998")
    if type(moment.tzinfo) is timezone:
        return moment
    offset = moment.utcoffset() or timedelta()
    if offset % ONE_MINUTE:  # local mean time, before 1883: RFC 3339 cannot write its seconds
        return _pinned(moment.astimezone(UTC))
    return moment.replace(tzinfo=timezone(offset), fold=0)


def local(moment: datetime) -> datetime:
    """Return a moment in Minnesota's time."""
    return moment.astimezone(MINNESOTA)


def format_rfc3339(moment: datetime) -> str:
    """Write the moment with its own offset, UTC as `Z`."""
    text = moment.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


Span = tuple[int | None, int | None]  # earliest and latest


@dataclass(frozen=True, slots=True)
class Instant:
    """When something happened, as precisely as its source gave it; bounds inclusive, both zoned."""

    earliest: datetime | None
    latest: datetime | None
    precision: Precision

    def __post_init__(self) -> None:
        if self.precision is Precision.EXACT:
            if self.earliest is None or self.earliest != self.latest:
                raise ValueError("an exact instant has one moment")
            return
        if self.precision is Precision.UNKNOWN and (self.earliest or self.latest):
            raise ValueError("an unknown instant has no bounds; use precision interval")
        if self.precision is Precision.INTERVAL and not (self.earliest or self.latest):
            raise ValueError("an interval has at least one bound; use precision unknown")
        self._check_span()

    def _check_span(self) -> None:
        widest = WIDEST.get(self.precision)
        if self.earliest is None or self.latest is None:
            if widest:
                raise ValueError(f"precision {self.precision} needs both bounds")
            return
        if self.latest < self.earliest:
            raise ValueError("latest is before earliest")
        if widest and self.latest - self.earliest > widest:
            raise ValueError(f"the bounds are wider apart than precision {self.precision} allows")

    @classmethod
    def exact(cls, moment: datetime) -> Instant:
        """Return the instant of one zoned moment."""
        moment = _pinned(moment)
        return cls(moment, moment, Precision.EXACT)

    @classmethod
    def day(cls, day: date, zone: ZoneInfo) -> Instant:
        """Return the whole local day."""
        return cls.days(day, day, zone, Precision.DAY)

    @classmethod
    def month(cls, year: int, month: int, zone: ZoneInfo) -> Instant:
        """Return the whole local month."""
        last = calendar.monthrange(year, month)[1]
        return cls.days(date(year, month, 1), date(year, month, last), zone, Precision.MONTH)

    @classmethod
    def year(cls, year: int, zone: ZoneInfo) -> Instant:
        """Return the whole local year."""
        return cls.days(date(year, 1, 1), date(year, 12, 31), zone, Precision.YEAR)

    @classmethod
    def days(cls, first: date, last: date, zone: ZoneInfo, precision: Precision) -> Instant:
        """Return the local days from first to last, both whole."""
        begins, ends = datetime.combine(first, time(), zone), datetime.combine(last, END_OF_DAY, zone)
        return cls(_pinned(begins), _pinned(ends), precision)

    @classmethod
    def between(cls, earliest: datetime | None, latest: datetime | None) -> Instant:
        """Return an interval; either bound may be open."""
        bounds = [_pinned(bound) if bound is not None else None for bound in (earliest, latest)]
        return cls(bounds[0], bounds[1], Precision.INTERVAL)

    @classmethod
    def unknown(cls) -> Instant:
        """Return the instant about which the source says nothing."""
        return UNKNOWN

    def surely_by(self, moment: datetime) -> bool:
        """Say whether it had certainly happened at the moment."""
        return self.latest is not None and self.latest <= moment

    def surely_before(self, other: Instant) -> bool:
        """Say whether it had certainly happened before the other began."""
        return self.latest is not None and other.earliest is not None and self.latest < other.earliest

    def maybe_by(self, moment: datetime) -> bool:
        """Say whether it can have happened by the moment; an unknown instant always can."""
        return self.earliest is None or self.earliest <= moment

    @property
    def span(self) -> Span:
        """Return the bounds in microseconds since 1970 UTC, None where one is open."""
        earliest, latest = self.earliest, self.latest
        return microseconds(earliest) if earliest else None, microseconds(latest) if latest else None

    @property
    def sort_key(self) -> tuple[datetime, datetime]:
        """Order by the earliest possible moment, then the latest; the unbounded come first."""
        earliest = self.earliest or BEGINNING
        return earliest, self.latest or earliest

    def as_json(self) -> str | dict[str, str | None]:
        """Return the wire form: a string if exact, else the object with its bounds."""
        if self.precision is Precision.EXACT and self.earliest is not None:
            return format_rfc3339(self.earliest)
        return {
            "earliest": format_rfc3339(self.earliest) if self.earliest else None,
            "latest": format_rfc3339(self.latest) if self.latest else None,
            "precision": self.precision.value,
        }

    @classmethod
    def from_json(cls, value: object) -> Instant:
        """Read the wire form; raise ValueError naming what is wrong with it."""
        if isinstance(value, str):
            moment = parse_rfc3339(value)
            return cls(moment, moment, Precision.EXACT)
        if isinstance(value, Instant):
            return value
        if not isinstance(value, dict) or set(value) != {"earliest", "latest", "precision"}:
            raise ValueError("an instant is an RFC 3339 string or {earliest, latest, precision}")
        if value["precision"] == Precision.EXACT:
            raise ValueError("an exact instant is written as a string")
        bounds = [value["earliest"], value["latest"]]
        if not all(bound is None or isinstance(bound, str) for bound in bounds):
            raise ValueError("the bounds of an instant are RFC 3339 strings or null")
        earliest, latest = (None if bound is None else parse_rfc3339(bound) for bound in bounds)
        return cls(earliest, latest, Precision(value["precision"]))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate from the wire form and serialise back to it."""
        return core_schema.no_info_plain_validator_function(
            cls.from_json,
            serialization=core_schema.plain_serializer_function_ser_schema(cls.as_json),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe both wire forms."""
        bound = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
        inexact = [p.value for p in Precision if p is not Precision.EXACT]
        return {
            "description": "An exact time, or its bounds (inclusive) and precision.",
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["earliest", "latest", "precision"],
                    "properties": {"earliest": bound, "latest": bound, "precision": {"enum": inexact}},
                },
            ],
        }


BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
UNKNOWN = Instant(None, None, Precision.UNKNOWN)


def instant_from_text(text: str, zone: ZoneInfo) -> Instant:
    """Read what a source printed: `2009`, `2021-06`, `2025-03-26`, or a local or zoned date and time.

    A date and time without an offset is taken in `zone`; a clock time the zone skips or repeats when
    summer time changes becomes the interval of both readings. Raise ValueError for anything else.
    """
    if printed := PRINTED_DAY.fullmatch(text):
        year, month, day = (int(part) if part else None for part in printed.groups())
        if year is None or month is None:
            return Instant.year(int(text), zone)
        return Instant.month(year, month, zone) if day is None else Instant.day(date(year, month, day), zone)
    if not PRINTED_CLOCK.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a year, month, date, or date and time")
    moment = datetime.fromisoformat(text)
    return Instant.exact(moment) if moment.tzinfo else local_instant(moment, zone)


def local_instant(clock: datetime, zone: ZoneInfo) -> Instant:
    """Place a clock time in its zone, keeping both readings where summer time makes it ambiguous."""
    if not 1 < clock.year < 9999:
        raise ValueError(f"year {clock.year} is outside 2 to 9998")
    readings = sorted({clock.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)})
    local = [reading.astimezone(zone) for reading in readings]
    return Instant.exact(local[0]) if len(local) == 1 else Instant.between(local[0], local[-1])
