"""Counting: which rows each named count has, what that makes in all and by group, and what lies between two counts.

    {"id":"N0","label":"detainers prepared","value":27,
     "by":{"custodian_kind":"state_prison","lift_reason":"Detainer Declined by LEA"}}

Between a count and one within it lie buckets: each row that the first has and the second has not is in one, by the
first condition that leaves it out, so that the buckets add up to the difference.

    {"from":"N1","to":"N2","label":"custodian kind federal_prison","value":50,"refs":["detainer/ice-4",...],
     "events":[7,9,...]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest
from typing import Any, NamedTuple

import numpy as np

from domain.counts.counting import Definition, Definitions
from domain.counts.fields import FIELDS, Value, words_of
from projections.columns import LEAST, Flags, Numbers
from projections.counted import Counted, Rows

SECOND_US = 1_000_000
NO_ROWS = np.zeros(0, dtype=np.int64)
Group = tuple[Value, ...]


class Period(NamedTuple):
    """Both bounds in microseconds since 1970 UTC, to the second, inclusive; None is open."""

    first: int | None
    last: int | None

    def has(self, middles: Numbers) -> Flags:
        """Say which times are inside; one that is not known is, only if there is no bound."""
        seconds = middles // SECOND_US
        inside = np.full(len(middles), True) if self == EVER else middles != LEAST
        if self.first is not None:
            inside &= seconds >= self.first // SECOND_US
        if self.last is not None:
            inside &= seconds <= self.last // SECOND_US
        return inside


EVER = Period(None, None)


class Bucket(NamedTuple):
    """What lies between two counts, or a count and a claim; `rows` are numbers in what is counted, if there is any."""

    start: str
    end: str
    label: str
    value: int
    counted: Counted | None = None
    rows: Numbers = NO_ROWS

    def refs(self, most: int | None = None) -> list[str]:
        """Return what its rows refer to, in order; the first of them, if that is all that is wanted."""
        found = [self.counted.ref(row) for row in self.rows] if self.counted else []
        return sorted(found) if most is None else nsmallest(most, found)

    def events(self) -> list[int]:
        """Return the positions that its rows rest on."""
        return self.counted.events(self.rows) if self.counted else []

    def as_json(self) -> dict[str, Any]:
        """Return it whole, with the events that its rows rest on."""
        told = {"from": self.start, "to": self.end, "label": self.label, "value": self.value}
        return {**told, "refs": self.refs(), "events": self.events()}


class Tally:
    """The named counts over the rows of one moment and period, wholly or where some fields have given values."""

    def __init__(
        self,
        definitions: Definitions,
        rows: Rows,
        period: Period = EVER,
        only: Mapping[str, Sequence[Value]] | None = None,
    ) -> None:
        self.definitions = definitions
        self._rows, self._period, self._only = rows, period, only or {}
        self._members: dict[str, Numbers] = {}

    def members(self, count: Definition) -> list[dict[str, Any]]:
        """Return the rows of a count, each with the month that it counts in."""
        return list(self._rows.of(count.of).rows(self._having(count), count.when))

    def once(self, count: Definition) -> list[dict[str, Any]]:
        """Return the rows that a count counts: of those with the same value of its distinct field, the first."""
        rows = self._having(count)
        return list(self._rows.of(count.of).rows(rows[~self._again(count, rows)], count.when))

    def value(self, count: Definition) -> int:
        """Return the count in all, also of one that is given split."""
        return self._number(count, self._having(count))

    def counted(self, by: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """Yield every count; with `by` once for each group that has any, a field that its rows lack being null."""
        for count in self.definitions:
            fields = list(dict.fromkeys((*by, *count.split)))
            for group, members in self._groups(count, fields):
                at = dict(zip(fields, group, strict=True))
                yield {"id": count.id, "label": count.label, "value": self._number(count, members), "by": at}

    def between(self, outer: Definition, inner: Definition) -> Iterator[Bucket]:
        """Yield the buckets between a count and one that is directly within it."""
        counted, before, kept = self._rows.of(inner.of), self._having(outer), self._having(inner)
        buckets: dict[str, Numbers] = {}
        for label, rows in self._left_out(outer, inner, before[~np.isin(before, kept)]):
            buckets[label] = np.concatenate((buckets.get(label, NO_ROWS), rows))
        for label, rows in sorted(buckets.items()):
            yield Bucket(outer.id, inner.id, label, len(rows), counted, rows)
        again, once = kept[self._again(inner, kept)], before[self._again(outer, before)]
        if len(again) != len(once):
            label = f"the same {inner.distinct or outer.distinct} again"
            rows = again if len(again) else once
            yield Bucket(outer.id, inner.id, label, len(again) - len(once), counted, rows)

    def _having(self, count: Definition) -> Numbers:
        """Return the numbers of the rows of a count, in order."""
        if count.id not in self._members:
            counted, outer = self._rows.of(count.of), self._outer(count)
            rows = self._having(outer) if outer else self._only_those(counted)
            if outer is None or outer.when is not count.when:
                rows = rows[self._period.has(counted.times[count.when][rows])]
            for name, values, are_meant in _conditions(count):
                rows = rows[counted.field(name, count.when).among(values)[rows] == are_meant]
            self._members[count.id] = rows
        return self._members[count.id]

    def _outer(self, count: Definition) -> Definition | None:
        return self.definitions.get(count.within) if count.within else None

    def _only_those(self, counted: Counted) -> Numbers:
        there = np.full(len(counted), True)
        for name, values in self._only.items():
            there &= counted.field(name, next(iter(counted.times))).among(values)
        return np.flatnonzero(there)

    def _left_out(self, outer: Definition, inner: Definition, rows: Numbers) -> Iterator[tuple[str, Numbers]]:
        """Yield rows by what leaves them out: the first condition, with each value that a row has of its field."""
        counted = self._rows.of(inner.of)
        for name, values, are_meant in _conditions(inner):
            field = counted.field(name, outer.when)
            fails = field.among(values)[rows] != are_meant
            numbers = field.numbers[rows[fails]]
            for number in np.unique(numbers):
                yield words_of(inner.of, name, field.values[number]), rows[fails][numbers == number]
            rows = rows[~fails]
        if len(rows):
            yield f"not in the period by when {inner.when}", rows

    def _number(self, count: Definition, rows: Numbers) -> int:
        return len(rows) - int(self._again(count, rows).sum())

    def _again(self, count: Definition, rows: Numbers) -> Flags:
        """Say which rows have a value of the distinct field that an earlier one has."""
        again = np.full(len(rows), False)
        if count.distinct:
            field = self._rows.of(count.of).field(count.distinct, count.when)
            numbers = field.numbers[rows]
            _, first = np.unique(numbers, return_index=True)
            again[:] = True
            again[first] = False
            again &= ~field.among((None,))[rows]
        return again

    def _groups(self, count: Definition, fields: Sequence[str]) -> list[tuple[Group, Numbers]]:
        """Return the rows of each group, in order; a total, and the values a count always gives, also where none is."""
        found: dict[Group, Numbers] = {}
        if not fields:
            return [((), self._having(count))]
        if fields == list(count.split):
            found = {(value,): NO_ROWS for value in count.split[fields[0]]}
        found |= self._by(count, fields)
        return list(found.items()) if fields == list(count.split) else sorted(found.items(), key=_order)

    def _by(self, count: Definition, fields: Sequence[str]) -> Iterator[tuple[Group, Numbers]]:
        """Yield the rows of each group that has any, in the order of their first."""
        counted, rows = self._rows.of(count.of), self._having(count)
        coded = [counted.field(name, count.when) if name in FIELDS[count.of] else None for name in fields]
        which = np.zeros(len(rows), dtype=np.int64)
        for one in filter(None, coded):
            _, numbers = np.unique(one.numbers[rows], return_inverse=True)
            _, which = np.unique(which * (len(rows) + 1) + numbers, return_inverse=True)
        sorting = np.argsort(which, kind="stable")
        begins = np.flatnonzero(np.diff(which[sorting], prepend=-1))
        for members in sorted(np.split(rows[sorting], begins[1:]), key=lambda some: some[:1].tolist()):
            if len(members):
                yield tuple(one.values[one.numbers[members[0]]] if one else None for one in coded), members


def _conditions(count: Definition) -> Iterator[tuple[str, Sequence[Value], bool]]:
    """Yield field, values, and whether a row has to have one of them, or none."""
    yield from ((name, values, True) for name, values in count.where.items())
    yield from ((name, values, False) for name, values in count.leaving_out.items())


def _order(group: tuple[Group, Any]) -> list[tuple[bool, str]]:
    return [(value is None, str(value)) for value in group[0]]
