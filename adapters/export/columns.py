"""How the columns of a read model are typed for analysis.

    kind        Parquet                                            CSV
    text        string                                             "mn-cass-jail"
    integer     int64                                              14
    boolean     bool                                               true
    moment      timestamp(us, UTC)                                 2026-01-16 23:00:00.000000Z
    instant     timestamp NAME_earliest, timestamp NAME_latest,    three cells
                string NAME_precision
    positions   list<int64>                                        "[5,7,9]"
    json        string, JSON text                                  "[{""agency"":""us-ice"",...}]"

What is absent is null, and in CSV an empty cell without quotes. A bound of an instant that is not known is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from domain.instants import Precision, microseconds_of
from projections.folding.seen import span_of
from projections.folding.table import Kind

MOMENT = pa.timestamp("us", tz="UTC")
POSITIONS = pa.list_(pa.int64())
INSTANT = (("earliest", MOMENT), ("latest", MOMENT), ("precision", pa.string()))
TYPES = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.MOMENT: MOMENT,
    Kind.POSITIONS: POSITIONS,
    Kind.JSON: pa.string(),
}
READ: Mapping[Kind, Callable[[Any], Any]] = {Kind.BOOLEAN: bool, Kind.POSITIONS: orjson.loads}


def schema_of(columns: Mapping[str, Kind]) -> pa.Schema:
    """Return the typed columns for columns of a read model, in their order."""
    return pa.schema([field for name, kind in columns.items() for field in _fields(name, kind)])


def batch_of(columns: Mapping[str, Kind], schema: pa.Schema, rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
    """Return rows, with values as a read model stores them, as one batch."""
    values = zip(*rows, strict=True)
    arrays = [array for kind, its in zip(columns.values(), values, strict=True) for array in _arrays(kind, its)]
    return pa.record_batch(arrays, schema=schema)


def _fields(name: str, kind: Kind) -> list[pa.Field]:
    if kind is Kind.INSTANT:
        return [pa.field(f"{name}_{part}", its_type) for part, its_type in INSTANT]
    return [pa.field(name, TYPES[kind])]


def _arrays(kind: Kind, values: Sequence[Any]) -> Iterator[pa.Array]:
    if kind is Kind.INSTANT:
        parts = zip(*map(_instant, values), strict=True)
        yield from (pa.array(its, its_type) for its, (_, its_type) in zip(parts, INSTANT, strict=True))
        return
    read = READ.get(kind)
    found = values if read is None else [None if value is None else read(value) for value in values]
    yield pa.array(found, TYPES[kind])


def _instant(text: str | None) -> tuple[int | None, int | None, str | None]:
    """Return the bounds, in microseconds since 1970 UTC, and the precision of an instant in wire form."""
    if text is None:
        return None, None, None
    if text.startswith('"'):
        moment = microseconds_of(text[1:-1])
        return moment, moment, Precision.EXACT.value
    told = orjson.loads(text)
    return *span_of(told), told["precision"]
