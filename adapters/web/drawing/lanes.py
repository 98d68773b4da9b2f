"""A case as lanes: one for each agency, its assertions as numbered marks in the order of time.

Marks stand side by side, not to scale; where long passes between two, the drawing says how long. A mark on which a
finding rests is drawn otherwise, and a finding that rests on marks of several lanes ties them together. An agency that
a finding names, and that recorded nothing, has a lane that says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from adapters.web.words import clock_words, date_words, duration, event_words
from domain.instants import Instant

NAMES, STEP, GAP, LANE, TOP, DAY = 190, 44, 66, 64, 46, 104
LONG_MINUTES = 6 * 60


@dataclass(frozen=True, slots=True)
class Mark:
    """An event: its number in the table, where it is drawn, and whether something disagrees about it."""

    number: int
    x: int
    y: int
    words: str
    disagrees: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """An agency's lane; `silent` if it recorded nothing."""

    agency: str
    y: int
    silent: bool


@dataclass(frozen=True, slots=True)
class Words:
    """Words at a place: the day above a mark, or how long passed between two."""

    x: int
    words: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """All there is to draw, and how large it is."""

    width: int
    height: int
    lanes: list[Lane]
    marks: list[Mark]
    days: list[Words]
    gaps: list[Words]
    ties: list[str]


def lanes_of(events: Sequence[Mapping[str, Any]], findings: Sequence[Mapping[str, Any]]) -> Drawing:
    """Lay out the events of a trail, in the order of time, and what findings say of them."""
    agencies = list(dict.fromkeys([*(event["agency"] for event in events), *_named(findings)]))
    row = {agency: TOP + LANE * number + LANE // 2 for number, agency in enumerate(agencies)}
    times = [Instant.from_json(event["at"]) for event in events]
    places, gaps = _places(times)
    resting = {position for finding in findings for position in finding["events"]}
    marks = {
        event["position"]: Mark(number, x, row[event["agency"]], _words(event, at), event["position"] in resting)
        for number, (event, at, x) in enumerate(zip(events, times, places, strict=True), 1)
    }
    speaking = {event["agency"] for event in events}
    return Drawing(
        width=(places[-1] if places else NAMES) + DAY,
        height=TOP + LANE * len(agencies) + 8,
        lanes=[Lane(agency, row[agency] - LANE // 2, agency not in speaking) for agency in agencies],
        marks=list(marks.values()),
        days=_days(times, places),
        gaps=gaps,
        ties=[tie for finding in findings for tie in _ties(finding, marks)],
    )


def _named(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    return [agency for finding in findings for agency in finding["who"]]


def _places(times: Sequence[Instant]) -> tuple[list[int], list[Words]]:
    """Return where each mark is, from left to right, and the gaps between."""
    places, gaps = [NAMES + STEP // 2][: len(times)], []
    for before, after in pairwise(times):
        minutes = _between(before, after)
        is_long = minutes is not None and minutes >= LONG_MINUTES
        places.append(places[-1] + STEP + (GAP if is_long else 0))
        if is_long:
            gaps.append(Words((places[-2] + places[-1]) // 2, duration(minutes)))
    return places, gaps


def _between(before: Instant, after: Instant) -> int | None:
    if before.latest is None or after.earliest is None:
        return None
    return int((after.earliest - before.latest).total_seconds() // 60)


def _days(times: Sequence[Instant], places: Sequence[int]) -> list[Words]:
    """Return the day above each mark that is the first of its day."""
    days = [date_words(at.earliest) if at.earliest else "" for at in times]
    return [Words(x, day) for x, day, before in zip(places, days, ["", *days], strict=False) if day and day != before]


def _words(event: Mapping[str, Any], at: Instant) -> str:
    when = clock_words(at.earliest) if at.earliest else "time not known"
    return f"{event['agency']}: {event_words(event['type'])}, {when}"


def _ties(finding: Mapping[str, Any], marks: Mapping[int, Mark]) -> list[str]:
    """Return a line from each mark of a finding to the next, where they are in several lanes."""
    resting = sorted((marks[one] for one in finding["events"] if one in marks), key=lambda mark: mark.x)
    if len({mark.y for mark in resting}) < 2:
        return []
    return [f"M{first.x} {first.y}L{second.x} {second.y}" for first, second in pairwise(resting)]
