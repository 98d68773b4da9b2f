"""What is latest at one facility, of a list that may be long: some at a time, whatever else the log holds.

The order is the same whenever it is asked as of the same moment, as known at the same position: so "the 26th to the
50th" can be cited.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from adapters.questions.asked import Asked, without_knowledge
from adapters.read_models.answers import answering
from adapters.read_models.rows import ModelRow
from domain.instants import Instant, microseconds
from projections.custody import STAYS
from projections.duties import DUTIES

T = TypeVar("T")
DONE = ("done", "withheld")  # what a duty's row tells of later than its beginning


class Span(NamedTuple):
    """How many of the latest to pass over, and how many to give."""

    skip: int
    size: int


class Latest(NamedTuple, Generic[T]):
    """Some of the latest, and whether there are more."""

    rows: list[T]
    has_more: bool

    @classmethod
    def of(cls, every: Iterable[T], span: Span) -> Latest[T]:
        """Return a span of these, reading no further."""
        found = list(islice(every, span.skip, span.skip + span.size + 1))
        return cls(found[: span.size], len(found) > span.size)


def latest_rows(asked: Asked, table: str, facility: str, span: Span, *, at: datetime, upto: int) -> Latest[ModelRow]:
    """Return rows of a facility that had begun by the moment, the latest first, as known at a position.

    Raise InputRefused(unknown_facility).
    """
    with _latest(asked, table, facility, at, upto) as found:
        return Latest.of(map(without_knowledge, found), span)


def latest_told(asked: Asked, table: str, facility: str, span: Span, *, at: datetime, upto: int) -> Latest[ModelRow]:
    """Return the same of a table with one row for each key, as the events give them that may have happened by then.

    What nothing had told of by then is left out, so there may be fewer.
    """
    found = latest_rows(asked, table, facility, span, at=at, upto=upto)
    _, described = asked.table(table)
    keys = [row[described.key] for row in found.rows]
    by_key = {row[described.key]: row for row in asked.told_by(table, keys, {}, at=at, upto=upto)}
    return Latest([by_key[key] for key in keys if key in by_key], found.has_more)


def latest_duties(asked: Asked, facility: str, span: Span, *, at: datetime, upto: int) -> Latest[ModelRow]:
    """Return the duties at a facility that may have begun by the moment, without what was done about them later."""

    def by_then(told: object) -> bool:
        return told is not None and Instant.from_json(told).maybe_by(at)

    found = latest_rows(asked, DUTIES.name, facility, span, at=at, upto=upto)
    begun = (row for row in found.rows if by_then(row["started"]))
    rows = [{**row, **{name: None for name in DONE if not by_then(row[name])}} for row in begun]
    return Latest(rows, found.has_more)


def latest_cases(asked: Asked, facility: str, span: Span, *, at: datetime, upto: int) -> Latest[str]:
    """Return the references of the episodes at a facility that had begun by the moment, the latest stay first.

    Raise InputRefused(unknown_facility).
    """
    with _latest(asked, STAYS.name, facility, at, upto) as stays:
        return Latest.of(_each_once(f"episode/{stay['episode']}" for stay in stays), span)


def _each_once(refs: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for ref in refs:
        if ref not in seen:
            seen.add(ref)
            yield ref


@contextmanager
def _latest(asked: Asked, table: str, facility: str, at: datetime, upto: int) -> Iterator[Iterator[ModelRow]]:
    """Yield the rows, as many as somebody wants to read."""
    asked.at_facility(facility)
    fold, _ = asked.table(table)
    with (
        answering(asked.services.models(), asked.ledger, fold.name, upto, asked.progress) as model,
        closing(model.latest(table, upto, facility, microseconds(at))) as rows,
    ):
        yield rows
