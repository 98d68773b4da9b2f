"""Connections to a PostgreSQL ledger: durable, bounded in time, opened again after the server was away.

Nothing is sent in psycopg's pipeline mode, in which a large batch waits for ever with the table locked.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import Connection, Cursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row

from adapters.store.away import AWAY_SECONDS, PAUSE_SECONDS
from adapters.store.place import PostgresAddress
from domain.errors import LedgerUnavailable

# What the driver says of a connection that was lost, we say or mend; nobody asked for its words on standard error.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

LOCK_SECONDS = 30
STATEMENT_SECONDS = 300
IDLE_SECONDS = 60  # a writer whose machine is gone must not keep the lock
IDLE_CONNECTIONS_MAX = 3
DEFAULTS = {"connect_timeout": "10", "application_name": "custody", "keepalives_idle": "30"}

SETTINGS = (
    "SET search_path = custody; SET synchronous_commit = on; "  # a receipt means on disk, whatever the server's default
    f"SET lock_timeout = '{LOCK_SECONDS}s'; SET statement_timeout = '{STATEMENT_SECONDS}s'; "
    f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'"
)
BEGIN_WRITING = "BEGIN READ WRITE"  # read committed: what is read after the lock was given is what its last holder left
BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

REFUSALS = (  # words any of which a server says that lets nobody in, the code, and the mend
    (
        ("password", "pg_hba.conf", "authentication", 'fatal:  role "', "permission denied"),
        "no_permission",
        "check user and password (PGPASSWORD, ~/.pgpass), and that this user may connect to the database",
    ),
    (
        ('fatal:  database "',),
        "ledger_not_found",
        "make the database with `createdb`, then the ledger in it with `custody init`",
    ),
)


class Connections:
    """Connections of one program to one ledger; each is used by one thread at a time."""

    def __init__(self, address: PostgresAddress, *, reading: bool) -> None:
        self._address = address
        self._reading = reading
        self._idle: list[Connection[DictRow]] = []

    @contextmanager
    def transaction(self, *, writing: bool) -> Iterator[Cursor[DictRow]]:
        """Run a block in one transaction; reading, it sees one moment and nothing of it is kept."""
        connection = self._begun(BEGIN_WRITING if writing and not self._reading else BEGIN_READING)
        try:
            yield connection.cursor(binary=True)
            connection.execute("COMMIT" if writing else "ROLLBACK")
        finally:
            self._put_back(connection)

    def connect(self) -> Connection[DictRow]:
        """Return a new connection, which the caller closes; raise LedgerUnavailable."""
        given: dict[str, Any] = {**DEFAULTS, **conninfo_to_dict(self._address.conninfo), "client_encoding": "utf8"}
        try:
            connection: Connection[Any] = psycopg.connect(make_conninfo(**given), autocommit=True)
        except psycopg.Error as error:
            raise self._refused(error) from error
        connection.row_factory = dict_row
        connection.execute(SETTINGS)
        return connection

    def close(self) -> None:
        """Close what is idle."""
        while connection := self._taken():
            connection.close()

    def _taken(self) -> Connection[DictRow] | None:
        try:
            return self._idle.pop()
        except IndexError:  # none is idle: another thread may have taken it just now
            return None

    def _begun(self, begin: str) -> Connection[DictRow]:
        """Return a connection with a transaction open. One left idle may have died: nothing was done on it yet."""
        while connection := self._taken():
            with suppress(psycopg.OperationalError):
                connection.execute(begin)
                return connection
            connection.close()
        connection = self.connect()
        connection.execute(begin)
        return connection

    def _put_back(self, connection: Connection[DictRow]) -> None:
        if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
        is_idle = connection.info.transaction_status is TransactionStatus.IDLE
        if is_idle and len(self._idle) < IDLE_CONNECTIONS_MAX:
            self._idle.append(connection)
        else:
            connection.close()

    def _refused(self, error: psycopg.Error) -> LedgerUnavailable:
        """Say why nobody was let in. The server gives words only, in its own language: what is not known is said."""
        said, where = str(error).splitlines()[0], str(self._address)
        words = said.lower()
        for parts, code, mend in REFUSALS:
            if any(part in words for part in parts):
                return LedgerUnavailable(code, f"the ledger cannot be used: {said}", where=where, mend=mend)
        return LedgerUnavailable(
            "cannot_connect",
            f"the ledger cannot be used: {said}",
            where=where,
            mend="check that the server runs, its host and port, and that it takes connections from here",
        )


def is_lost(error: Exception) -> bool:
    """Say whether the connection, or the server behind it, went away: what was sent may or may not have been done."""
    if isinstance(error, LedgerUnavailable):
        return error.code == "cannot_connect"
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and (
        error.sqlstate is None or error.sqlstate.startswith(("08", "57P0", "25P03"))
    )


def attempts() -> Iterator[bool]:
    """Yield while it makes sense to try again after a lost connection, with a pause; False is the last time."""
    until = time.monotonic() + AWAY_SECONDS
    while time.monotonic() < until:
        yield True
        time.sleep(PAUSE_SECONDS)
    yield False
