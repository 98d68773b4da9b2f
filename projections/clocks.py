"""The clocks of the rules that stand at a decision, and of their side duties: when each began, ran out, was met.

    {"id":"C2","rule":"US-I247A-2","kind":"limit","counted_from":"otherwise_released_at","counts":"after","hours":48,
     "calendar":"wall","starts":"2026-01-16T17:00:00-06:00","ends":"2026-01-18T17:00:00-06:00",
     "started_by":{"event":"custody.release_eligible","position":7},
     "done_at":"2026-01-18T09:10:00-06:00","done_by":{"event":"custody.released_to_agency","position":12},
     "in_time":true}
    {"id":"tell-ice","rule":"US-287G-JEM-SOP","kind":"duty","says":"tell ICE of a detainer issued",...}
    {"id":"C3",...,"starts":null,"ends":null,"missing":"admin_warrant_served_at"}

A `limit` is the rule's own clock, a `duty` that of something else the rule asks. `ends` is no more precise than
`starts`, and `in_time` is "unknown" where their bounds leave it open. Without `done_at` the record does not show the
thing done; what a duty asks is words, so of duties only those counted before release (a notice) are shown as done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendars import Clock, ClockStart, Counts, expiry_instant
from domain.events import handoff
from domain.events.fields import DecisionPoint
from domain.instants import Instant
from domain.rules.pack import Rule
from domain.rules.trace import Determination, applies_word
from domain.rules.truth import Truth
from projections.decision_points import DOING
from projections.facts import Case
from projections.leaving import DEPARTURES, Moment, departures_or_all, hold_ends, left_at
from projections.moments import moment_of
from projections.recorded import Recorded

KEEPING = {DecisionPoint.HOLD_PAST_RELEASE, DecisionPoint.POST_TRANSFER_HOLD}

# What does the thing that a limit is about: any departure ends the wait for a hand-over; `_end_of_stay` tells of stays.
ENDING = {**DOING, DecisionPoint.HAND_OVER: DEPARTURES, DecisionPoint.POST_TRANSFER_HOLD: ()}


def clocks_of(case: Case, determination: Determination, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    """Yield every clock of the rules that stand, in their order."""
    for trace in determination.standing:
        rule = trace.rule
        if rule.clock:
            started = moment_of(case, rule.clock.start)
            done = _done(case, rule, rule.clock, determination.decision_point, started)
            yield {**_named(rule, rule.clock, "limit"), **_run(rule.clock, started, done, zone)}
        for duty in rule.duties:
            if duty.clock:
                started = moment_of(case, duty.clock.start)
                done = _notice(case) if duty.clock.counts is Counts.BEFORE else None
                named = {**_named(rule, duty.clock, "duty"), "says": duty.says}
                yield {**named, **_run(duty.clock, started, done, zone)}


def _named(rule: Rule, clock: Clock, kind: str) -> dict[str, Any]:
    return {
        "id": clock.id,
        "rule": rule.id,
        "kind": kind,
        "counted_from": clock.start.value,
        "counts": clock.counts.value,
        "hours": clock.hours,
        "calendar": clock.calendar.value,
    }


def _run(clock: Clock, started: Moment | None, done: Moment | None, zone: ZoneInfo) -> dict[str, Any]:
    found: dict[str, Any] = {"starts": None, "ends": None, "missing": clock.start.value}
    ends = None
    if started:
        ends = expiry_instant(clock, started.at, zone)
        found = {"starts": started.at.as_json(), "ends": ends.as_json(), "started_by": _by(started.shown_by)}
    if done:
        was_in_time = applies_word(in_time(done.at, ends))
        found.update({"done_at": done.at.as_json(), "done_by": _by(done.shown_by), "in_time": was_in_time})
    return found


def _by(event: Recorded) -> dict[str, Any]:
    return {"event": event.type, "position": event.position}


def in_time(done: Instant, ends: Instant | None) -> Truth:
    """Say whether something was done by the end of a clock; None where their bounds leave it open."""
    if ends is None:
        return None
    if ends.earliest and done.surely_by(ends.earliest):
        return True
    return False if ends.surely_before(done) else None


def _done(case: Case, rule: Rule, clock: Clock, point: DecisionPoint, started: Moment | None) -> Moment | None:
    """Return when the thing was done that the limit is about: of a rule about keeping somebody, the end of the stay."""
    if clock.counts is Counts.BEFORE:
        return _notice(case)
    if KEEPING & set(rule.decision_points):
        return _end_of_stay(case, clock, started)
    event = case.first(*ENDING.get(point, ()))
    return Moment(event.occurred, event) if event else None


def _notice(case: Case) -> Moment | None:
    sent = case.first(handoff.ReleaseNoticeSent)
    return Moment(sent.occurred, sent) if sent else None


def _end_of_stay(case: Case, clock: Clock, started: Moment | None) -> Moment | None:
    """Custody passing ends a hold; once a warrant was served it has passed, and only leaving ends the stay."""
    if clock.start is ClockStart.ADMIN_WARRANT_SERVED:
        over = [Moment(event.occurred, event) for event in case.of(handoff.PostTransferDetentionEnded)]
        ends = over or [Moment(left_at(event), event) for event in case.of(*DEPARTURES)]
    else:
        ends = [Moment(event.occurred, event) for event in departures_or_all(hold_ends(case))]
    after = [end for end in ends if started is None or not end.at.surely_before(started.at)]
    return min(after, key=lambda end: (end.at.sort_key, end.shown_by.position), default=None)
