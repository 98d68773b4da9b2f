"""What every question needs: an open ledger, the places and rules around it, and the read models kept for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Any

from adapters.composition import Services
from adapters.known import amendments
from adapters.read_models.answers import answering
from adapters.read_models.model import Model
from adapters.read_models.rows import ModelRow
from adapters.store.ledger import Ledger
from domain.errors import InputRefused
from projections.folding.now import rows_now
from projections.folding.seen import json_text
from projections.folding.table import KNOWN_COLUMNS, Fold, Table

Progress = Callable[[int], None]
Where = Mapping[str, list[Any]]


def silent(done: int) -> None:
    """Draw no progress."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An open ledger to ask. `progress` is told how far a long answer has come."""

    services: Services
    ledger: Ledger
    progress: Progress = silent

    def folds(self, model: str | None = None) -> list[Fold]:
        """Return one read model's fold, or those of all; raise InputRefused(unknown_read_model)."""
        models = self.services.models()
        return [models.fold(model)] if model else list(models.folds.values())

    def at_facility(self, facility: str | None) -> Where:
        """Return the condition on rows; raise InputRefused(unknown_facility)."""
        if facility is None:
            return {}
        self.services.register.facility(facility)
        return {"facility": [facility]}

    def table(self, name: str) -> tuple[Fold, Table]:
        """Return a table and the read model it is of; raise InputRefused(unknown_table)."""
        tables = {table.name: (fold, table) for fold in self.folds() for table in fold.tables}
        if name not in tables:
            mend = f"one of: {', '.join(sorted(tables))}"
            raise InputRefused("unknown_table", f"no read model has a table {name[:80]!r}", mend=mend)
        return tables[name]

    def rows(self, name: str, where: Where, *, at: datetime | None, upto: int) -> list[ModelRow]:
        """Return the rows of a table as known at a position, and as of a moment if one is given.

        As of a moment: what the events give without those that surely happened after it. These are read from the log.
        """
        fold, table = self.table(name)
        if at is None:
            with answering(self.services.models(), self.ledger, fold.name, upto, self.progress) as model:
                return [without_knowledge(row) for row in model.rows(name, upto, where)]
        amending = amendments(self.ledger, upto)
        events = amending.apply(self.ledger.recorded(upto=upto, topics=tuple(fold.fields)))
        found = rows_now(fold, (event for event in events if event.occurred.maybe_by(at)))[table.name]
        return [row for row in found if _is_where(row, where)]

    def without_later(
        self,
        name: str,
        where: Where,
        tells_of_later: Callable[[ModelRow, datetime], bool],
        *,
        at: datetime | None,
        upto: int,
    ) -> list[ModelRow]:
        """Return the rows known at a position; as of a moment, those that tell of later as they were told by then."""
        fold, table = self.table(name)
        with answering(self.services.models(), self.ledger, fold.name, upto) as model:
            rows = list(model.rows(name, upto, where))
        if at is None:
            return rows
        later = {row[table.key] for row in rows if tells_of_later(row, at)}
        told = self.told_by(name, sorted(later), where, at=at, upto=upto) if later else []
        return [*(row for row in rows if row[table.key] not in later), *told]

    def told_by(self, name: str, keys: list[str], where: Where, *, at: datetime, upto: int) -> list[ModelRow]:
        """Return the rows of some keys as of a moment: from their own events, without reading the whole log.

        Events that a correction moved to one of the keys are theirs.
        """
        fold, table = self.table(name)
        amending = amendments(self.ledger, upto)
        moved = {self.ledger.stream_of(*one) for key in keys for one in amending.replacing(fold.kind, key)}
        refs = [*(f"{fold.kind}/{key}" for key in keys), *sorted(filter(None, moved))]
        events = amending.apply(self.ledger.about(refs, upto=upto))
        found = rows_now(fold, (event for event in events if event.occurred.maybe_by(at)))[name]
        return [row for row in found if row[table.key] in keys and _is_where(row, where)]

    def page(
        self, name: str, where: Where, *, at: datetime | None, upto: int, begin: str, limit: int
    ) -> list[ModelRow]:
        """Return the first rows of a table whose key is not before `begin`, by key and then by all they say."""
        fold, table = self.table(name)
        if at is None:
            with answering(self.services.models(), self.ledger, fold.name, upto, self.progress) as model:
                return [without_knowledge(row) for row in model.page(name, upto, where, begin, limit)]
        found = [row for row in self.rows(name, where, at=at, upto=upto) if row[table.key] >= begin]
        return nsmallest(limit, found, key=lambda row: (row[table.key], json_text(row)))

    def answering(self, model: str | None, upto: int) -> Iterator[Model]:
        """Yield the read models, or one of them, each standing at the position or further on."""
        for fold in self.folds(model):
            with answering(self.services.models(), self.ledger, fold.name, upto, self.progress) as found:
                yield found


def _is_where(row: ModelRow, where: Where) -> bool:
    return all(row[column] in allowed for column, allowed in where.items())


def without_knowledge(row: ModelRow) -> ModelRow:
    """Return a row as the events give it, without when that was known."""
    return {name: value for name, value in row.items() if name not in KNOWN_COLUMNS}
