"""Plain English for what decisions name: acts, modalities, standings, facts, and moments with their zone.

A phrase is made of pieces. A piece that is a moment carries it for machines too, so that a page can mark it up:

    (Piece("between "), Piece("Friday 2026-01-16, 17:00 CST", "2026-01-16T23:00:00Z"), Piece(" and "), ...)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from domain.calendars import Calendar, Clock, ClockStart, Counts
from domain.events.fields import DecisionBasis, DecisionPoint, Modality
from domain.instants import Instant, Precision
from domain.rules.pack import Rule, Verified
from domain.rules.vocabulary import VOCABULARY, FactValue

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# What is done at each point, after "it may", "it must", "asks it to".
ACT = {
    DecisionPoint.ASK_STATUS: "ask the person about citizenship or immigration status",
    DecisionPoint.SHARE_INFORMATION: "give information to immigration officers",
    DecisionPoint.SHARE_BOOKING: "share the booking with ICE",
    DecisionPoint.ALLOW_INTERVIEW: "let ICE interview the person",
    DecisionPoint.SERVE_DETAINER: "serve a copy of the detainer on the person",
    DecisionPoint.COMMITMENT_NOTICE: "tell the immigration officer of the commitment",
    DecisionPoint.RELEASE_NOTICE: "tell ICE of the release",
    DecisionPoint.HOLD_PAST_RELEASE: "hold the person past the time of release",
    DecisionPoint.SERVE_ADMIN_WARRANT: "serve an administrative warrant on the person",
    DecisionPoint.HAND_OVER: "hand the person over to ICE",
    DecisionPoint.POST_TRANSFER_HOLD: "hold the person after legal custody passed to ICE",
    DecisionPoint.HOUSE_FOR_ICE: "house the person for ICE",
    DecisionPoint.ISSUE_DETAINER: "issue the detainer",
    DecisionPoint.PUBLISH_HANDOFF: "publish the handoff",
    DecisionPoint.SEAL_RECORD: "seal the record",
    DecisionPoint.ENTER_AGREEMENT: "enter the agreement",
}

VERB = {
    Modality.PROHIBITION: "prohibits",
    Modality.OBLIGATION: "requires",
    Modality.PERMISSION: "permits",
    Modality.REQUEST: "requests",
    Modality.NO_RULE: "records that there is no rule",
}

VERIFIED = {
    Verified.FOUND: "the text, or a report of it, was read (found)",
    Verified.MEMORY: "from general knowledge; the text was not read (memory)",
}

BASIS = {
    DecisionBasis.WRITTEN_POLICY: "a written policy",
    DecisionBasis.NONE_WRITTEN: "no written policy",
    DecisionBasis.AD_HOC: "decided for this case alone",
    DecisionBasis.COURT_ORDER: "a court order",
}

CALENDAR = {
    Calendar.WALL: "every hour counted",
    Calendar.EXCLUDING_REST_DAYS: "Saturdays, Sundays and federal holidays not counted",
}

CLOCK_START = {
    ClockStart.OTHERWISE_RELEASED: "the time of release otherwise due",
    ClockStart.ADMIN_WARRANT_SERVED: "service of the administrative warrant",
    ClockStart.DETAINER_RECEIVED: "receipt of the detainer",
    ClockStart.SCHEDULED_RELEASE: "the scheduled release",
    ClockStart.BOND_POSTED: "the posting of bond",
    ClockStart.CITIZENSHIP_CLAIMED: "the claim of citizenship",
    ClockStart.DETAINER_ISSUED: "the issue of the detainer",
    ClockStart.COMMITTED: "commitment to the institution",
    ClockStart.STATUS_QUERY: "the query about status",
}

OPEN_QUESTION = {
    "in_force": "whether {} was in force then: its dates leave it open",
    "reading": "which of the rival readings of {} is taken",
    "suspended": "whether a court had suspended {} then",
    "terminated": "whether {} had been ended then",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a phrase; `machine` is the moment as ISO 8601 (UTC where it is exact), empty for other words."""

    words: str
    machine: str = ""


Phrase = tuple[Piece, ...]


