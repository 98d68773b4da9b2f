"""One read model in one SQLite file. It can be thrown away at any time: the log has all it was made from."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from adapters.read_models.rows import (
    ModelRow,
    columns_of,
    holding_at,
    known_at,
    quoted,
    reach,
    read_row,
    selected,
    stored_row,
)
from adapters.store.opening import explained
from projections.folding.folder import Changes, Published
from projections.folding.seen import json_text
from projections.folding.table import Fold, Kind, Table, Values

TYPES = {
    Kind.TEXT: "TEXT",
    Kind.INTEGER: "INTEGER",
    Kind.BOOLEAN: "INTEGER",
    Kind.MOMENT: "INTEGER",
    Kind.JSON: "TEXT",
}
MEMORY = Path(":memory:")
AT_ONCE = 500  # keys a statement
BUSY_SECONDS = 30

BOOKKEEPING = """
CREATE TABLE model (name TEXT, version TEXT, position INTEGER NOT NULL, tip TEXT NOT NULL, is_ready INTEGER NOT NULL);
CREATE TABLE moved (key TEXT, position INTEGER, PRIMARY KEY (key, position)) WITHOUT ROWID;
CREATE TABLE awaited (source TEXT, event_id TEXT, PRIMARY KEY (source, event_id)) WITHOUT ROWID;
CREATE TABLE parked (position INTEGER PRIMARY KEY, what TEXT NOT NULL);
"""


class Standing(NamedTuple):
    """Where a model stands. `tip` is the leaf hash of the event at `position`: the log it was folded from."""

    version: str
    position: int
    tip: str
    is_ready: bool


class SqliteModel:
    """The rows of one fold, the position they stand at, and what the engine has to remember."""

    def __init__(self, path: Path, fold: Fold) -> None:
        self.path, self.fold = path, fold
        self._tables = {table.name: table for table in fold.tables}
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
        self._connection.execute("PRAGMA synchronous = NORMAL")  # consistent after any crash; the log has the rest
        self._connection.execute("PRAGMA cache_size = -65536")

    @classmethod
    def create(cls, path: Path, fold: Fold) -> SqliteModel:
        """Make the empty tables; their indexes come when the rows are there."""
        model = cls(path, fold)
        run = model._connection.execute
        run("PRAGMA journal_mode = WAL")
        with model._transaction():
            for statement in filter(None, map(str.strip, BOOKKEEPING.split(";"))):
                run(statement)
            for table in fold.tables:
                run(f"CREATE TABLE {quoted(table.name)} ({', '.join(_definitions(table))})")
            run("INSERT INTO model VALUES (?, ?, 0, '', 0)", (fold.name, fold.version))
        return model

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def standing(self) -> Standing:
        """Return by what version it was built, how far it is, and whether it was ever whole."""
        version, position, tip, is_ready = self._connection.execute(
            "SELECT version, position, tip, is_ready FROM model"
        ).fetchone()
        return Standing(version, position, tip, bool(is_ready))

    @property
    def position(self) -> int:
        """Return the position up to which the log is folded."""
        return self.standing().position

    def write(self, changes: Changes, position: int, tip: str, *, after: int) -> bool:
        """Store what a page of the log changes, and the new position, in one transaction.

        Stores nothing, and returns False, if another process has stored the page: the position is no longer `after`.
        """
        with self._transaction():
            if self.position != after:
                return False
            many = self._connection.executemany
            for name, rows in changes.inserted.items():
                table = self._tables[name]
                marks = ", ".join("?" * len(columns_of(table)))
                insert = f"INSERT INTO {quoted(name)} VALUES ({marks})"  # noqa: S608 - our own names
                many(insert, (stored_row(table, *row) for row in rows))
            for name, closed in changes.closed.items():
                many(*_closing(self._tables[name], closed))
            many("INSERT OR IGNORE INTO moved VALUES (?, ?)", changes.moved)
            many("INSERT OR IGNORE INTO awaited VALUES (?, ?)", changes.awaited)
            many("INSERT OR REPLACE INTO parked VALUES (?, ?)", changes.parked)
            self._connection.execute("UPDATE model SET position = ?, tip = ?", (position, tip))
        return True

    def finish(self) -> None:
        """Make the indexes, and say that the model is whole."""
        with self._transaction():
            for table in self.fold.tables:
                for statement in _indexes(table):
                    self._connection.execute(statement)
            self._connection.execute("UPDATE model SET is_ready = 1")

    def next_ids(self) -> dict[str, int]:
        """Return the next free row id of each table."""
        run = self._connection.execute
        return {
            name: run(f"SELECT coalesce(max(row_id), 0) + 1 FROM {quoted(name)}").fetchone()[0]  # noqa: S608
            for name in self._tables
        }

    def awaited(self) -> list[Published]:
        """Return the events that were corrected before they came."""
        return self._connection.execute("SELECT source, event_id FROM awaited").fetchall()

    def parked(self) -> list[tuple[int, str]]:
        """Return the events that could not be folded: position, and why."""
        return self._connection.execute("SELECT position, what FROM parked ORDER BY position").fetchall()

    def open_rows(self, keys: Sequence[str]) -> Iterator[tuple[str, int, int, Values]]:
        """Yield table, row id, `known_from` and values of the rows of these keys that nothing has closed."""
        for name, table in self._tables.items():
            columns = ", ".join(quoted(column) for column in table.columns)
            for some, marks in _portions(keys):
                statement = (
                    f"SELECT row_id, known_from, {columns} FROM {quoted(name)} "  # noqa: S608 - our own names
                    f"WHERE {quoted(table.key)} IN ({marks}) AND known_to IS NULL ORDER BY row_id"
                )
                for row_id, known_from, *values in self._connection.execute(statement, some):
                    yield name, row_id, known_from, tuple(values)

    def moved_in(self, keys: Sequence[str]) -> list[tuple[str, int]]:
        """Return key and position of the events that a correction moved to these keys."""
        run = self._connection.execute
        return [
            row
            for some, marks in _portions(keys)
            for row in run(f"SELECT key, position FROM moved WHERE key IN ({marks})", some)  # noqa: S608
        ]

    def rows(self, table: str, known: int, where: Mapping[str, Iterable[Any]] | None = None) -> Iterator[ModelRow]:
        """Yield the rows of a table as known at a position, oldest first; `where` gives allowed values."""
        described = self._tables[table]
        condition, parameters = _among(where or {})
        statement = (
            f"SELECT {selected(described)} FROM {quoted(table)} AS t "  # noqa: S608 - our own names
            f"WHERE {known_at(known)}{condition} ORDER BY t.row_id"
        )
        return (read_row(described, row) for row in self._connection.execute(statement, parameters))

    def holding(self, table: str, facility: str, moment: int, known: int) -> list[ModelRow]:
        """Return the rows of an interval table that hold at a facility at a moment, as known at a position."""
        described = self._tables[table]
        statement = holding_at(described, quoted(table), moment, known, is_newest=known >= self.position)
        return [read_row(described, row) for row in self._connection.execute(statement, {"facility": facility})]

    def history(self, table: str, where: Mapping[str, Iterable[Any]] | None = None) -> Iterator[ModelRow]:
        """Yield every row of a table, also those known no more."""
        described = self._tables[table]
        condition, parameters = _among(where or {})
        statement = (
            f"SELECT {selected(described)} FROM {quoted(table)} AS t WHERE 1 = 1{condition} "  # noqa: S608
            "ORDER BY t.known_from, t.row_id"
        )
        return (read_row(described, row) for row in self._connection.execute(statement, parameters))

    def digest(self) -> str:
        """Return SHA-256 over all rows, on both clocks; the same for the same log, however it was folded."""
        found = hashlib.sha256()
        for name, table in self._tables.items():
            columns = ", ".join(quoted(column) for column in (*table.columns, "known_from", "known_to"))
            found.update(name.encode())
            select = f"SELECT {columns} FROM {quoted(name)} ORDER BY {columns}"  # noqa: S608 - our own names
            for row in self._connection.execute(select):
                found.update(orjson.dumps(row))
        return found.hexdigest()

    def counted(self) -> dict[str, int]:
        """Return how many rows each table has."""
        run = self._connection.execute
        return {name: run(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0] for name in self._tables}  # noqa: S608


def _definitions(table: Table) -> Iterator[str]:
    yield "row_id INTEGER PRIMARY KEY"
    for name, kind in table.columns.items():
        yield f"{quoted(name)} {TYPES[kind]}"
    yield "known_from INTEGER NOT NULL"
    yield "known_to INTEGER"
    if table.is_interval:
        yield "reach INTEGER NOT NULL"
        yield "known_reach INTEGER"


def _indexes(table: Table) -> Iterator[str]:
    name = quoted(table.name)
    yield f'CREATE INDEX "{table.name}_key" ON {name} ({quoted(table.key)}, known_to)'
    if table.is_interval:
        yield f'CREATE INDEX "{table.name}_now" ON {name} (facility, reach, valid_from) WHERE known_to IS NULL'
        past = f"{name} (facility, known_reach, known_from) WHERE known_to IS NOT NULL"
        yield f'CREATE INDEX "{table.name}_past" ON {past}'


def _closing(table: Table, closed: Iterable[tuple[int, int, int]]) -> tuple[str, list[tuple[int, ...]]]:
    """Return the statement that closes rows, and its parameters."""
    name = quoted(table.name)
    if not table.is_interval:
        statement = f"UPDATE {name} SET known_to = ? WHERE row_id = ?"  # noqa: S608 - our own names
        return statement, [(known_to, row_id) for row_id, _, known_to in closed]
    statement = f"UPDATE {name} SET known_to = ?, known_reach = ? WHERE row_id = ?"  # noqa: S608 - same
    return statement, [(known_to, reach(known_from, known_to), row_id) for row_id, known_from, known_to in closed]


def _among(where: Mapping[str, Iterable[Any]]) -> tuple[str, list[str]]:
    """Return SQL, and its parameters, that a row has one of the values given for each of these columns."""
    conditions = (f" AND t.{quoted(name)} IN (SELECT value FROM json_each(?))" for name in where)  # noqa: S608
    return "".join(conditions), [json_text(list(values)) for values in where.values()]


def _portions(keys: Sequence[str]) -> Iterator[tuple[Sequence[str], str]]:
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        yield some, ", ".join("?" * len(some))
