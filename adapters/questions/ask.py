"""The questions auditors ask, as Python calls. Each says when things happened (`at`) and what was known (`known`).

    from adapters.questions.ask import open_questions

    with open_questions("custody.db") as ask:            # or postgresql://reader@db.example/custody
        ask.state("mn-freeborn-jail", at="2026-01-17T12:00", known=350)

Answers are typed, and `as_json()` of each is what the command of that name prints with --json.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.composition import services
from adapters.questions.asked import Asked
from adapters.questions.changes import Change, News, diff, since
from adapters.questions.custody_at import State, custody_at
from adapters.questions.determined import determined
from adapters.questions.hindsight import Differing, hindsight
from adapters.questions.history import Version, history
from adapters.questions.knowledge import Knowledge, Time, known_position, moment_of
from adapters.questions.late import LateList, late
from adapters.questions.shown import row_shown
from adapters.store.place import ledger_place
from domain.instants import local

ONE_DAY = timedelta(days=1)


@contextmanager
def open_questions(place: str | Path) -> Iterator[Questions]:
    """Open a ledger to read: a file, or the address of a PostgreSQL database.

    Raise InputRefused(bad_address), or LedgerUnavailable if it cannot be opened.
    """
    found = services(ledger_place(str(place)))
    ledger = found.reading()
    try:
        yield Questions(Asked(found, ledger))
    finally:
        ledger.close()


class Questions:
    """The questions. `at` and `known` are as on the command line: now, and all that is known, if not given."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def state(self, facility: str, *, at: Time | None = None, known: Knowledge | None = None) -> State:
        """Return who is in custody at a facility, as of a moment and as known at a position."""
        moment = _moment(at) or local(self._asked.services.clock())
        return custody_at(self._asked, facility, at=moment, upto=self._known(known))

    def rows(
        self, table: str, *, facility: str | None = None, at: Time | None = None, known: Knowledge | None = None
    ) -> list[dict[str, Any]]:
        """Return the rows of a read model's table (docs/read-models.md); with `at` without what surely came later."""
        where = self._asked.at_facility(facility)
        _, described = self._asked.table(table)
        rows = self._asked.rows(table, where, at=_moment(at), upto=self._known(known))
        return [row_shown(described, row) for row in rows]

    def history(
        self, ref: str, *, at: Time | None = None, known: Knowledge | None = None, model: str | None = None
    ) -> list[Version]:
        """Return every row of a facility, episode, detainer or handoff, with when it was so and when it was known."""
        return history(self._asked, ref, at=_moment(at), upto=self._known(known), model=model)

    def diff(
        self,
        before: Knowledge,
        after: Knowledge,
        *,
        at: Time | None = None,
        model: str | None = None,
        facility: str | None = None,
    ) -> list[Change]:
        """Return what is known otherwise at one position than at another, and which events changed it."""
        between = self._known(before), self._known(after)
        return diff(self._asked, *between, at=_moment(at), model=model, facility=facility)

    def since(self, position: Knowledge, *, model: str | None = None) -> News:
        """Return everything newly known since a position, with the position and root to note down for next time."""
        return since(self._asked, self._known(position), model=model)

    def late(self, *, over: timedelta = ONE_DAY, agency: str | None = None, known: Knowledge | None = None) -> LateList:
        """Return the reports that came later than `over` after what they tell of, and tallies by agency."""
        return late(self._asked, over=over, agency=agency, upto=self._known(known))

    def determinations(self, ref: str | None = None, *, known: Knowledge | None = None) -> Iterator[dict[str, Any]]:
        """Yield what was derived at each decision point, whenever that changed, of one case or of all."""
        return determined(self._asked, self._known(known), ref)

    def hindsight(
        self,
        ref: str | None = None,
        *,
        facility: str | None = None,
        first: Time | None = None,
        last: Time | None = None,
        known: Knowledge | None = None,
    ) -> list[Differing]:
        """Return the determinations that are derived otherwise now than at the moment of the decision."""
        within = (moment_of(first, start=True) if first else None, _moment(last))
        return hindsight(self._asked, ref, facility=facility, within=within, upto=self._known(known))

    def _known(self, known: Knowledge | None) -> int:
        return known_position(self._asked.ledger, known)


def _moment(at: Time | None) -> datetime | None:
    return None if at is None else moment_of(at)
