"""The format of counts: what is counted, what is left out, whose word it is. Wire form (YAML 1.2, read strictly):

schema: custody-counts/1
counts:
- id: N2
  label: active detainers at custodians that are not federal
  of: detainers                                # what one row is: detainers, or handoffs
  within: N1                                   # only rows that another count has
  when: prepared                               # which time of a row the period is held against
  where: {status: [active]}                    # a field has one of these values
  leaving_out: {custodian_kind: [federal_prison, federal_marshals]}   # and none of these
  distinct: subject                            # count different values; a row without one counts by itself
  split: {notice: [under_48_hours, none]}      # always by this field, and these values also where they are zero
  counted: ...                                 # three sentences, for people
  left_out: ...
  whose_word: ...
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, StringConstraints, ValidationError

from domain.counts.fields import FIELDS, TIMES, Of, Value, When
from domain.counts.values import Register, check_values
from domain.envelope import schema_refusal
from domain.errors import InputRefused
from domain.events.fields import Closed, Words

COUNTS_MAX = 200
MEND = "docs/counts.md has the format and the fields"

CountId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
Values = Annotated[tuple[Value, ...], Field(min_length=1)]
Conditions = Annotated[dict[str, Values], Field(max_length=20)]
Row = Mapping[str, Any]


class Definition(Closed):
    """One count."""

    id: CountId
    label: Words
    of: Of
    when: When
    within: CountId | None = None
    where: Conditions = Field(default_factory=dict)
    leaving_out: Conditions = Field(default_factory=dict)
    distinct: str | None = None
    split: Annotated[Conditions, Field(max_length=1)] = Field(default_factory=dict)
    counted: Words
    left_out: Words
    whose_word: Words

    def failed(self, row: Row) -> str | None:
        """Return the first field for whose sake a row is left out by this count's own conditions; None if none is."""
        for name, values in self.where.items():
            if row[name] not in values:
                return name
        return next((name for name, values in self.leaving_out.items() if row[name] in values), None)


class _File(Closed):
    schema_: Annotated[Literal["custody-counts/1"], Field(alias="schema")]
    counts: Annotated[tuple[Definition, ...], Field(min_length=1, max_length=COUNTS_MAX)]


class Definitions:
    """Counts by id, each after the one that it is within."""

    def __init__(self, counts: Iterable[Definition]) -> None:
        self._by_id = {one.id: one for one in counts}

    def __iter__(self) -> Iterator[Definition]:
        return iter(self._by_id.values())

    def get(self, count_id: str) -> Definition:
        """Return one count; raise InputRefused(unknown_count)."""
        if count_id not in self._by_id:
            raise InputRefused(
                "unknown_count", f"there is no count {count_id[:60]!r}", mend=f"one of: {', '.join(self._by_id)}"
            )
        return self._by_id[count_id]

    def chain(self, count: Definition) -> list[Definition]:
        """Return a count and those it is within, the widest first."""
        found = [count]
        while found[0].within:
            found.insert(0, self._by_id[found[0].within])
        return found

    def and_those_of(self, document: object, register: Register) -> Definitions:
        """Return these and those of a parsed file; `register` has what facilities, agencies and counties there are.

        Raise InputRefused, `where` naming the count and field: bad_counts, duplicate_count, unknown_count.
        """
        found = Definitions(self)
        for index, one in enumerate(_read(document)):
            where = f"counts.{index}"
            if one.id in found._by_id:
                raise InputRefused("duplicate_count", f"there is a count {one.id!r} already", where=where, mend=MEND)
            _check(one, found._by_id.get(one.within or ""), register, where)
            found._by_id[one.id] = one
        return found


def _read(document: object) -> tuple[Definition, ...]:
    try:
        return _File.model_validate_json(orjson.dumps(document)).counts
    except ValidationError as error:
        refusal = schema_refusal(error)
        raise InputRefused("bad_counts", refusal.what, where=refusal.where, mend=MEND) from None


def _check(one: Definition, outer: Definition | None, register: Register, where: str) -> None:
    """Refuse what a count's fields, values and times get wrong."""
    if one.within and outer is None:
        what = f"no count {one.within!r} stands before it"
        raise InputRefused("unknown_count", what, where=f"{where}.within", mend="name one of the counts above it")
    if outer and outer.of is not one.of:
        raise InputRefused("bad_counts", f"{outer.id} counts {outer.of}", where=f"{where}.within", mend=MEND)
    if one.when not in TIMES[one.of]:
        times = ", ".join(TIMES[one.of])
        raise InputRefused("bad_counts", f"{one.of} have the times {times}", where=f"{where}.when", mend=MEND)
    for part in ("where", "leaving_out", "split"):
        for name, values in getattr(one, part).items():
            _check_field(one.of, name, f"{where}.{part}.{name}")
            check_values(one.of, name, values, register, code="bad_counts", where=f"{where}.{part}.{name}")
    if one.distinct:
        _check_field(one.of, one.distinct, f"{where}.distinct")


def _check_field(of: Of, name: str, where: str) -> None:
    if name not in FIELDS[of]:
        what = f"{of} have no field {name[:40]!r}"
        raise InputRefused("bad_counts", what, where=where, mend=f"one of: {', '.join(FIELDS[of])}")
