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
from typing import Any, NamedTuple

from domain.counts.counting import Definition, Definitions, Row
from domain.counts.fields import Of, Value, words_of
from projections.counted import Rows, month_of

SECOND_US = 1_000_000
Group = tuple[Value, ...]


class Period(NamedTuple):
    """Both bounds in microseconds since 1970 UTC, to the second, inclusive; None is open."""

    first: int | None
    last: int | None

    def has(self, middle: int | None) -> bool:
        """Say whether a time is inside; one that is not known is, only if there is no bound."""
        if middle is None:
            return self.first is None and self.last is None
        second = middle // SECOND_US
        since = self.first is None or second >= self.first // SECOND_US
        return since and (self.last is None or second <= self.last // SECOND_US)


EVER = Period(None, None)


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
        self._all: dict[Of, list[dict[str, Any]]] = {}
        self._members: dict[str, list[dict[str, Any]]] = {}

    def members(self, count: Definition) -> list[dict[str, Any]]:
        """Return the rows of a count, each with the month that it counts in."""
        if count.id not in self._members:
            outer = self.definitions.get(count.within) if count.within else None
            rows = self.members(outer) if outer else self._of(count.of)
            if outer is None or outer.when is not count.when:
                rows = [
                    {**row, "month": month_of(row[count.when])} for row in rows if self._period.has(row[count.when])
                ]
            self._members[count.id] = [row for row in rows if count.failed(row) is None]
        return self._members[count.id]

    def _of(self, of: Of) -> list[dict[str, Any]]:
        if of not in self._all:
            rows = self._rows.detainers if of is Of.DETAINERS else self._rows.handoffs
            self._all[of] = [row for row in rows if all(row[name] in values for name, values in self._only.items())]
        return self._all[of]

    def value(self, count: Definition) -> int:
        """Return the count in all, also of one that is given split."""
        return number(count, self.members(count))

    def counted(self, by: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """Yield every count; with `by` once for each group that has any, a field that its rows lack being null."""
        for count in self.definitions:
            fields = list(dict.fromkeys((*by, *count.split)))
            for group, members in self._groups(count, fields):
                at = dict(zip(fields, group, strict=True))
                yield {"id": count.id, "label": count.label, "value": number(count, members), "by": at}

    def _groups(self, count: Definition, fields: Sequence[str]) -> list[tuple[Group, list[dict[str, Any]]]]:
        """Return the rows of each group, in order; a total, and the values a count always gives, also where none is."""
        found: dict[Group, list[dict[str, Any]]] = {}
        if not fields:
            found[()] = []
        elif fields == list(count.split):
            found = {(value,): [] for value in count.split[fields[0]]}
        for row in self.members(count):
            found.setdefault(tuple(row.get(name) for name in fields), []).append(row)
        return list(found.items()) if fields == list(count.split) else sorted(found.items(), key=_order)

    def between(self, outer: Definition, inner: Definition) -> Iterator[dict[str, Any]]:
        """Yield the buckets between a count and one that is directly within it."""
        kept = {row["ref"] for row in self.members(inner)}
        buckets: dict[str, list[dict[str, Any]]] = {}
        for row in self.members(outer):
            if row["ref"] not in kept:
                name = inner.failed(row)
                label = words_of(inner.of, name, row[name]) if name else f"not in the period by when {inner.when}"
                buckets.setdefault(label, []).append(row)
        for label in sorted(buckets):
            yield bucket(outer.id, inner.id, label, len(buckets[label]), buckets[label])
        again, before = (list(_again(count, self.members(count))) for count in (inner, outer))
        if len(again) != len(before):
            label = f"the same {inner.distinct or outer.distinct} again"
            yield bucket(outer.id, inner.id, label, len(again) - len(before), again or before)


def bucket(start: str, end: str, label: str, value: int, rows: Sequence[Row] = ()) -> dict[str, Any]:
    """Return a bucket, with the rows in it and the events that these rest on."""
    events = sorted({event for row in rows for event in row["events"]})
    refs = sorted(row["ref"] for row in rows)
    return {"from": start, "to": end, "label": label, "value": value, "refs": refs, "events": events}


def number(count: Definition, rows: Sequence[Row]) -> int:
    """Return what rows of a count make."""
    return len(rows) - sum(1 for _ in _again(count, rows))


def once(count: Definition, rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows that a count counts: of those with the same value of its distinct field, the first."""
    left_out = {id(row) for row in _again(count, rows)}
    return (row for row in rows if id(row) not in left_out)


def _again(count: Definition, rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows whose distinct field has a value that an earlier row has."""
    if not count.distinct:
        return
    seen: set[Value] = set()
    for row in rows:
        value = row[count.distinct]
        if value is not None and value in seen:
            yield row
        seen.add(value)


def _order(group: tuple[Group, Any]) -> list[tuple[bool, str]]:
    return [(value is None, str(value)) for value in group[0]]
