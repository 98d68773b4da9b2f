"""Coverage over time: what the rules say to each custodian in the ordinary case, on both clocks.

    [{"facility":"mn-freeborn-jail","kind":"county_jail","custodian":"mn-freeborn-sheriff",
      "decision_point":"hold_past_release","status":"conflict","rules":[...],"unknown":[],"missing":[],
      "valid_from":"2025-12-12T00:00:00-06:00","valid_to":null,"known_from":812,"known_to":null}]

A row is a while in which the answer of `projections.coverage` stays the same (`valid_from` to `valid_to`), and how long
that was what the log gave (`known_from` to `known_to`, positions; 0 is before the first event). Both are half open; an
absent bound is open, and what lies outside the time asked about is cut off. What one transaction stored became known
together: it counts from the last of its positions.

Nothing changes between turns: the bounds of rules in force, of courts' stops, of agreements, and words of boards. At a
bound, and right after it, the answer is asked for once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from domain.events.fields import DecisionPoint
from domain.events.instrument import BoardApprovalRecorded
from domain.instants import EPOCH, Instant, format_rfc3339
from domain.rules.rulebook import Rulebook
from projections.agreements import Agreements
from projections.amendments import Amendments
from projections.coverage import Asked, Cell, board_approvals, places
from projections.facts import Custodian
from projections.recorded import Recorded
from projections.rule_stops import STOPPING_TYPES, rule_stops

BEGINNING = datetime(2, 1, 1, tzinfo=UTC)
RIGHT_AFTER = timedelta(microseconds=1)
ANYBODY = (BoardApprovalRecorded.TYPE, *STOPPING_TYPES)
TYPES = (*Agreements.TYPES, *ANYBODY)
POINT_ORDER = {point: number for number, point in enumerate(DecisionPoint)}

Place = tuple[str | None, Custodian, DecisionPoint]
Listed = tuple[object, ...] | None


@dataclass(frozen=True, slots=True)
class Window:
    """The time asked about; without a bound it is open there."""

    first: datetime | None = None
    last: datetime | None = None

    def moments(self, turns: Iterable[datetime]) -> list[datetime]:
        """Return when to ask: at the start, at each turn within, and right after it."""
        begins = self.first or BEGINNING
        every = {moment for turn in turns for moment in (turn, turn + RIGHT_AFTER)}
        return [begins, *sorted(one for one in every if one > begins and (self.last is None or one <= self.last))]


@dataclass(slots=True)
class Row:
    """One answer at one place, for a while, as known for a while."""

    valid_from: datetime | None
    valid_to: datetime | None
    cell: Cell
    known_from: int
    known_to: int | None = None

    @property
    def says(self) -> tuple[object, ...]:
        """Return what it says, whenever that was known."""
        return self.valid_from, self.valid_to, self.cell.answer

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        bounds = {"valid_from": self.valid_from, "valid_to": self.valid_to}
        return {
            **self.cell.as_json(),
            **{name: format_rfc3339(bound) if bound else None for name, bound in bounds.items()},
            "known_from": self.known_from,
            "known_to": self.known_to,
        }


class Known:
    """The rules, and what the log tells beside them, as known at a position."""

    def __init__(self, rulebook: Rulebook, told: Sequence[Recorded], agreements: Agreements | None) -> None:
        self.rulebook, self.agreements = rulebook, agreements
        self._approvals = [event for event in told if isinstance(event.data, BoardApprovalRecorded)]
        self._stops = rule_stops(told)

    def asked(self, at: datetime) -> Asked:
        """Return what a cell is asked under at a moment."""
        approvals = board_approvals(self._approvals, at)
        return Asked(self.rulebook, self.agreements, Instant.exact(at), approvals, self._stops)

    def turns(self, custodian: Custodian, point: DecisionPoint) -> Iterator[datetime]:
        """Yield the moments at which the answer can change."""
        yield from (EPOCH + timedelta(microseconds=moment) for moment in self.rulebook.at(point).turning_points)
        periods = [stop.period for stops in self._stops.values() for stop in stops]
        bounds = [bound for period in periods for bound in (period.start, period.end) if bound]
        for bound in (*bounds, *(event.occurred for event in self._approvals)):
            yield from (moment for moment in (bound.earliest, bound.latest) if moment)
        if self.agreements:
            yield from self.agreements.turns(custodian.agency)

    def listed(self, agency: str) -> Listed:
        """Return what the lists say of an agency, over all time; None if there are none."""
        if self.agreements is None:
            return None
        moments = Window().moments(self.agreements.turns(agency))
        return tuple((moment, self.agreements.in_force(agency, moment)) for moment in moments)


def coverage_history(
    custodians: Mapping[str, Custodian],
    rulebooks: Mapping[int, Rulebook],
    events: Iterable[Recorded],
    points: Sequence[DecisionPoint],
    window: Window,
) -> list[Row]:
    """Return the rows by place, then by when they were known, then by when they were so.

    `rulebooks` says from which position on which rules are in use, 0 is the start. `events` are those of `TYPES`, those
    that publish rules, and what amends any, in the order of the log.
    """
    rows: dict[Place, list[Row]] = {}
    lists: dict[str, Listed] = {}
    for position, known, is_for_all in _states(rulebooks, events):
        wanted = set(places(custodians, known.rulebook, points))
        before, lists = lists, {agency: known.listed(agency) for agency in {place[1].agency for place in wanted}}
        for place in wanted | rows.keys():
            _, custodian, point = place
            if place not in wanted:
                _settle(rows[place], [], position)
            elif is_for_all or lists[custodian.agency] != before.get(custodian.agency):
                moments = window.moments(known.turns(custodian, point))
                _settle(rows.setdefault(place, []), _answers(place, known, moments, window), position)
    return [row for place in sorted(rows, key=_by_place) for row in sorted(rows[place], key=_by_knowledge)]


def _states(rulebooks: Mapping[int, Rulebook], events: Iterable[Recorded]) -> Iterator[tuple[int, Known, bool]]:
    """Yield what was known after each transaction that told anything, and whether it can concern everybody."""
    rulebook, told, agreements = rulebooks[0], list[Recorded](), None
    amending = Amendments()
    yield 0, Known(rulebook, told, agreements), True
    for _, group in groupby(events, key=lambda event: event.recorded_at):
        stored = list(group)
        for event in stored:
            amending.add(event)
        published = [rulebooks[event.position] for event in stored if event.position in rulebooks]
        new = [event for event in stored if event.type in TYPES]
        told += new
        here = {event.position for event in stored}
        amended = any(here & amending.positions(event) for event in told)
        if not (published or new or amended):
            continue
        rulebook = published[-1] if published else rulebook
        if amended:
            agreements = None
        agreements = _listed_by(agreements, amending.apply(told if amended else new))
        is_for_all = bool(published) or amended or any(event.type in ANYBODY for event in new)
        yield stored[-1].position, Known(rulebook, list(amending.apply(told)), agreements), is_for_all


def _listed_by(agreements: Agreements | None, events: Iterable[Recorded]) -> Agreements | None:
    """Take in what lists say; None as long as there are none."""
    for event in events:
        if event.type in Agreements.TYPES:
            agreements = agreements or Agreements()
            agreements.apply(event)
    return agreements


def _answers(place: Place, known: Known, moments: Sequence[datetime], window: Window) -> list[Row]:
    """Return the answers at a place, each for as long as it stays the same."""
    rows: list[Row] = []
    for moment in moments:
        cell = known.asked(moment).cell(*place)
        if not rows:
            rows.append(Row(window.first, window.last, cell, 0))
        elif rows[-1].cell.answer != cell.answer:
            rows[-1].valid_to = moment
            rows.append(Row(moment, window.last, cell, 0))
    return rows


def _settle(rows: list[Row], now: Sequence[Row], position: int) -> None:
    """Close what is no longer known at a position, and add what is known anew."""
    still = {row.says for row in now}
    there = {row.says for row in rows if row.known_to is None}
    for row in rows:
        if row.known_to is None and row.says not in still:
            row.known_to = position
    for row in now:
        if row.says not in there:
            row.known_from = position
            rows.append(row)


def _by_place(place: Place) -> tuple[bool, str, str, int]:
    facility, custodian, point = place
    return facility is None, facility or "", custodian.agency, POINT_ORDER[point]


def _by_knowledge(row: Row) -> tuple[int, datetime]:
    return row.known_from, row.valid_from or BEGINNING
