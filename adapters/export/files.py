"""Writing a table into files of bounded size, hashed as they are written.

events/part-00001.parquet    positions 1 to 500,000: once full, the same bytes in every later export
events/part-00002.parquet
custody/part-00001.parquet
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
from pyarrow import csv, parquet

from adapters.export.sources import Source

ROWS_A_FILE = 500_000
CSV_OPTIONS = csv.WriteOptions(eol="\r\n")  # RFC 4180; text is quoted, what is absent is not
BYTES = ("signature", "leaf_hash", "event")  # each has hardly a value twice: no dictionary

Write = Callable[[pa.RecordBatch], None]


class Format(StrEnum):
    """What files to write."""

    PARQUET = "parquet"
    CSV = "csv"


class Written(NamedTuple):
    """One file: its path within the export, its rows, its size in bytes and SHA-256 of it."""

    path: str
    table: str
    rows: int
    bytes: int
    sha256: str


class HashedFile(io.RawIOBase):
    """A new file that knows its size and SHA-256; closed, it is on the disk."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb", buffering=1 << 20)
        self._sha256 = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        """Say that it is written."""
        return True

    def tell(self) -> int:
        """Return how many bytes it has."""
        return self.size

    def write(self, data: Any) -> int:
        """Append bytes."""
        count = self._file.write(data)
        self._sha256.update(data)
        self.size += count
        return count

    def close(self) -> None:
        """Close it, and see to it that what was written outlives a power cut."""
        if not self.closed:
            super().close()
            with self._file as file:
                file.flush()
                os.fsync(file.fileno())

    @property
    def sha256(self) -> str:
        """Return SHA-256, in hex, of what was written."""
        return self._sha256.hexdigest()


def write_source(folder: Path, source: Source, form: Format, progress: Callable[[int], None]) -> Iterator[Written]:
    """Write a table into a folder of its own, one file after the other; a table without rows has one file too."""
    (folder / source.name).mkdir()
    done = number = 0
    batch = next(source.batches, None)
    while batch is not None or number == 0:
        number += 1
        path = f"{source.name}/part-{number:05d}.{form}"
        rows = 0
        with HashedFile(folder / path) as file, WRITERS[form](file, source.schema) as write:
            while batch is not None and rows + batch.num_rows <= ROWS_A_FILE:
                write(batch)
                rows += batch.num_rows
                progress(done + rows)
                batch = next(source.batches, None)
        done += rows
        yield Written(path, source.name, rows, file.size, file.sha256)


def bytes_of(source: Source, form: Format) -> bytes:
    """Return a table of few rows as the bytes of one file."""
    file = io.BytesIO()
    with WRITERS[form](file, source.schema) as write:
        for batch in source.batches:
            write(batch)
    return file.getvalue()


@contextmanager
def _parquet(file: io.IOBase, schema: pa.Schema) -> Iterator[Write]:
    repeating = [name for name in schema.names if name not in BYTES]
    with parquet.ParquetWriter(file, schema, compression="zstd", use_dictionary=repeating) as writer:
        yield writer.write_batch


@contextmanager
def _csv(file: io.IOBase, schema: pa.Schema) -> Iterator[Write]:
    flat = pa.schema([_flat_field(field) for field in schema])
    with csv.CSVWriter(file, flat, write_options=CSV_OPTIONS) as writer:
        yield lambda batch: writer.write_batch(pa.record_batch([_flat(*one) for one in _named(batch)], schema=flat))


WRITERS: Mapping[Format, Callable[[io.IOBase, pa.Schema], AbstractContextManager[Write]]] = {
    Format.PARQUET: _parquet,
    Format.CSV: _csv,
}


def _named(batch: pa.RecordBatch) -> Iterator[tuple[pa.Field, pa.Array]]:
    return zip(batch.schema, batch.columns, strict=True)


def _flat_field(field: pa.Field) -> pa.Field:
    return pa.field(field.name, pa.string()) if _is_nested(field) or _is_bytes(field) else field


def _flat(field: pa.Field, values: pa.Array) -> pa.Array:
    """Return a column as CSV can have it: a list as JSON, an event as its JSON, other bytes in hex."""
    if field.name == "event":
        return values.cast(pa.string())
    if _is_bytes(field):
        return pa.array([value and value.hex() for value in values.to_pylist()], pa.string())
    if _is_nested(field):
        lists = values.to_pylist()
        return pa.array([None if one is None else orjson.dumps(one).decode() for one in lists], pa.string())
    return values


def _is_nested(field: pa.Field) -> bool:
    return bool(pa.types.is_list(field.type))


def _is_bytes(field: pa.Field) -> bool:
    return bool(pa.types.is_binary(field.type) or pa.types.is_fixed_size_binary(field.type))
