"""When ICE published a 287(g) sheet, as its file name says it.

participatingAgencies05182026am.xlsx        morning of 2026-05-18 (pm: afternoon; mid or nothing: that day)
participatingAgencies06112025pm copy.xlsx   a second sheet of that afternoon
participatingAgencies-20250327140009.xlsx   seen by the Wayback Machine at 14:00:09 UTC
ice_participatingAgencies_2026-05-18am.csv  the same sheet as the first, saved under another name
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import PurePath

from domain.agreements import SheetRef
from domain.instants import END_OF_DAY, WASHINGTON, Instant

CAPTURE = re.compile(r"(?<!\d)(20\d{12})(?!\d)")
MONTH_FIRST = re.compile(
    r"(?<!\d)(?P<m>\d\d)(?P<d>\d\d)(?P<y>20\d\d)(?!\d)[-_ ]?(?P<slot>am|pm|mid)?(?P<rest>.*)", re.IGNORECASE
)
YEAR_FIRST = re.compile(
    r"(?<!\d)(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?!\d)[-_ ]?(?P<slot>am|pm|mid)?(?P<rest>.*)", re.IGNORECASE
)
NO_CODE = re.compile(r"[^A-Za-z0-9.]+")
MORNING_ENDS = time(11, 59, 59)
NOON = time(12)
CODE_MAX = 60
SLOTS = ("am", "pm", "mid", "", "capture")


@dataclass(frozen=True, slots=True)
class SheetName:
    """What a file name says: a capture, or a day with its slot and what else follows (`copy`, `b`)."""

    stem: str
    capture: datetime | None = None
    day: date | None = None
    slot: str = ""
    rest: str = ""


def read_name(file: str) -> SheetName:
    """Read a sheet's file name; one that gives no date comes back with neither capture nor day."""
    stem = PurePath(file).stem
    if capture := CAPTURE.search(stem):
        try:
            return SheetName(stem, capture=datetime.strptime(capture[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC))
        except ValueError:
            return SheetName(stem)
    dated = YEAR_FIRST.search(stem) or MONTH_FIRST.search(stem)
    if not dated:
        return SheetName(stem)
    try:
        day = date(int(dated["y"]), int(dated["m"]), int(dated["d"]))
    except ValueError:
        return SheetName(stem)
    return SheetName(stem, day=day, slot=(dated["slot"] or "").lower(), rest=clean(dated["rest"]))


def clean(text: str) -> str:
    """Return text as part of a sheet's code."""
    return NO_CODE.sub("-", text).strip("-.")[:CODE_MAX]


def sheet_ref(name: SheetName) -> SheetRef | None:
    """Return the sheet a file name names, or None if it gives no date."""
    if name.capture:
        return captured(name.capture)
    return dated_sheet(name, name.day, name.slot) if name.day else None


def dated_sheet(name: SheetName, day: date, slot: str) -> SheetRef:
    """Return the sheet published on a day; a file that names another day keeps its own name in the code."""
    rest = name.rest if name.day in (day, None) else clean(name.stem.removeprefix("participatingAgencies"))
    code = f"{day.isoformat()}{slot}" + (f"-{rest}" if rest else "")
    return SheetRef(code, slot_bounds(day, slot))


def captured(moment: datetime) -> SheetRef:
    """Return the sheet of a capture: public at that moment at the latest, and surely at that moment."""
    return SheetRef(f"{moment:%Y-%m-%dT%H%M%SZ}", Instant.exact(moment))


def undated_sheet(name: SheetName) -> SheetRef:
    """Return the sheet of a file whose date nobody knows."""
    return SheetRef(clean(name.stem) or "unnamed", Instant.unknown())


def slot_bounds(day: date, slot: str) -> Instant:
    """Return when a slot's sheet appeared. `mid` lies somewhere between the two others: the whole day."""
    if slot == "am":
        return _between(day, time(), MORNING_ENDS)
    if slot == "pm":
        return _between(day, NOON, END_OF_DAY)
    return Instant.day(day, WASHINGTON)


def _between(day: date, first: time, last: time) -> Instant:
    return Instant.between(datetime.combine(day, first, WASHINGTON), datetime.combine(day, last, WASHINGTON))
