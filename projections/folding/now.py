"""The rows that a few events give now, without what was known before: for one facility or one case, read when asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from projections.folding.seen import Reader, Seen
from projections.folding.table import Fold, Row
from projections.recorded import Recorded


def rows_now(fold: Fold, events: Iterable[Recorded]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each table, by column name, that these events give; they come amended, in order."""
    tables = {table.name: table for table in fold.tables}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in tables}
    for name, values in stored_now(fold, events):
        found[name].append(tables[name].read(values))
    return found


def stored_now(fold: Fold, events: Iterable[Recorded]) -> Iterator[Row]:
    """Yield the same rows as a read model stores them, by key."""
    reader = Reader(fold.fields)
    by_key: dict[str, list[Seen]] = {}
    for event in events:
        if event.type in fold.fields:
            seen = reader.of(event)
            for key in fold.keys(seen):
                by_key.setdefault(key, []).append(seen)
    for key, its in sorted(by_key.items()):
        yield from fold.rows(key, its)
