"""What is to be sent, kept on disk from before it is sent until it is answered, and after: one SQLite file.

An event goes into the spool signed and numbered, and is sent again as it lies there however often the line breaks.
A line that is read again is known by its digest and by which of equal lines it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from domain.errors import LedgerUnavailable

SCHEMA = """
CREATE TABLE outgoing (
    number     INTEGER PRIMARY KEY,
    line       BLOB    NOT NULL,   -- SHA-256 of the line
    occurrence INTEGER NOT NULL,   -- which of equal lines in one input: 1, 2, ...
    message    BLOB    NOT NULL,   -- what is sent: an envelope, or an event
    origin     TEXT    NOT NULL,   -- file and line, for people
    state      TEXT    NOT NULL,   -- waiting, taken, refused
    answer     TEXT,               -- the receipt or the problem, as JSON
    UNIQUE (line, occurrence)
) STRICT;
CREATE INDEX outgoing_waiting ON outgoing (number) WHERE state = 'waiting';
CREATE TABLE sequences (key_id TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
PRAGMA user_version = 1;
"""
VERSION = 1


class State(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    TAKEN = "taken"
    REFUSED = "refused"


class Message(NamedTuple):
    """One message on its way."""

    number: int
    message: bytes
    origin: str


class Spool:
    """The file. One program at a time uses it; a second is told so."""

    def __init__(self, path: Path) -> None:
        """Open it, or make it. Raise LedgerUnavailable(spool_unusable, spool_in_use)."""
        self._path = path
        with self._explained():
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=0)
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("BEGIN EXCLUSIVE")
            self._connection.execute("COMMIT")
            self._make()

    def _make(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables == 0:
            path_mode = 0o600
            self._path.chmod(path_mode)  # what waits to be sent is nobody else's to read
            self._connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        elif version != VERSION or not self._has_outgoing():
            what, mend = "this file is no spool", "name a new file with --spool"
            raise LedgerUnavailable("spool_unusable", what, where=str(self._path), mend=mend)

    def _has_outgoing(self) -> bool:
        statement = "SELECT count(*) FROM sqlite_schema WHERE name = 'outgoing'"
        return bool(self._connection.execute(statement).fetchone()[0])

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            busy = "locked" in str(error)
            code = "spool_in_use" if busy else "spool_unusable"
            mend = "wait until it ends, or name another file with --spool" if busy else "check the disk and the path"
            what = "another program is sending from it" if busy else f"the spool cannot be used: {error}"
            raise LedgerUnavailable(code, what, where=str(self._path), mend=mend) from None
        except sqlite3.DatabaseError as error:
            what, mend = f"this file is no spool: {error}", "name a new file with --spool"
            raise LedgerUnavailable("spool_unusable", what, where=str(self._path), mend=mend) from None

    def __enter__(self) -> Self:
        """Use as a context: leaving it closes the file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Put what is added or settled inside on disk together, or none of it."""
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def known(self, line: bytes, occurrence: int) -> tuple[State, str] | None:
        """Return what became of a line, by its digest, and the answer as JSON; None if it never came."""
        statement = "SELECT state, coalesce(answer, '{}') FROM outgoing WHERE line = ? AND occurrence = ?"
        row = self._connection.execute(statement, (line, occurrence)).fetchone()
        return (State(row[0]), row[1]) if row else None

    def next_sequence(self, key_id: str) -> int:
        """Take the next number of a key."""
        statement = (
            "INSERT INTO sequences VALUES (?, 1) ON CONFLICT (key_id) DO UPDATE SET last = last + 1 RETURNING last"
        )
        return int(self._connection.execute(statement, (key_id,)).fetchone()[0])

    def add(self, line: bytes, occurrence: int, message: bytes, origin: str) -> None:
        """Add a message that waits."""
        statement = "INSERT INTO outgoing (line, occurrence, message, origin, state) VALUES (?, ?, ?, ?, 'waiting')"
        self._connection.execute(statement, (line, occurrence, message, origin))

    def waiting(self, after: int, limit: int) -> list[Message]:
        """Return messages that wait, oldest first, with numbers beyond `after`."""
        statement = (
            "SELECT number, message, origin FROM outgoing "
            "WHERE state = 'waiting' AND number > ? ORDER BY number LIMIT ?"
        )
        return [Message(*row) for row in self._connection.execute(statement, (after, limit))]

    def counted(self) -> dict[State, int]:
        """Return how many messages are in each state."""
        found = dict(self._connection.execute("SELECT state, count(*) FROM outgoing GROUP BY state"))
        return {state: found.get(state.value, 0) for state in State}

    def settle(self, answers: Sequence[tuple[int, State, str]]) -> None:
        """Note what became of messages: number, state, and the answer as JSON."""
        rows = [(state.value, answer, number) for number, state, answer in answers]
        with self.transaction():
            self._connection.executemany("UPDATE outgoing SET state = ?, answer = ? WHERE number = ?", rows)

    def retry_refused(self) -> int:
        """Let what was refused wait again; return how many."""
        with self.transaction():
            return self._connection.execute("UPDATE outgoing SET state = 'waiting' WHERE state = 'refused'").rowcount
