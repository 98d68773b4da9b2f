"""The named counts over a period, on both clocks, in groups, and down to the rows; `projections/tally.py` draws one.

A row of a count is drawn in projections/counted.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.counting import named_counts, of_the_register, rows_of
from adapters.questions.asked import Asked
from domain.counts.counting import Definitions, Row
from domain.counts.fields import FIELDS, Of, Value
from domain.counts.values import WORDS, check_values
from domain.errors import InputRefused
from domain.instants import local, microseconds
from projections.tally import Period, Tally


@dataclass(frozen=True, slots=True)
class Counting:
    """What is counted: in which period, at a facility or at all, by which definitions, as of when and known when."""

    upto: int
    at: datetime | None = None
    first: datetime | None = None
    last: datetime | None = None
    facility: str | None = None
    definitions: Definitions | None = None


def tally(asked: Asked, counting: Counting) -> Tally:
    """Return the counts, as of now if no moment is given; raise InputRefused (usage, unknown_facility)."""
    first, last = counting.first, counting.last
    if first and last and last < first:
        mend = "give a day that is not before --from"
        raise InputRefused("usage", "--until is before --from", where=f"--until {last.date()}", mend=mend)
    asked.at_facility(counting.facility)
    moment = microseconds(counting.at or local(asked.services.clock()))
    period = Period(microseconds(first) if first else None, microseconds(last) if last else None)
    rows = rows_of(asked.services, asked.ledger, counting.upto, moment, counting.facility)
    return Tally(counting.definitions or named_counts(), rows, period)


def members(tallied: Tally, count_id: str, where: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the rows of a count in which fields have values, each written `FIELD=VALUE`, by what they refer to.

    Raise InputRefused: unknown_count, unknown_field, unknown_value.
    """
    count = tallied.definitions.get(count_id)
    only = _only(count.of, where)
    rows = (row for row in tallied.members(count) if all(row[name] == value for name, value in only.items()))
    return sorted((_shown(count.of, row) for row in rows), key=lambda row: str(row["ref"]))


def grouping(by: Sequence[str]) -> list[str]:
    """Return the fields to group by, which were repeated, or listed with commas; raise InputRefused(unknown_field)."""
    names = [name.strip() for one in by for name in one.split(",") if name.strip()]
    for name in names:
        if not any(name in FIELDS[of] for of in Of):
            raise _unknown_field(name, {name: None for of in Of for name in FIELDS[of]}, "--by")
    return list(dict.fromkeys(names))


def explained_counts(found: Definitions, count_id: str | None = None) -> list[dict[str, Any]]:
    """Return the definition of one count, or of each: what is counted, left out, and whose word it is."""
    chosen = [found.get(count_id)] if count_id else list(found)
    return [{**one.model_dump(mode="json"), "chain": [outer.id for outer in found.chain(one)]} for one in chosen]


def _only(of: Of, where: Sequence[str]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for one in where:
        name, is_there, text = one.partition("=")
        if not is_there or name not in FIELDS[of]:
            raise _unknown_field(name, FIELDS[of], f"--where {one[:80]}")
        found[name] = WORDS.get(text, text)
        check_values(of, name, [found[name]], of_the_register(), code="unknown_value", where=f"--where {one[:80]}")
    return found


def _unknown_field(name: str, known: Mapping[str, object], where: str) -> InputRefused:
    mend = f"one of: {', '.join(known)}"
    return InputRefused("unknown_field", f"rows have no field {name[:40]!r}", where=where, mend=mend)


def _shown(of: Of, row: Row) -> dict[str, Any]:
    """Return a row as its fields, without the moments that it counts by."""
    return {"ref": row["ref"], **{name: row[name] for name in FIELDS[of]}, "events": row["events"]}
