"""The events as a table: what is often asked for as typed columns, and beside them the bytes as they were received.

`leaf_hash` is SHA-256 of a zero byte and `event`: anybody can hash the column `event` again, grow the tree of RFC 9162
over it, and compare its root with the one in the manifest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

import msgspec
import pyarrow as pa

from adapters.export.columns import MOMENT
from adapters.export.sources import Source, in_batches
from adapters.store.ledger import Ledger
from adapters.store.log import Row
from domain.errors import IntegrityProblem
from domain.instants import Precision

EVENTS = "events"
SCHEMA = pa.schema(
    {
        "position": pa.int64(),
        "recorded_at": MOMENT,  # the ledger's own clock
        "type": pa.string(),
        "stream": pa.string(),
        "source": pa.string(),
        "agency": pa.string(),
        "event_id": pa.string(),
        "correctionof": pa.string(),
        "facility": pa.string(),
        "subject": pa.string(),
        "episode": pa.string(),
        "occurred_earliest": MOMENT,
        "occurred_latest": MOMENT,
        "occurred_precision": pa.string(),
        "source_recorded_latest": MOMENT,  # what the source says of its own recording
        "key_id": pa.string(),
        "signature": pa.binary(),
        "leaf_hash": pa.binary(32),
        "event": pa.binary(),
    }
)
STORED = {  # columns that the log has: the log's name
    "position": "position",
    "recorded_at": "recorded_at",
    "type": "topic",
    "stream": "originator_id",
    "source": "source",
    "event_id": "event_id",
    "facility": "facility",
    "occurred_earliest": "occurred_earliest",
    "occurred_latest": "occurred_latest",
    "source_recorded_latest": "source_recorded_latest",
    "key_id": "key_id",
    "signature": "signature",
    "leaf_hash": "leaf_hash",
    "event": "state",
}


class _Data(msgspec.Struct, gc=False):
    subject: str | None = None
    episode: str | None = None


class _Body(msgspec.Struct, gc=False):
    data: _Data
    correctionof: str | None = None
    timeprecision: str = Precision.EXACT.value


_read = msgspec.json.Decoder(_Body).decode


def events_source(ledger: Ledger, upto: int) -> Source:
    """Return the events with positions up to this one, in order."""
    about = "every event in the order of the log, its canonical bytes as received beside its typed columns"
    batches = (_batch(rows) for rows in in_batches(_rows(ledger, upto)))
    return Source(EVENTS, about, SCHEMA, batches, upto)


def _rows(ledger: Ledger, upto: int) -> Iterator[Row]:
    with ledger.snapshot() as snapshot:
        yield from takewhile(lambda row: row["position"] <= upto, snapshot.events())


def _batch(rows: Sequence[Row]) -> pa.RecordBatch:
    columns = {name: [row[stored] for row in rows] for name, stored in STORED.items()}
    bodies = [_body(row) for row in rows]
    columns["agency"] = [source.partition(":")[2] for source in columns["source"]]
    columns["correctionof"] = [body.correctionof for body in bodies]
    columns["subject"] = [body.data.subject for body in bodies]
    columns["episode"] = [
        stream[8:] if stream.startswith("episode/") else body.data.episode
        for stream, body in zip(columns["stream"], bodies, strict=True)
    ]
    columns["occurred_precision"] = [body.timeprecision for body in bodies]
    return pa.record_batch([pa.array(columns[field.name], field.type) for field in SCHEMA], schema=SCHEMA)


def _body(row: Row) -> _Body:
    try:
        return _read(row["state"])
    except msgspec.DecodeError as error:
        what, where = f"the stored event is not what its type says: {error}", f"position {row['position']}"
        raise IntegrityProblem("bad_event", what, where=where, mend="run `custody verify`") from None
