"""The oracle of counts: the same rows and counts, made plainly, one row after another, as each is defined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from domain.counts.counting import Definition, Definitions, Row
from domain.counts.fields import Of, Value, When, words_of
from domain.events.detainer import lift_reason_words
from domain.events.handoff import CustodyTransferConfirmed, CustodyTransferContested, CustodyTransferred
from projections.counted import month_of
from projections.facts import Custodian
from projections.folding.seen import span_of
from projections.folding.table import holds_at
from projections.persons import Persons
from projections.tally import EVER, SECOND_US, Period

Group = tuple[Value, ...]
ModelRow = Mapping[str, Any]
Place = tuple[str, str | None]  # person and facility

ICE = "us-ice"  # begins the ids of its offices
NOT_PLACED = "not_placed"
NOWHERE = Custodian(NOT_PLACED, "", "")
NOTICE_US = 48 * 3_600_000_000
US_PER_MINUTE = 60_000_000
CONFIRMED = CustodyTransferConfirmed.TYPE
ONE_OR_BOTH = ("one_sided", "agreed")


@dataclass(frozen=True, slots=True)
class Told:
    """What the read models know at a position; stays and departures of no one else than the detainers' subjects."""

    detainers: Sequence[ModelRow]
    stays: Sequence[ModelRow]
    departures: Sequence[ModelRow]
    notices: Sequence[ModelRow]
    handoffs: Sequence[ModelRow]
    persons: Persons
    custodians: Mapping[str, Custodian]


class RowsOneByOne:
    """The rows of both kinds as of a moment, in microseconds since 1970 UTC."""

    def __init__(self, told: Told, moment: int) -> None:
        self._told, self._moment, self._one = told, moment, told.persons.one
        self._stays = self._by_case(row for row in told.stays if _maybe_by(row["valid_from"], moment))
        self._departures = self._by_case(row for row in told.departures if _maybe_by(row["left_earliest"], moment))
        self._notices: dict[str, list[ModelRow]] = {}
        for row in told.notices:
            if row["sent"] and _maybe_by(span_of(row["sent"])[0], moment):
                for ref in filter(None, (row["episode"], row["detainer"])):
                    self._notices.setdefault(ref, []).append(row)

    def _by_case(self, rows: Iterable[ModelRow]) -> dict[str | Place, list[ModelRow]]:
        """Return rows by their episode, and by person and facility."""
        found: dict[str | Place, list[ModelRow]] = {}
        for row in rows:
            found.setdefault(row["episode"], []).append(row)
            if row["subject"]:
                found.setdefault((self._one(row["subject"]), row["facility"]), []).append(row)
        return found

    @cached_property
    def detainers(self) -> Sequence[dict[str, Any]]:
        """Return a row for each detainer that was, or may have been, prepared by the moment."""
        begun = (row for row in self._told.detainers if row["prepared"] and _maybe_by(row["valid_from"], self._moment))
        return [self._detainer(row) for row in begun]

    def _detainer(self, row: ModelRow) -> dict[str, Any]:
        case = row["episode"] or (self._one(row["subject"] or ""), row["facility"])
        stays, departures = self._stays.get(case, ()), self._departures.get(case, ())
        departure = _first_after(departures, row)
        status, lift_reason = self._ended(row)
        notice = _notice(self._sent(row, departure), departure) if departure else None
        resting_on = {*row["events"], *([departure["event"]] if departure else ()), *(notice[1] if notice else ())}
        return {
            "ref": f"detainer/{row['detainer']}",
            "detainer": row["detainer"],
            **self._place(row),
            "facility_as_printed": row["facility_as_printed"],
            "form": row["form"],
            "status": status,
            "lift_reason": lift_reason_words(lift_reason) if lift_reason else None,
            "acknowledged": row["received_at"] is not None and row["received_at"] <= self._moment,
            "in_custody": _in_custody(stays, self._moment),
            "left_while_active": departure["way"] if departure else None,
            "notice": notice[0] if notice else "none",
            When.PREPARED: _middle(*span_of(row["prepared"])),
            When.LEFT: _middle(departure["left_earliest"], departure["left_latest"]) if departure else None,
            "events": sorted(resting_on),
        }

    def _ended(self, row: ModelRow) -> tuple[str, str | None]:
        """Return status and lift reason as of the moment: the first end that surely was, and the last lift."""
        only = {"status": row["status"], "at": row["lifted"], "lift_reason": row["lift_reason"], "event": 0}
        ends = row["ends"] or ([only] if row["lifted"] else [])
        by_then = [one for one in ends if _maybe_by(span_of(one["at"])[0], self._moment)]
        if not by_then:
            return "active", None
        lifts = [one["lift_reason"] for one in by_then if one["status"] == "lifted"]
        return min(by_then, key=_end_order)["status"], lifts[-1] if lifts else None

    def _place(self, row: ModelRow) -> dict[str, Any]:
        custodian = self._told.custodians.get(row["facility"] or "", NOWHERE)
        return {
            "facility": row["facility"],
            "custodian_kind": custodian.kind,
            "agency": custodian.agency or None,
            "county": custodian.county or None,
            "subject": self._one(row["subject"]) if row["subject"] else None,
            "episode": row["episode"],
        }

    def _sent(self, row: ModelRow, departure: ModelRow) -> Sequence[ModelRow]:
        """Return the notices sent of a departure: those of its episode, else those that name the detainer."""
        return self._notices.get(departure["episode"]) or self._notices.get(row["detainer"]) or ()

    @cached_property
    def handoffs(self) -> Sequence[dict[str, Any]]:
        """Return a row for each handoff that was, or may have been, by the moment."""
        return list(self._handoffs())

    def _handoffs(self) -> Iterator[dict[str, Any]]:
        for row in self._told.handoffs:
            times = [span_of(said["at"]) for said in row["said"]]
            if any(_maybe_by(earliest, self._moment) for earliest, _ in times):
                to = row["to"] or next((said["agency"] for said in row["said"] if said["type"] == CONFIRMED), None)
                yield {
                    "ref": f"handoff/{row['handoff']}",
                    "handoff": row["handoff"],
                    **self._place(row),
                    "detainer": row["detainer"],
                    "status": _sides([one for one in row["said"] if _maybe_by(span_of(one["at"])[0], self._moment)]),
                    "to": to,
                    "to_ice": to is not None and to.startswith(ICE),
                    When.HANDED_OVER: next((middle for one in times if (middle := _middle(*one)) is not None), None),
                    "events": row["events"],
                }


