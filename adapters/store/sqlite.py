"""Connections to a ledger file: write transactions take the lock first, reading never creates or changes it.

`eventsourcing` begins every transaction DEFERRED; a transaction that reads the head and then writes would fail
at once with "database is locked" whenever another writer got in between. Ours begin IMMEDIATE to write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eventsourcing.persistence import InterfaceError
from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTransaction,
)

LOCK_TIMEOUT_SECONDS = 30
CACHE_KIB = 256 * 1024  # who appends comes back to the same pages of the indexes
READING_CACHE_KIB = 16 * 1024  # who reads page after page would only fill memory: a third of the time went into that
CHECKPOINT_PAGES = 16_000  # 64 MiB of write-ahead log before it is merged into the file


class LedgerTransaction(SQLiteTransaction):
    """A transaction that takes the write lock as it begins, if it is going to write."""

    def __enter__(self) -> SQLiteCursor:
        """Begin; a writer waits here, and nowhere else, for other writers."""
        cursor = self.connection.cursor()
        cursor.execute("BEGIN IMMEDIATE" if self.commit else "BEGIN")
        return cursor


class LedgerConnection(SQLiteConnection):
    """A connection whose transactions are `LedgerTransaction`s."""

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Run a block in one transaction."""
        with LedgerTransaction(self, commit=commit) as cursor, cursor:
            yield cursor


class LedgerConnectionPool(SQLiteConnectionPool):
    """Connections with the pragmas that durability and read-only media need."""

    def __init__(self, uri: str, *, cache_kib: int) -> None:
        super().__init__(db_name=uri, lock_timeout=LOCK_TIMEOUT_SECONDS)
        self._cache_kib = cache_kib

    def _create_connection(self) -> SQLiteConnection:
        try:
            connection = sqlite3.connect(
                self.db_name,
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                timeout=LOCK_TIMEOUT_SECONDS,
            )
        except sqlite3.Error as error:
            raise InterfaceError(error) from error
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = FULL")  # a receipt means fsynced
        connection.execute(f"PRAGMA cache_size = -{self._cache_kib}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute("PRAGMA trusted_schema = OFF")
        return LedgerConnection(connection, max_age=self.max_age)


class LedgerDatastore(SQLiteDatastore):
    """The library's datastore over our pool."""

    def __init__(self, uri: str, *, reading: bool) -> None:
        super().__init__(uri, originator_id_type="text")
        self.pool.close()
        self.pool = LedgerConnectionPool(uri, cache_kib=READING_CACHE_KIB if reading else CACHE_KIB)


def remove_database(path: Path) -> None:
    """Remove a file of SQLite's and what lies beside it: a close that fails to merge its log leaves that behind."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)


def file_uri(path: Path, *, query: str) -> str:
    """Return the SQLite URI of a file; every character of the path is kept as it is."""
    return f"{path.resolve().as_uri()}?{query}"
