"""What `bench_append` compares: each opens an empty store of its own, and yields what appends one transaction to it.

    ours         Ledger.append: typed columns, references, leaf hashes, tree head, repeats looked for
    raw          the bytes, a stream and a unique id into a bare table: by executemany, or COPY
    ready_rows   the rows that ours wrote into PostgreSQL, as its own bytes, into tables that are the same: what the
                 server alone takes, with nothing computed, looked for or put into its format
    stock        the `eventsourcing` library's application recorder, with the bytes as its state
    stock_store  its Application.save: event objects through its own mapper and transcoder, then that recorder

All are durable when `append` returns: synchronous=FULL, or fsync and synchronous_commit on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import MetaDomainEvent
from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from psycopg.conninfo import conninfo_to_dict

from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import Place, PostgresAddress
from adapters.store.postgres_log import ONE_BY_ONE
from benchmarks.compare import bare_table
from domain.envelope import Submission

Append = Callable[[Sequence[Submission]], object]
Peer = Callable[[], AbstractContextManager[Append]]

STOCK_BATCH = 100  # into PostgreSQL: the library's pipelined insert waits for ever when one is much larger
BARE = "CREATE TABLE bare.events (position bigint PRIMARY KEY, stream text, id text UNIQUE, body bytea)"
COPY = "COPY bare.events FROM STDIN (FORMAT BINARY)"
READY = {"custody.stored_events": "position", "custody.event_refs": "positions[1]", "custody.tree_heads": "size"}


class Stock(Application[str]):
    """The library as it comes. Its name is that of its table."""


class StockStore(Application[str]):
    """The same, in a table of its own."""


@dataclass(frozen=True)
class Told(metaclass=MetaDomainEvent):
    """An event as a user of the library would write it: its document, field by field."""

    originator_id: str
    originator_version: int
    document: dict[str, Any]


@contextmanager
def ours(place: Place) -> Iterator[Append]:
    """Append to a ledger."""
    with closing(Ledger.create(place)) as ledger:
        yield lambda batch: ledger.append(batch, now=system_clock())


@contextmanager
def raw_sqlite(folder: Path) -> Iterator[Append]:
    """Insert into a bare table of a file."""
    with bare_table(folder, "position INTEGER PRIMARY KEY, stream TEXT, id TEXT UNIQUE, body BLOB") as connection:

        def append(batch: Sequence[Submission]) -> None:
            connection.execute("BEGIN IMMEDIATE")
            rows = [(None, s.stream, s.id, s.body) for s in batch]
            connection.executemany("INSERT INTO events VALUES (?,?,?,?)", rows)
            connection.execute("COMMIT")

        yield append


@contextmanager
def raw_postgres(address: PostgresAddress) -> Iterator[Append]:
    """COPY into a bare table of a database."""
    with psycopg.connect(address.conninfo, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bare")
        connection.execute(BARE)
        last = 0

        def append(batch: Sequence[Submission]) -> None:
            nonlocal last
            with connection.cursor() as cursor, cursor.copy(COPY) as copy:
                copy.set_types(["int8", "text", "text", "bytea"])
                for position, s in enumerate(batch, last + 1):
                    copy.write_row((position, s.stream, s.id, s.body))
            last += len(batch)

        yield append


@contextmanager
def ready_rows(address: PostgresAddress) -> Iterator[Append]:
    """COPY what the ledger there wrote, transaction by transaction, into a new one in its place."""
    with psycopg.connect(address.conninfo, autocommit=True) as source:
        sizes = [size for (size,) in source.execute("SELECT size FROM custody.tree_heads ORDER BY size")]
        ready = iter([[copied(source, table, *bounds) for table in READY] for bounds in pairwise([0, *sizes])])
        source.execute("DROP SCHEMA custody CASCADE")
    Ledger.create(address).close()
    with psycopg.connect(address.conninfo, autocommit=True) as connection:

        def append(_: Sequence[Submission]) -> None:
            with connection.transaction(), connection.cursor() as cursor:
                for table, rows in zip(READY, next(ready), strict=True):
                    with cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY) {ONE_BY_ONE}") as copy:
                        for part in rows:
                            copy.write(part)

        yield append


def copied(source: psycopg.Connection[Any], table: str, after: int, upto: int) -> list[bytes]:
    """Return the rows of a table that a transaction wrote, as COPY gives them."""
    rows = f"SELECT * FROM {table} WHERE {READY[table]} > {after} AND {READY[table]} <= {upto}"
    with source.cursor() as cursor, cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT BINARY)") as copy:
        return [bytes(part) for part in copy]


def stock_settings(place: Place) -> dict[str, str]:
    """Return the library's settings for a store of its own at a place."""
    if isinstance(place, Path):
        settings = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(place)}
    else:
        parts = conninfo_to_dict(place.conninfo)
        settings = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts["dbname"]),
            "POSTGRES_HOST": str(parts.get("host", "localhost")),
            "POSTGRES_PORT": str(parts.get("port", 5432)),
            "POSTGRES_USER": str(parts["user"]),
            "POSTGRES_PASSWORD": str(parts.get("password", "")),
        }
    return {**settings, "ORIGINATOR_ID_TYPE": "text"}


@contextmanager
def stock(place: Place) -> Iterator[Append]:
    """Append through the library's recorder; its events need a version, so each is the next of one stream."""
    with closing(Stock(env=stock_settings(place))) as app:
        recorder: ApplicationRecorder = app.recorder
        last = 0

        def append(batch: Sequence[Submission]) -> None:
            nonlocal last
            for part in parts_of(batch, place):
                recorder.insert_events([StoredEvent("all", last + n, s.type, s.body) for n, s in enumerate(part, 1)])
                last += len(part)

        yield append


@contextmanager
def stock_store(place: Place) -> Iterator[Append]:
    """Save event objects, made from the documents, as a user of the library does."""
    with closing(StockStore(env=stock_settings(place))) as app:
        last = 0

        def append(batch: Sequence[Submission]) -> None:
            nonlocal last
            for part in parts_of(batch, place):
                app.save(*[Told("all", last + n, orjson.loads(s.body)) for n, s in enumerate(part, 1)])
                last += len(part)

        yield append


def parts_of(batch: Sequence[Submission], place: Place) -> list[Sequence[Submission]]:
    """Return a transaction whole, or for PostgreSQL in parts that the library gets through."""
    if isinstance(place, Path):
        return [batch]
    return [batch[start : start + STOCK_BATCH] for start in range(0, len(batch), STOCK_BATCH)]
