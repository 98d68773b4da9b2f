"""A read model in PostgreSQL, in the ledger's database: the tables of a generation beside those of others.

custody_models.model               name, generation, version, position, tip, is_ready, is_live
custody_models.custody_3_holds     the table `holds` of generation 3 of the model `custody`
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, LiteralString
from zlib import crc32

from psycopg import Cursor, Error
from psycopg.errors import UndefinedTable
from psycopg.rows import tuple_row

from adapters.read_models.model import Model, Run, model_gone
from adapters.read_models.rows import Inserted, columns_of, indexes, quoted, reach, stored_rows
from adapters.store.place import PostgresAddress
from adapters.store.postgres_connections import LOCK_SECONDS, Connections
from adapters.store.postgres_database import PostgresDatabase
from domain.errors import LedgerUnavailable
from projections.folding.table import AS_JSON, Fold, Kind, Table

SCHEMA = "custody_models"
TYPES = {
    Kind.TEXT: "text",
    Kind.INTEGER: "int8",
    Kind.BOOLEAN: "int2",
    Kind.MOMENT: "int8",
    **dict.fromkeys(AS_JSON, "text"),
}
NOTES = {
    "moved": "key text, position int8, PRIMARY KEY (key, position)",
    "awaited": "source text, event_id text, PRIMARY KEY (source, event_id)",
    "parked": "position int8 PRIMARY KEY, what text NOT NULL",
}


ROWS_AT_ONCE = 5_000


class ModelsDatabase:
    """The database that a ledger and its read models are in, for this program."""

    def __init__(self, address: PostgresAddress) -> None:
        self._ledger = PostgresDatabase(address)
        self._connections = Connections(address, reading=False)

    @contextmanager
    def transaction(self, *, writing: bool) -> Iterator[Cursor[Any]]:
        """Run a block in one transaction; errors become LedgerUnavailable."""
        try:
            with self._ledger.explained(), self._connections.transaction(writing=writing) as cursor:
                yield cursor
        except LedgerUnavailable as error:
            if isinstance(error.__cause__, UndefinedTable):
                raise model_gone(SCHEMA) from error
            raise

    @contextmanager
    def locked(self, kind: int, name: str) -> Iterator[bool]:
        """Hold a lock, outside of any transaction, and say whether it was to be had; a lost connection gives it up."""
        with self._ledger.explained(), closing(self._connections.connect()) as connection:
            run, key = runs(connection.cursor()), [kind, crc32(name.encode()) >> 1]
            run("SET idle_session_timeout = 0")  # this one only holds the lock, for as long as the block takes
            is_mine = bool(next(iter(run("SELECT pg_try_advisory_lock(?::int4, ?::int4)", key)))[0])
            try:
                yield is_mine
            finally:
                if is_mine:
                    with suppress(Error):  # closing gives it up too, but a moment later
                        run("SELECT pg_advisory_unlock(?::int4, ?::int4)", key)

    def close(self) -> None:
        """Close the connections that are idle."""
        self._connections.close()


class PostgresModel(Model):
    """The rows of one fold in a database that others read and write meanwhile."""

    def __init__(self, database: ModelsDatabase, fold: Fold, generation: int) -> None:
        super().__init__(fold)
        self._database, self._generation = database, generation

    def create(self) -> None:
        """Make the empty tables; their indexes come when the rows are there."""
        with self._writing() as run:
            for table in self.fold.tables:
                run(f"CREATE TABLE {self._named(table.name)} ({', '.join(_definitions(table))})")
            for name, columns in NOTES.items():
                run(f"CREATE TABLE {self._named(name)} ({columns})")
            insert = f"INSERT INTO {SCHEMA}.model VALUES (?, ?, ?, 0, '', false, false)"  # noqa: S608 - our own names
            run(insert, [self.fold.name, self._generation, self.fold.version])

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def is_there(self) -> bool:
        """Say whether the generation answers still; who reads it may keep it from being removed at once."""
        with self._reading() as run:
            return bool(list(run(f"SELECT FROM {SCHEMA}.model WHERE {self._mine} AND is_live")))

    def finish(self) -> None:
        """Make the indexes, and say that the model is whole."""
        with self._writing() as run:
            for table in self.fold.tables:
                for _, columns in indexes(table):
                    run(f"CREATE INDEX ON {self._named(table.name)} {columns}")
            run(f"UPDATE {SCHEMA}.model SET is_ready = true WHERE {self._mine}")  # noqa: S608 - our own names
        with self._writing() as run:
            for table in self.fold.tables:
                run(f"ANALYZE {self._named(table.name)}")

    def drop(self, *, lock_seconds: int = LOCK_SECONDS) -> None:
        """Remove the tables of this generation, also those that only another version of the program has.

        Raise LedgerUnavailable(ledger_busy) if somebody reads one of them for longer.
        """
        mine = "SELECT tablename FROM pg_tables WHERE schemaname = ? AND starts_with(tablename, ?)"
        with self._writing() as run:
            run(f"SET LOCAL lock_timeout = '{lock_seconds}s'")
            for (name,) in run(mine, [SCHEMA, f"{self.fold.name}_{self._generation}_"]):
                run(f"DROP TABLE {SCHEMA}.{quoted(name)}")
            run(f"DELETE FROM {SCHEMA}.model WHERE {self._mine}")  # noqa: S608 - our own names

    @contextmanager
    def _reading(self) -> Iterator[Run]:
        with self._database.transaction(writing=False) as cursor:
            yield runs(cursor)

    def _stream(self, statement: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        with self._database.transaction(writing=False) as cursor, cursor.connection.cursor("rows", binary=True) as rows:
            rows.row_factory = tuple_row
            rows.itersize = ROWS_AT_ONCE
            yield from rows.execute(as_psycopg(statement), parameters)

    @contextmanager
    def _writing(self) -> Iterator[Run]:
        with self._database.transaction(writing=True) as cursor:
            self._cursor = cursor
            run = runs(cursor)
            select = f"SELECT is_ready FROM {SCHEMA}.model WHERE {self._mine} FOR UPDATE"  # noqa: S608 - our own names
            if run(select) != [(True,)]:  # what is built waits for the disk once, when it is whole
                run("SET LOCAL synchronous_commit = off")
            yield run

    def _insert(self, run: Run, table: Table, rows: Iterable[Inserted]) -> None:  # noqa: ARG002
        with self._cursor.copy(f"COPY {self._named(table.name)} FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_stored_types(table))
            for row in stored_rows(table, rows):
                copy.write_row(row)

    def _close(self, run: Run, table: Table, closed: Sequence[tuple[int, int, int]]) -> None:
        ids, ends = [row[0] for row in closed], [row[2] for row in closed]
        name = self._named(table.name)
        if table.is_interval:
            lasting = [reach(known_from, known_to) for _, known_from, known_to in closed]
            run(
                f"UPDATE {name} SET known_to = c.ends, known_reach = c.lasting "  # noqa: S608 - our own names
                "FROM unnest(?::int8[], ?::int8[], ?::int2[]) AS c (id, ends, lasting) WHERE row_id = c.id",
                [ids, ends, lasting],
            )
        else:
            run(
                f"UPDATE {name} SET known_to = c.ends "  # noqa: S608 - same
                "FROM unnest(?::int8[], ?::int8[]) AS c (id, ends) WHERE row_id = c.id",
                [ids, ends],
            )

    def _note(self, run: Run, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        for row in rows:
            run(f"INSERT INTO {self._named(table)} VALUES (?, ?) ON CONFLICT DO NOTHING", row)  # noqa: S608 - same

    def _named(self, table: str) -> str:
        return f"{SCHEMA}.model" if table == "model" else f'{SCHEMA}."{self.fold.name}_{self._generation}_{table}"'

    @property
    def _mine(self) -> str:
        return f"name = '{self.fold.name}' AND generation = {self._generation}"

    def _is_among(self, column: str) -> str:
        return f"{column} = ANY(?)"

    def _list(self, values: Iterable[Any]) -> list[Any]:
        return list(values)

    def _ordered(self, column: str) -> str:
        return f"{quoted(column)} NULLS FIRST"


def runs(cursor: Cursor[Any]) -> Run:
    """Return what runs statements with `?` for each parameter, and gives rows as tuples."""
    cursor.row_factory = tuple_row

    def run(statement: str, parameters: Sequence[Any] = ()) -> Iterable[tuple[Any, ...]]:
        cursor.execute(as_psycopg(statement), parameters)
        return cursor.fetchall() if cursor.description else ()

    return run


def as_psycopg(statement: str) -> LiteralString:
    """Write a statement of our own as psycopg wants it: `%s` for a parameter."""
    return statement.replace("?", "%s")  # no part of it comes from outside


def _definitions(table: Table) -> Iterator[str]:
    yield "row_id int8 PRIMARY KEY"
    for name, kind in table.columns.items():
        collated = ' COLLATE "C"' if TYPES[kind] == "text" else ""
        yield f"{quoted(name)} {TYPES[kind]}{collated}"
    yield "known_from int8 NOT NULL"
    yield "known_to int8"
    if table.is_interval:
        yield "reach int2 NOT NULL"
        yield "known_reach int2"


def _stored_types(table: Table) -> list[str]:
    extra = ["int2", "int2"] if table.is_interval else []
    types = ["int8", *(TYPES[kind] for kind in table.columns.values()), "int8", "int8", *extra]
    assert len(types) == len(columns_of(table))  # noqa: S101 - both list the same columns
    return types
