"""The rows that counts count: each detainer and each handoff, with what the custodian's own events say beside it.

    {"ref":"detainer/ice-17","detainer":"ice-17","facility":"mn-cass-jail","custodian_kind":"county_jail",
     "status":"active","lift_reason":null,"acknowledged":true,"in_custody":"yes",...,"events":[5,9]}

`domain.counts.fields` explains each field; beside them stand `ref`, `events` (the positions a row rests on), and for
each time that a count can go by its `middle`: the middle of the bounds of when it was, so that a date counts on its
own day, a month within itself, and everything in exactly one of periods that follow each other.

An end of a detainer whose time the source does not give, as in ICE's table, may have been at once: from then on
the detainer is not active. It surely was only when it last can have been: until then a release was one while it was.

All rows are made at once, by column. `tests/projections/counted_one_by_one.py` makes them one by one; the laws hold
that both agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import orjson

from domain.counts.fields import FIELDS, NOT_PLACED, Of, Value, When
from domain.events.agency import is_ice
from domain.instants import EPOCH, local
from projections.columns import LEAST, Flags, Numbers, Versions, Words, middle
from projections.custody import STAYS
from projections.departures import DEPARTURES
from projections.detainers import DETAINERS
from projections.facts import Custodian
from projections.handoffs import HANDOFFS, NOTICES
from projections.joined import Joined
from projections.told import ACTIVE, ended_by, status_by

NOWHERE = Custodian(NOT_PLACED, "", "")
NOTICE_MINUTES = 48 * 60
US_PER_MINUTE = 60_000_000
IN_CUSTODY = ("not_told", "no_longer", "maybe", "yes")
NOTICE = ("at_least_48_hours", "under_48_hours", "not_known", "none")  # of several the first counts
NO_NOTICE = NOTICE.index("none")
MONTH = "month"
NAMED = {Of.DETAINERS: "detainer", Of.HANDOFFS: "handoff"}
Custodians = Mapping[str, Custodian]
Resting = Callable[[int], Iterable[int]]  # the number of a row -> positions


class Coded(NamedTuple):
    """A field of all rows: for each the number of its value."""

    numbers: Numbers
    values: Sequence[Value]
    number_of: Callable[[Value], int | None]

    @classmethod
    def few(cls, numbers: Numbers, values: Sequence[Value]) -> Coded:
        """Return a field that has few values."""
        return cls(numbers, values, {value: number for number, value in enumerate(values)}.get)

    @classmethod
    def text(cls, numbers: Numbers, words: Words) -> Coded:
        """Return a field of texts."""
        return cls(numbers, words.texts, words.number)

    def among(self, values: Iterable[Value]) -> Flags:
        """Say of which rows the value is one of these."""
        found = np.full(len(self.numbers), False)
        for value in values:
            if (number := self.number_of(value)) is not None:
                found |= self.numbers == number
        return found


class Counted:
    """The rows of one kind as of a moment, in the order in which they became known."""

    def __init__(self, of: Of, fields: Mapping[str, Coded], times: Mapping[When, Numbers], resting_on: Resting) -> None:
        self.of, self.times = of, times
        self._fields, self._resting_on = fields, resting_on
        self._months: dict[When, Coded] = {}
        self._ids = fields[NAMED[of]]

    def __len__(self) -> int:
        return len(self._ids.numbers)

    def field(self, name: str, when: When) -> Coded:
        """Return a field; the month is that of `when`."""
        if name != MONTH:
            return self._fields[name]
        if when not in self._months:
            self._months[when] = _months(self.times[when])
        return self._months[when]

    def ref(self, row: int) -> str:
        """Return what a row refers to: `detainer/ice-17`."""
        return f"{NAMED[self.of]}/{self._ids.values[self._ids.numbers[row]]}"

    def events(self, rows: Iterable[int]) -> list[int]:
        """Return the positions that these rows rest on."""
        return sorted({event for row in rows for event in self._resting_on(row)})

    def rows(self, rows: Iterable[int], when: When) -> Iterator[dict[str, Any]]:
        """Yield rows by the names of their fields."""
        fields = {name: self.field(name, when) for name in FIELDS[self.of]}
        for row in rows:
            yield {
                "ref": self.ref(row),
                **{name: field.values[field.numbers[row]] for name, field in fields.items()},
                **{name: None if times[row] == LEAST else int(times[row]) for name, times in self.times.items()},
                "events": self.events((row,)),
            }


class Rows:
    """The rows of both kinds, as known at a position and as of a moment, in microseconds since 1970 UTC."""

    def __init__(
        self, joined: Joined, custodians: Custodians, known: int, moment: int, facility: str | None = None
    ) -> None:
        self._joined, self._custodians, self._words = joined, custodians, joined.told.words
        self._known, self._moment, self._facility = known, moment, facility

    def of(self, of: Of) -> Counted:
        """Return the rows of a kind: each that was, or may have been, by the moment."""
        return self.detainers if of is Of.DETAINERS else self.handoffs

    @cached_property
    def detainers(self) -> Counted:
        """Return a row for each detainer that was, or may have been, prepared by the moment."""
        table = self._table(DETAINERS.name)
        rows = self._chosen(table, table["prepared_first"], "detainer")
        left = self._left(table, rows)
        notices = self._notices(table, rows, left)
        departures, has_left = self._table(DEPARTURES.name), left >= 0
        none = np.zeros(len(rows), dtype=np.int64)
        told = {
            "facility_as_printed": table["facility_as_printed"][rows],
            "form": table["form"][rows],
            **self._ended(table, rows),
            "left_while_active": np.where(has_left, departures["way"][left], none) if len(departures) else none,
        }
        fields = {
            **{name: Coded.text(numbers, self._words) for name, numbers in told.items()},
            **self._place(table, rows),
            "acknowledged": Coded.few((table["received_at"][rows] <= self._moment).astype(np.int64), (False, True)),
            "in_custody": Coded.few(self._in_custody(rows), IN_CUSTODY),
            "notice": Coded.few(notices.best, NOTICE),
        }
        times = {
            When.PREPARED: middle(table["prepared_first"][rows], table["prepared_last"][rows]),
            When.LEFT: self._left_middle(left),
        }

        def resting_on(row: int) -> Iterator[int]:
            yield from orjson.loads(table.events[rows[row]])
            if left[row] >= 0:
                yield int(departures["event"][left[row]])
                yield from notices.resting_on(row)

        return Counted(Of.DETAINERS, fields, times, resting_on)

    def _ended(self, table: Versions, rows: Numbers) -> dict[str, Numbers]:
        """Return what had ended each detainer by the moment, and the lift reason given by then."""
        active = self._words.number(ACTIVE) or 0
        ended = table["lifted_first"][rows] <= self._moment
        status = np.where(ended, table["status"][rows], active)
        reason = np.where(ended, table["lift_reason"][rows], 0)
        for row in np.flatnonzero(table["ends"][rows]):
            told = ended_by(self._words.texts[table["ends"][rows[row]]] or "", self._moment)
            status[row], reason[row] = (self._words.number(text) or 0 for text in told or (ACTIVE, None))
        return {"status": status, "lift_reason": reason}

    @cached_property
    def handoffs(self) -> Counted:
        """Return a row for each handoff that was, or may have been, by the moment."""
        table = self._table(HANDOFFS.name)
        rows = self._chosen(table, table["said_first"], "handoff")
        to = np.where(table["to"][rows] == 0, table["confirmed_by"][rows], table["to"][rows])
        agencies, which = np.unique(to, return_inverse=True)
        of_ice = np.array([is_ice(self._words.texts[one] or "") for one in agencies], dtype=np.int64)
        fields = {
            "handoff": Coded.text(table["handoff"][rows], self._words),
            "status": Coded.text(self._status(table, rows), self._words),
            "to": Coded.text(to, self._words),
            "to_ice": Coded.few(of_ice[which], (False, True)),
            **self._place(table, rows),
        }

        def resting_on(row: int) -> Iterable[int]:
            events: list[int] = orjson.loads(table.events[rows[row]])
            return events

        return Counted(Of.HANDOFFS, fields, {When.HANDED_OVER: table["said_middle"][rows]}, resting_on)

    def _status(self, table: Versions, rows: Numbers) -> Numbers:
        """Return how the records of each handoff agree, as far as they may have been told by the moment."""
        status = table["status"][rows].copy()
        for row in np.flatnonzero(table["said_last"][rows] > self._moment):
            by_then = status_by(self._words.texts[table["said"][rows[row]]] or "", self._moment)
            status[row] = self._words.number(by_then) or 0
        return status

    def _table(self, name: str) -> Versions:
        return self._joined.told.tables[name]

    def _chosen(self, table: Versions, first: Numbers, key: str) -> Numbers:
        """Return which rows are known and can have been by the moment, in the order in which they became known."""
        there = table.known_at(self._known) & (first <= self._moment)
        if self._facility is not None:
            there &= table["facility"] == (self._words.number(self._facility) or -1)
        found = np.flatnonzero(there)
        found = found[np.argsort(table.known_from[found], kind="stable")]
        known_from, ids = table.known_from[found], table[key][found]
        for position in np.unique(known_from[1:][known_from[1:] == known_from[:-1]]):  # by one event: by their ids
            alike = np.flatnonzero(known_from == position)
            names = [self._words.texts[one] or "" for one in ids[alike]]
            found[alike] = found[alike[sorted(range(len(names)), key=names.__getitem__)]]
        return found

    def _place(self, table: Versions, rows: Numbers) -> dict[str, Coded]:
        """Return what both kinds tell of whom and where; the kind of custodian is the register's."""
        facilities, which = np.unique(table["facility"][rows], return_inverse=True)
        there = [self._custodians.get(self._words.texts[one] or "", NOWHERE) for one in facilities]
        register: dict[str, list[Value]] = {
            "custodian_kind": [one.kind for one in there],
            "agency": [one.agency or None for one in there],
            "county": [one.county or None for one in there],
        }
        named = {name: table[name][rows] for name in ("facility", "episode", "detainer")}
        named["subject"] = self._joined.person[table["subject"][rows]]
        return {
            **{name: Coded.text(numbers, self._words) for name, numbers in named.items()},
            **{name: _by_place(values, which) for name, values in register.items()},
        }

    def _in_custody(self, rows: Numbers) -> Numbers:
        """Say whether each person is in custody at the moment, by stays that can have begun by then."""
        stays, index = self._table(STAYS.name), self._joined.stays
        begun = stays.known_at(self._known) & (stays["valid_from"] <= self._moment)
        holds = begun & (stays["valid_to"] > self._moment)
        first, last = (bound[rows] for bound in self._joined.stays_of)
        told, maybe, surely = (
            index.tally(flags, first, last) > 0 for flags in (begun, holds, holds & (stays["certain"] == 1))
        )
        found: Numbers = told.astype(np.int64) + maybe + surely
        return found

    def _left(self, table: Versions, rows: Numbers) -> Numbers:
        """Return the first departure that can have been after the form was prepared, and not surely after it ended.

        Of each row its number in the table of departures, -1 if there is none.
        """
        departures, index = self._table(DEPARTURES.name), self._joined.departures
        can_be = departures.known_at(self._known) & (departures["left_earliest"] <= self._moment)
        at, last = (bound[rows] for bound in self._joined.departures_of)
        found, looking = np.full(len(rows), -1), np.flatnonzero(at < last)
        while len(looking):
            one, form = index.rows[at[looking]], rows[looking]
            is_it = (
                can_be[one]
                & (departures["left_latest"][one] >= table["valid_from"][form])
                & (departures["left_earliest"][one] <= table["valid_to"][form])
            )
            found[looking[is_it]] = one[is_it]
            at[looking] += 1
            looking = looking[~is_it & (at[looking] < last[looking])]
        return found

    def _left_middle(self, left: Numbers) -> Numbers:
        departures, found = self._table(DEPARTURES.name), np.full(len(left), LEAST)
        one = left[left >= 0]
        found[left >= 0] = middle(departures["left_earliest"][one], departures["left_latest"][one])
        return found

    def _notices(self, table: Versions, rows: Numbers, left: Numbers) -> Notices:
        """Return the notices sent of each departure: those of its episode, else those that name the detainer."""
        notices, departures, index = self._table(NOTICES.name), self._table(DEPARTURES.name), self._joined.notices
        is_sent = notices.known_at(self._known) & (notices["sent_first"] <= self._moment)
        has_left = np.flatnonzero(left >= 0)
        of_episode = index.ranges(departures["episode"][left[has_left]])
        of_detainer = index.ranges(table["detainer"][rows[has_left]])
        is_of_episode = index.tally(is_sent, *of_episode) > 0
        first, last = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
        for bound, one, other in zip((first, last), of_episode, of_detainer, strict=True):
            bound[has_left] = np.where(is_of_episode, one, other)
        best, at, looking = np.full(len(rows), NO_NOTICE), first.copy(), np.flatnonzero(first < last)
        while len(looking):
            one = index.rows[at[looking]]
            best[looking] = np.minimum(
                best[looking], np.where(is_sent[one], self._notice(one, left[looking]), NO_NOTICE)
            )
            at[looking] += 1
            looking = looking[at[looking] < last[looking]]
        return Notices(best, notices, is_sent, index.rows, first, last)

    def _notice(self, sent: Numbers, left: Numbers) -> Numbers:
        """Say what each notice gave of its departure."""
        notices, departures = self._table(NOTICES.name), self._table(DEPARTURES.name)
        first, out = notices["sent_first"][sent], departures["left_earliest"][left]
        is_exact = (first == notices["sent_last"][sent]) & (out == departures["left_latest"][left])
        told = notices["lead_minutes"][sent]
        is_known = (told != LEAST) | is_exact
        lead = np.where(
            told != LEAST, told, (np.where(is_exact, out, 0) - np.where(is_exact, first, 0)) // US_PER_MINUTE
        )
        long, short, unknown = (NOTICE.index(one) for one in NOTICE[:3])
        found: Numbers = np.where(is_known, np.where(lead >= NOTICE_MINUTES, long, short), unknown)
        return found


class Notices(NamedTuple):
    """For each row the best that the notices of a departure gave, and which these are: a range of `rows`, if sent."""

    best: Numbers
    table: Versions
    is_sent: Flags
    rows: Numbers
    first: Numbers
    last: Numbers

    def resting_on(self, row: int) -> Iterator[int]:
        """Yield the positions of the notices of a row."""
        for one in self.rows[self.first[row] : self.last[row]]:
            if self.is_sent[one]:
                yield from orjson.loads(self.table.events[one])


def _by_place(values: Sequence[Value], which: Numbers) -> Coded:
    """Return a field that goes by the place: a value for each place, and which place each row has."""
    different = list(dict.fromkeys(values))
    numbers = np.array([different.index(value) for value in values], dtype=np.int64)
    return Coded.few(numbers[which], different)


def _months(middles: Numbers) -> Coded:
    times, which = np.unique(middles, return_inverse=True)
    return _by_place([month_of(None if one == LEAST else int(one)) for one in times], which)


@lru_cache(maxsize=65_536)
def month_of(middle: int | None) -> str | None:
    """Return the month in Minnesota of a moment: `2026-02`."""
    if middle is None:
        return None
    return f"{local(EPOCH + timedelta(microseconds=middle)):%Y-%m}"
