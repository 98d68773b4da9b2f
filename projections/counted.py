"""The rows that counts count: each detainer and each handoff, with what the custodian's own events say beside it.

    {"ref":"detainer/ice-17","detainer":"ice-17","facility":"mn-cass-jail","custodian_kind":"county_jail",
     "status":"active","lift_reason":null,"acknowledged":true,"in_custody":"yes",...,"events":[5,9]}

`domain.counts.fields` explains each field; beside them stand `ref`, `events` (the positions a row rests on), and for
each time that a count can go by its `middle`: the middle of the bounds of when it was, so that a date counts on its
own day, a month within itself, and everything in exactly one of periods that follow each other.

An end of a detainer whose time the source does not give, as in ICE's table, may have been at once: from then on
the detainer is not active. It surely was only when it last can have been: until then a release was one while it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any

from domain.counts.fields import When
from domain.events.detainer import lift_reason_words
from domain.events.handoff import CustodyTransferConfirmed
from domain.instants import EPOCH, MINNESOTA
from projections.facts import Custodian
from projections.folding.seen import span_of
from projections.folding.table import holds_at
from projections.persons import Persons

ModelRow = Mapping[str, Any]
Place = tuple[str, str | None]  # person and facility

ICE = "us-ice"  # begins the ids of its offices
NOT_PLACED = "not_placed"
NOWHERE = Custodian(NOT_PLACED, "", "")
NOTICE_US = 48 * 3_600_000_000
US_PER_MINUTE = 60_000_000
CONFIRMED = CustodyTransferConfirmed.TYPE


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


class Rows:
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
        ended = row["lifted"] is not None and _maybe_by(span_of(row["lifted"])[0], self._moment)
        notice = _notice(self._sent(row, departure), departure) if departure else None
        resting_on = {*row["events"], *([departure["event"]] if departure else ()), *(notice[1] if notice else ())}
        return {
            "ref": f"detainer/{row['detainer']}",
            "detainer": row["detainer"],
            **self._place(row),
            "facility_as_printed": row["facility_as_printed"],
            "form": row["form"],
            "status": row["status"] if ended else "active",
            "lift_reason": lift_reason_words(row["lift_reason"]) if ended and row["lift_reason"] else None,
            "acknowledged": row["received_at"] is not None and row["received_at"] <= self._moment,
            "in_custody": _in_custody(stays, self._moment),
            "left_while_active": departure["way"] if departure else None,
            "notice": notice[0] if notice else "none",
            When.PREPARED: _middle(*span_of(row["prepared"])),
            When.LEFT: _middle(departure["left_earliest"], departure["left_latest"]) if departure else None,
            "events": sorted(resting_on),
        }

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
                    "status": row["status"],
                    "to": to,
                    "to_ice": to is not None and to.startswith(ICE),
                    When.HANDED_OVER: next((middle for one in times if (middle := _middle(*one)) is not None), None),
                    "events": row["events"],
                }


def _maybe_by(earliest: int | None, moment: int) -> bool:
    return earliest is None or earliest <= moment


def _middle(earliest: int | None, latest: int | None) -> int | None:
    """Return the middle of bounds, the one that there is, or None."""
    if earliest is None or latest is None:
        return latest if earliest is None else earliest
    return (earliest + latest) // 2


@lru_cache(maxsize=65_536)
def month_of(middle: int | None) -> str | None:
    """Return the month in Minnesota of a moment: `2026-02`."""
    if middle is None:
        return None
    return f"{(EPOCH + timedelta(microseconds=middle)).astimezone(MINNESOTA):%Y-%m}"


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
