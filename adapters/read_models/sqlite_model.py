"""A read model in one SQLite file, or in memory."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from adapters.read_models.model import Model, Run, model_gone
from adapters.read_models.rows import Inserted, columns_of, indexes, quoted, reach, stored_rows
from adapters.store.opening import explained as explained_file
from adapters.store.sqlite import file_uri
from domain.errors import LedgerUnavailable
from projections.folding.seen import json_text
from projections.folding.table import AS_JSON, Fold, Kind, Table

TYPES = {
    Kind.TEXT: "TEXT",
    Kind.INTEGER: "INTEGER",
    Kind.BOOLEAN: "INTEGER",
    Kind.MOMENT: "INTEGER",
    **dict.fromkeys(AS_JSON, "TEXT"),
}
MEMORY = Path(":memory:")
BUSY_SECONDS = 30
CACHE_KIB = 64 * 1024
CACHE_KIB_ADDING = 4 * 1024  # rows that are only added need no more, and several models are built at once

BOOKKEEPING = """
CREATE TABLE model (version TEXT NOT NULL, position INTEGER NOT NULL, tip TEXT NOT NULL, is_ready INTEGER NOT NULL);
CREATE TABLE moved (key TEXT, position INTEGER, PRIMARY KEY (key, position)) WITHOUT ROWID;
CREATE TABLE awaited (source TEXT, event_id TEXT, PRIMARY KEY (source, event_id)) WITHOUT ROWID;
CREATE TABLE parked (position INTEGER PRIMARY KEY, what TEXT NOT NULL);
"""


DAMAGED = ("not_a_ledger", "ledger_damaged", "ledger_unusable")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn every error of the file within a block into LedgerUnavailable; what is wrong with it, a rebuild mends."""
    try:
        with explained_file(path, opened="the read model"):
            yield
    except LedgerUnavailable as error:
        if error.code not in DAMAGED:
            raise
        mend = "`custody projections rebuild` builds it anew from the log"
        raise LedgerUnavailable("model_damaged", error.what, where=str(path), mend=mend) from error


class SqliteModel(Model):
    """The rows of one fold in a file. While it is built, nothing of it would survive a crash, and need not.

    Raise LedgerUnavailable(model_gone) where there is no such file.
    """

    def __init__(self, path: Path, fold: Fold, *, mode: str = "rw") -> None:
        super().__init__(fold)
        self._path = path
        if mode == "rw" and not path.exists():
            raise model_gone(str(path))
        with explained(path):
            place = str(MEMORY) if path == MEMORY else file_uri(path, query=f"mode={mode}")
            self._connection = sqlite3.connect(
                place, uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
            )
            try:
                self._connection.execute(
                    "PRAGMA synchronous = NORMAL"
                )  # consistent after a crash; the log has the rest
                self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            except sqlite3.Error:
                self._connection.close()
                raise

    @classmethod
    def create(cls, path: Path, fold: Fold) -> SqliteModel:
        """Make the empty tables; their indexes come when the rows are there."""
        model = cls(path, fold, mode="rwc")
        model._connection.execute("PRAGMA journal_mode = OFF")
        model._connection.execute("PRAGMA synchronous = OFF")
        model._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB_ADDING}")
        with model._writing() as run:
            for statement in filter(None, map(str.strip, BOOKKEEPING.split(";"))):
                run(statement)
            for table in fold.tables:
                run(f"CREATE TABLE {quoted(table.name)} ({', '.join(_definitions(table))})")
            run("INSERT INTO model VALUES (?, 0, '', 0)", [fold.version])
        return model

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def is_there(self) -> bool:
        """Say whether the file is there still."""
        return self._path == MEMORY or self._path.exists()

    def finish(self) -> None:
        """Make the indexes, and say that the model is whole once all of it is on the disk."""
        self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        with self._writing() as run:
            for table in self.fold.tables:
                for what, columns in indexes(table):
                    run(f'CREATE INDEX "{table.name}_{what}" ON {quoted(table.name)} {columns}')
        with explained(self._path):
            if self._path != MEMORY:
                with self._path.open("rb") as file:
                    os.fsync(file.fileno())
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("UPDATE model SET is_ready = 1")

    @contextmanager
    def _reading(self) -> Iterator[Run]:
        with explained(self._path):
            yield self._connection.execute

    @contextmanager
    def _writing(self) -> Iterator[Run]:
        with explained(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection.execute
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk may have ended it, and without a journal nothing can
                    self._connection.execute("ROLLBACK")
                raise

    def _insert(self, run: Run, table: Table, rows: Iterable[Inserted]) -> None:  # noqa: ARG002
        marks = ", ".join("?" * len(columns_of(table)))
        insert = f"INSERT INTO {quoted(table.name)} VALUES ({marks})"  # noqa: S608 - our own names
        self._connection.executemany(insert, stored_rows(table, rows))

    def _close(self, run: Run, table: Table, closed: Sequence[tuple[int, int, int]]) -> None:  # noqa: ARG002
        name, many = quoted(table.name), self._connection.executemany
        if table.is_interval:
            lasting = [(known_to, reach(known_from, known_to), row_id) for row_id, known_from, known_to in closed]
            many(f"UPDATE {name} SET known_to = ?, known_reach = ? WHERE row_id = ?", lasting)  # noqa: S608 - same
        else:
            ended = [(known_to, row_id) for row_id, _, known_to in closed]
            many(f"UPDATE {name} SET known_to = ? WHERE row_id = ?", ended)  # noqa: S608 - same

    def _note(self, run: Run, table: str, rows: Sequence[tuple[Any, ...]]) -> None:  # noqa: ARG002
        self._connection.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", rows)  # noqa: S608 - our own names

    def _named(self, table: str) -> str:
        return quoted(table)

    def _is_among(self, column: str) -> str:
        return f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - our own names

    def _list(self, values: Iterable[Any]) -> str:
        return json_text(list(values))


def _definitions(table: Table) -> Iterator[str]:
    yield "row_id INTEGER PRIMARY KEY"
    for name, kind in table.columns.items():
        yield f"{quoted(name)} {TYPES[kind]}"
    yield "known_from INTEGER NOT NULL"
    yield "known_to INTEGER"
    if table.is_interval:
        yield "reach INTEGER NOT NULL"
        yield "known_reach INTEGER"