def text_of(phrase: Phrase) -> str:
    """Return the words alone."""
    return "".join(piece.words for piece in phrase)


def spaced(name: str) -> str:
    """Write a code as words: `hold_past_release` as "hold past release"."""
    return name.replace("_", " ")


def listed(words: Sequence[str]) -> str:
    """Write `A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def value_words(value: FactValue | None) -> str:
    """Write the value of a fact."""
    if value is None:
        return "not known"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def open_question(name: str) -> str:
    """Say what is not known: a fact, or `in_force:ID`, `reading:ID`, `suspended:ID`, `terminated:ID`."""
    kind, _, rule_id = name.partition(":")
    if rule_id:
        return OPEN_QUESTION[kind].format(rule_id)
    fact = VOCABULARY[name]
    return f"whether {fact.says}" if fact.type == "bool" else fact.says


def in_force_words(rule: Rule) -> str:
    """Give the dates in force as they are printed, with the times in which a court stopped the rule."""
    if rule.force:
        models = " or ".join(model.value for model in rule.force.models)
        printed = rule.in_force.from_ or "not found"
        words = f"while the log lists a {models} agreement of the custodian (start as printed: {printed})"
    else:
        start = (
            f"from {rule.in_force.from_}" if rule.in_force.from_ else "start not found, taken as older than the record"
        )
        words = f"{start}; {f'to {rule.in_force.to}' if rule.in_force.to else 'no end'}"
    stops = [
        f"; stopped from {stop.from_ or 'not found'} to {stop.to or 'no end'}: {stop.by}" for stop in rule.suspensions
    ]
    return words + "".join(stops)


def clock_words(clock: Clock) -> str:
    """Say what a clock counts: `48 h after service of the administrative warrant, every hour counted`."""
    start = CLOCK_START[clock.start]
    if clock.calendar is Calendar.END_OF_LOCAL_DAY:
        return f"to the end of the day of {start}"
    direction = "before" if clock.counts is Counts.BEFORE else "after"
    return f"{clock.hours} h {direction} {start}, {CALENDAR[clock.calendar]}" if clock.hours else f"0 h: at {start}"


def when_words(instant: Instant, zone: ZoneInfo) -> Phrase:
    """Write a moment in local time, no more precise than it is known: `on Friday 2026-01-16, 17:00 CST`."""
    earliest, latest = instant.earliest, instant.latest
    if earliest is None or latest is None:
        return _open_ended(earliest, latest, zone)
    if instant.precision is Precision.EXACT:
        return (Piece("on "), _moment(earliest, zone))
    first, last = earliest.astimezone(zone), latest.astimezone(zone)
    if instant.precision in (Precision.MONTH, Precision.YEAR):
        printed = first.strftime("%Y-%m" if instant.precision is Precision.MONTH else "%Y")
        return (Piece("in "), Piece(printed, printed))
    if _is_whole_days(first, last):
        if first.date() == last.date():
            return (Piece("on "), _day(first), Piece(" (time of day not recorded)"))
        return (Piece("between "), _day(first), Piece(" and "), _day(last))
    return (Piece("between "), _moment(earliest, zone), Piece(" and "), _moment(latest, zone))


def _open_ended(earliest: datetime | None, latest: datetime | None, zone: ZoneInfo) -> Phrase:
    if earliest is not None:
        return (Piece("not before "), _moment(earliest, zone))
    if latest is not None:
        return (Piece("not after "), _moment(latest, zone))
    return (Piece("at a time that is not recorded"),)


def _is_whole_days(first: datetime, last: datetime) -> bool:
    return (first.hour, first.minute) == (0, 0) and (last.hour, last.minute) == (23, 59)


def _day(local: datetime) -> Piece:
    return Piece(f"{WEEKDAYS[local.weekday()]} {local:%Y-%m-%d}", f"{local:%Y-%m-%d}")


def _moment(moment: datetime, zone: ZoneInfo) -> Piece:
    local = moment.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    words = f"{WEEKDAYS[local.weekday()]} {local:%Y-%m-%d}, {clock} {local.tzname()}"
    return Piece(words, f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
