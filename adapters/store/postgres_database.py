"""A ledger in a PostgreSQL database: making it, opening it, its roles, and saying plainly what is wrong.

The schema `custody` holds it; its comment says which version it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from eventsourcing.persistence import PersistenceError
from psycopg import sql

from adapters.store.place import PostgresAddress
from adapters.store.postgres_connections import Connections, is_lost
from adapters.store.postgres_log import LOCK, PostgresLog
from adapters.store.postgres_snapshot import schema_script
from domain.errors import LedgerUnavailable

SCHEMA_VERSION = 2
COMMENT = re.compile(r"custody ledger, schema (\d+)")
SERVER_MIN = 15

SELECT_COMMENT = (
    "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') AS comment FROM pg_namespace WHERE nspname = 'custody'"
)
SELECT_RIGHTS = (
    "SELECT has_table_privilege('custody.stored_events', 'INSERT') AS may_write, pg_is_in_recovery() AS is_standby"
)

CAUSES = (  # beginnings of SQLSTATE, the code, and the mend
    (
        ("53100",),
        "disk_full",
        "free some space on the server and run the same command again: what was reported as stored is stored",
    ),
    (
        ("55P03", "57014"),
        "ledger_busy",
        "another process has been writing for long; wait and run the same command again",
    ),
    (("25006",), "read_only", "the ledger, or its server, cannot be written; reading commands still work"),
    (
        ("42501",),
        "no_permission",
        "ask whoever owns the ledger: `custody init --writer ROLE --reader ROLE` gives rights",
    ),
    (("53",), "server_busy", "the server has no memory or connections left; wait and run the same command again"),
    (("XX",), "ledger_damaged", "run `custody verify`, and restore the database from a copy"),
    (("58",), "disk_error", "the server's disk failed; check it before you go on"),
)


class PostgresDatabase:
    """The backend that an address names."""

    def __init__(self, address: PostgresAddress) -> None:
        self._address = address

    def create(self) -> None:
        """Make the schema in an existing database; a ledger that is there stays as it is."""
        connections = Connections(self._address, reading=False)
        with self.explained(), closing(connections):
            with connections.transaction(writing=False) as cursor:
                comment = _comment(cursor)
            if comment is not None:
                self._check(comment)
                return
            with connections.transaction(writing=True) as cursor:
                self._check_server(cursor.connection.info)
                cursor.execute(LOCK)
                comment = _comment(cursor)  # somebody else may have just made it
                if comment is None:
                    cursor.connection.execute(schema_script())
                else:
                    self._check(comment)

    def opened(self, *, reading: bool) -> PostgresLog:
        """Open an existing ledger; raise LedgerUnavailable."""
        connections = Connections(self._address, reading=reading)
        try:
            self._check_open(connections, reading=reading)
        except LedgerUnavailable:
            connections.close()
            raise
        return PostgresLog(connections)

    def grant(self, *, writer: str | None, reader: str | None) -> None:
        """Let one role insert and select, another select only; a role that does not exist is made, without login."""
        connections = Connections(self._address, reading=False)
        with self.explained(), closing(connections), connections.transaction(writing=True) as cursor:
            for role, rights in ((writer, "SELECT, INSERT"), (reader, "SELECT")):
                if role is None:
                    continue
                if not cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).rowcount:
                    cursor.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
                for statement in ("GRANT USAGE ON SCHEMA custody TO {}", f"GRANT {rights} ON {TABLES} TO {{}}"):
                    cursor.execute(sql.SQL(statement).format(sql.Identifier(role)))

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the server's, the connection's and the library's errors into LedgerUnavailable with a mend."""
        try:
            yield
        except (psycopg.Error, PersistenceError) as error:
            state, said, where = getattr(error, "sqlstate", None) or "", _said(error), str(self._address)
            for states, code, mend in CAUSES:
                if state.startswith(states):
                    raise LedgerUnavailable(
                        code, f"the ledger cannot be used: {said}", where=where, mend=mend
                    ) from error
            if is_lost(error):
                raise LedgerUnavailable(
                    "connection_lost",
                    f"the connection to the ledger was lost: {said}",
                    where=where,
                    mend="run the same command again: what was reported as stored is stored",
                ) from error
            raise LedgerUnavailable("ledger_unusable", f"the ledger cannot be used: {said}", where=where) from error

    def _check(self, comment: str | None) -> None:
        """Raise LedgerUnavailable unless the comment is that of a ledger of a schema we know."""
        where = str(self._address)
        if comment is None:
            raise LedgerUnavailable(
                "ledger_not_found",
                "there is no ledger in this database",
                where=where,
                mend="make one with `custody init`",
            )
        said = COMMENT.fullmatch(comment)
        if said is None:
            raise LedgerUnavailable(
                "not_a_ledger",
                "the schema `custody` of this database is not a custody ledger",
                where=where,
                mend="give another database",
            )
        if int(said[1]) != SCHEMA_VERSION:
            raise LedgerUnavailable(
                "other_schema",
                f"the ledger has schema {said[1]}, this program reads schema {SCHEMA_VERSION}",
                where=where,
                mend="use the program version that wrote it, or a newer one",
            )

    def _check_open(self, connections: Connections, *, reading: bool) -> None:
        """Raise LedgerUnavailable unless there is a ledger, and one that can be written, if it shall be."""
        with self.explained(), connections.transaction(writing=False) as cursor:
            self._check(_comment(cursor))
            rights = cursor.execute(SELECT_RIGHTS).fetchone() or {}
        if reading or (rights["may_write"] and not rights["is_standby"]):
            return
        raise LedgerUnavailable(
            "read_only",
            "the server is a standby" if rights["is_standby"] else "this role may read the ledger, not write it",
            where=str(self._address),
            mend="connect to the primary server, as a role that may write; reading commands still work",
        )

    def _check_server(self, server: psycopg.ConnectionInfo) -> None:
        where = str(self._address)
        if server.server_version // 10_000 < SERVER_MIN:
            raise LedgerUnavailable(
                "old_server",
                f"the server is PostgreSQL {server.server_version // 10_000}",
                where=where,
                mend=f"use PostgreSQL {SERVER_MIN} or newer",
            )
        if server.parameter_status("server_encoding") != "UTF8":
            raise LedgerUnavailable(
                "other_encoding",
                "the database does not store text as UTF-8",
                where=where,
                mend="make the database with `createdb --encoding=UTF8 --template=template0`",
            )


TABLES = (
    "custody.stored_events, custody.event_refs, custody.tree_heads, custody.rejects, "
    "custody.kafka_offsets, custody.dead_letters, custody.dead_letter_ends"
)


def _comment(cursor: psycopg.Cursor[dict[str, str]]) -> str | None:
    """Return the comment of the schema, None if there is no schema."""
    row = cursor.execute(SELECT_COMMENT).fetchone()
    return None if row is None else row["comment"]


def _said(error: Exception) -> str:
    """Return the first line of what an error says: what follows may show data."""
    diagnosed = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return diagnosed or (str(error) or type(error).__name__).splitlines()[0]