def _sides(said: Sequence[Mapping[str, Any]]) -> str:
    """Say what the sides say of a handoff."""
    types = [one["type"] for one in said]
    if CustodyTransferContested.TYPE in types:
        return "contested"
    transfers = [one for one in said if one["type"] == CustodyTransferred.TYPE]
    sides = {tuple(_of_ice(one[side]) for side in ("from", "to")) for one in transfers}
    if len(sides) > 1:
        return "contradicted"
    tellers = {_of_ice(one["agency"]) for one in said if one["type"] in (CustodyTransferred.TYPE, CONFIRMED)}
    if sides:
        tellers = {one for one in tellers if one in next(iter(sides))}
    return "no_transfer" if not {CustodyTransferred.TYPE, CONFIRMED} & {*types} else ONE_OR_BOTH[len(tellers) > 1]


def _of_ice(agency: str) -> str:
    return ICE if agency.startswith(ICE) else agency


def _maybe_by(earliest: int | None, moment: int) -> bool:
    return earliest is None or earliest <= moment


def _middle(earliest: int | None, latest: int | None) -> int | None:
    """Return the middle of bounds, the one that there is, or None."""
    if earliest is None or latest is None:
        return latest if earliest is None else earliest
    return (earliest + latest) // 2


def _in_custody(stays: Sequence[ModelRow], moment: int) -> str:
    """Say whether a person is in custody at the moment, of stays that can have begun by then."""
    if not stays:
        return "not_told"
    now = [stay["certain"] for stay in stays if holds_at(stay, moment)]
    return "no_longer" if not now else "yes" if any(now) else "maybe"


def _first_after(departures: Sequence[ModelRow], detainer: ModelRow) -> ModelRow | None:
    """Return the first departure that can have been after the form was prepared, and not surely after it had ended."""
    began, ends = detainer["valid_from"], detainer["valid_to"]
    after = (
        row
        for row in departures
        if (began is None or row["left_latest"] is None or row["left_latest"] >= began)
        and (ends is None or _maybe_by(row["left_earliest"], ends))
    )
    return min(after, key=_left_order, default=None)


def _end_order(end: ModelRow) -> tuple[float, int]:
    latest = span_of(end["at"])[1]
    return float("inf") if latest is None else latest, end["event"]


def _left_order(row: ModelRow) -> tuple[int, int]:
    return row["left_earliest"] or 0, row["event"]


def _notice(sent: Sequence[ModelRow], departure: ModelRow) -> tuple[str, list[int]]:
    """Return the best that notices give, and the positions they rest on."""
    found = {_bucket(one, departure) for one in sent}
    best = next(one for one in ("at_least_48_hours", "under_48_hours", "not_known", "none") if one in {*found, "none"})
    return best, [event for one in sent for event in one["events"]]


def _bucket(notice: ModelRow, departure: ModelRow) -> str:
    lead = notice["lead_minutes"]
    earliest, latest = span_of(notice["sent"])
    is_exact = earliest == latest and departure["left_earliest"] == departure["left_latest"]
    if lead is None and is_exact and earliest is not None and departure["left_earliest"] is not None:
        lead = (departure["left_earliest"] - earliest) // US_PER_MINUTE
    if lead is None:
        return "not_known"
    return "at_least_48_hours" if lead * US_PER_MINUTE >= NOTICE_US else "under_48_hours"


class TallyOneByOne:
    """The named counts over the rows of one moment and period, wholly or where some fields have given values."""

    def __init__(
        self,
        definitions: Definitions,
        rows: RowsOneByOne,
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
                    {**row, "month": month_of(row[count.when])} for row in rows if inside(self._period, row[count.when])
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


def inside(period: Period, middle: int | None) -> bool:
    if middle is None:
        return period == EVER
    second = middle // SECOND_US
    since = period.first is None or second >= period.first // SECOND_US
    return since and (period.last is None or second <= period.last // SECOND_US)
