"""The whole history of a facility, an episode, a detainer or a handoff: every row, on both clocks.

    {"what":{"model":"custody","table":"custody","ref":"episode/mn-cass-jail.1"},
     "valid_from":"2026-01-16T08:00:00-06:00","valid_to":null,"known_from":1,"known_to":7,
     "row":{"episode":"mn-cass-jail.1","subject":"s-1","facility":"mn-cass-jail",...}}

Half open: from the first, until before the second. `valid_from` and `valid_to` say when it was so, and are null where
that is open and in tables whose rows do not hold for a while; `known_from` and `known_to` are positions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.questions.asked import Asked, Where
from adapters.questions.changes import What
from adapters.questions.shown import moment_shown, row_shown
from adapters.read_models.model import Model
from adapters.read_models.rows import ModelRow
from domain.errors import InputRefused
from domain.instants import microseconds
from projections.folding.table import Table, holds_at


@dataclass(frozen=True, slots=True)
class Version:
    """A row, when it was so, and while what was known."""

    what: What
    valid_from: str | None
    valid_to: str | None
    known_from: int
    known_to: int | None
    row: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {**{name: getattr(self, name) for name in self.__slots__}, "what": self.what.as_json()}


def history(asked: Asked, ref: str, *, at: datetime | None, upto: int, model: str | None) -> list[Version]:
    """Return every row by model, table, and when it became known, as far as is known at a position.

    `ref` is a facility, `episode/...`, `detainer/...`, `handoff/...`, or a bare id of one of these. With `at` only rows
    that hold at the moment. Raise InputRefused: unknown_reference, unknown_read_model.
    """
    column, value = _column(asked, ref, upto)
    moment = microseconds(at) if at else None
    found = []
    for kept in asked.answering(model, upto):
        for table in kept.fold.tables:
            if column in table.columns and (moment is None or table.is_interval):
                rows = _rows(kept, table, {column: [value]}, upto)
                found += [_version(kept, table, row) for row in rows if moment is None or holds_at(row, moment)]
    return found


def _column(asked: Asked, ref: str, upto: int) -> tuple[str, str]:
    """Return which column has to have which value."""
    if ref in asked.services.register.by_id:
        return "facility", ref
    kinds = sorted({fold.kind for fold in asked.folds()})
    kind, _, bare = ref.partition("/")
    candidates = [(kind, bare)] if kind in kinds else [(kind, ref) for kind in kinds]
    for kind, value in candidates:
        if asked.ledger.about([f"{kind}/{value}"], upto=upto):
            return kind, value
    raise InputRefused(
        "unknown_reference",
        f"{ref[:120]!r} is no facility, and no event by then mentions it",
        mend=f"give a facility (`custody facilities`), or one of {', '.join(f'{kind}/ID' for kind in kinds)}",
    )


def _rows(model: Model, table: Table, where: Where, upto: int) -> Iterator[ModelRow]:
    """Yield the rows as they stood at a position: the model may know more by now."""
    for row in model.history(table.name, where):
        if row["known_from"] <= upto:
            known_to = row["known_to"]
            yield {**row, "known_to": None if known_to is None or known_to > upto else known_to}


def _version(model: Model, table: Table, row: ModelRow) -> Version:
    return Version(
        what=What(model.fold.name, table.name, f"{model.fold.kind}/{row[table.key]}"),
        valid_from=moment_shown(row.get("valid_from")),
        valid_to=moment_shown(row.get("valid_to")),
        known_from=row["known_from"],
        known_to=row["known_to"],
        row={name: value for name, value in row_shown(table, row).items() if name not in ("valid_from", "valid_to")},
    )
