"""What an export is made of: the events, every table of every read model, and the tables these refer to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import pyarrow as pa

from adapters.export.columns import batch_of, schema_of
from adapters.read_models.model import Model
from projections.folding.seen import json_text
from projections.folding.table import AS_JSON, KNOWN_COLUMNS, Kind, Table

ROWS_AT_ONCE = 50_000  # a row group: some 40 MB of events


@dataclass(frozen=True, slots=True)
class Source:
    """One table to write: its typed columns, its rows in batches, and about how many there will be."""

    name: str
    about: str
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    total: int


class Reference(NamedTuple):
    """A table that is on no two clocks: rows by column name, as known at the position of the export."""

    table: Table
    rows: Callable[[], Iterable[Mapping[str, Any]]]


def model_source(model: Model, table: Table, upto: int, *, is_history: bool) -> Source:
    """Return a table of a read model: every row ever known by a position, or only those known at it."""
    columns = {**table.columns, **dict.fromkeys(KNOWN_COLUMNS, Kind.INTEGER)}
    rows = (row for row in model.everything(table.name, upto) if is_history or row[-1] is None)
    return _source(table, columns, rows, model.counted()[table.name])


def reference_source(reference: Reference) -> Source:
    """Return a table that the others refer to."""
    columns = reference.table.columns
    rows = [[_stored(kind, row[name]) for name, kind in columns.items()] for row in reference.rows()]
    return _source(reference.table, columns, iter(rows), len(rows))


def _source(table: Table, columns: Mapping[str, Kind], rows: Iterator[Sequence[Any]], total: int) -> Source:
    schema = schema_of(columns)
    batches = (batch_of(columns, schema, some) for some in in_batches(rows))
    return Source(table.name, table.about, schema, batches, total)


def _stored(kind: Kind, value: Any) -> Any:
    return json_text(value) if kind in AS_JSON and value is not None else value


def in_batches(rows: Iterator[Any]) -> Iterator[list[Any]]:
    """Yield the rows some at a time."""
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield some
