"""Creating and opening a ledger file, and saying plainly what is wrong when it cannot be."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from errno import EACCES
from pathlib import Path

from eventsourcing.persistence import PersistenceError

from adapters.store.recorder import LedgerRecorder
from adapters.store.sqlite import LedgerDatastore, file_uri, remove_database
from adapters.store.sqlite_snapshot import schema_script
from domain.errors import LedgerUnavailable

APPLICATION_ID = 0x43555354  # "CUST", at byte 68 of the file
SCHEMA_VERSION = 3  # at byte 60 of the file

CAUSES = (  # words any of which an error has, its code, and the mend
    (
        ("disk is full", "no space left"),
        "disk_full",
        "free some space and run the same command again: what was reported as stored is stored",
    ),
    (("no such file",), "no_such_folder", "make the folder first, or give another path"),
    (("not a directory",), "no_such_folder", "a part of the path is a file; give another path"),
    (("permission denied",), "no_permission", "ask whoever owns it, or give another path"),
    (
        ("readonly", "read-only"),
        "read_only",
        "it, or its folder, cannot be written; reading commands still work",
    ),
    (("unable to open",), "cannot_open", "check that the folder exists and may be read"),
    (
        ("is locked",),
        "ledger_busy",
        "another process has been writing for long; wait and run the same command again",
    ),
    (("malformed",), "ledger_damaged", "run `custody verify`, and restore the file from a copy"),
    (("not a database",), "not_a_ledger", "give the path of a file that `custody init` made"),
    (("disk i/o", "input/output error"), "disk_error", "the disk failed; check it before you go on"),
)


class SqliteFile:
    """The backend that a path names."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self) -> None:
        """Make the file if there is none."""
        create(self._path)

    def opened(self, *, reading: bool) -> LedgerRecorder:
        """Open an existing ledger; reading, without any way to change it."""
        check_is_ledger(self._path)
        uri = reading_uri(self._path) if reading else file_uri(self._path, query="mode=rw")
        with self.explained():
            return LedgerRecorder(LedgerDatastore(uri, reading=reading))

    def explained(self) -> AbstractContextManager[None]:
        """Turn every error of the file within a block into LedgerUnavailable with a mend."""
        return explained(self._path)


@contextmanager
def explained(path: Path, *, opened: str = "the ledger") -> Iterator[None]:
    """Turn SQLite's, the library's and the system's errors into LedgerUnavailable with a mend.

    `opened` says what the file is.
    """
    try:
        yield
    except (sqlite3.Error, PersistenceError, OSError) as error:
        said = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        words = said.lower()
        what = f"{opened} cannot be used: {said}"
        for parts, code, mend in CAUSES:
            if any(part in words for part in parts):
                raise LedgerUnavailable(code, what, where=str(path), mend=mend) from error
        raise LedgerUnavailable("ledger_unusable", what, where=str(path)) from error


def create(path: Path) -> None:
    """Make a new, empty ledger beside its final place and link it in whole; an existing ledger stays as it is."""
    if path.exists() and path.stat().st_size > 0:
        check_is_ledger(path)
        return
    _check_no_leftover(path)
    with explained(path):
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(descriptor)
        building = Path(name)
        try:
            _write_schema(building)
            _put_in_place(building, path)
        finally:
            remove_database(building)


def _check_no_leftover(path: Path) -> None:
    """Refuse to make a ledger beside the write-ahead log of one that was removed: SQLite would merge it in."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size > 0:
        raise LedgerUnavailable(
            "unmerged_log",
            "a write-ahead log of an earlier ledger lies here without its ledger",
            where=str(log),
            mend="put the ledger back beside it, or move the log away, or choose another name",
        )


def _write_schema(building: Path) -> None:
    """Write the schema, and last the mode that has a write-ahead log: a close that fails to merge one does not say so.

    Nor does the pragma say that it failed: it returns the mode that is.
    """
    with closing(sqlite3.connect(building, isolation_level=None)) as connection:
        connection.executescript(
            f"BEGIN;\n{schema_script()}\nPRAGMA application_id = {APPLICATION_ID};\n"
            f"PRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;"
        )
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise sqlite3.OperationalError("disk I/O error")


def _put_in_place(building: Path, path: Path) -> None:
    if path.exists() and path.stat().st_size == 0:  # left by an interrupted creation, or by `touch`
        building.replace(path)
        return
    try:
        os.link(building, path)
    except FileExistsError:  # somebody else has just made it
        check_is_ledger(path)


def check_is_ledger(path: Path) -> None:
    """Raise LedgerUnavailable unless the path is a ledger file of a schema we know."""
    if not path.exists():
        raise LedgerUnavailable(
            "ledger_not_found",
            "there is no ledger here",
            where=str(path),
            mend="make one with `custody init`",
        )
    if not path.is_file():
        raise LedgerUnavailable(
            "not_a_file", "the ledger is one file, this is not a file", where=str(path), mend="give the path of a file"
        )
    application, version = _stamps(path)
    if application != APPLICATION_ID:
        raise LedgerUnavailable(
            "not_a_ledger",
            "this file is not a custody ledger",
            where=str(path),
            mend="give the path of a file that `custody init` made",
        )
    if version != SCHEMA_VERSION:
        raise LedgerUnavailable(
            "other_schema",
            f"the ledger has schema {version}, this program reads schema {SCHEMA_VERSION}",
            where=str(path),
            mend="use the program version that wrote it, or a newer one",
        )


def _stamps(path: Path) -> tuple[int, int]:
    """Return which program's the file is and its schema's version, zeros if it is no database.

    SQLite reads them, never we: to close a file of one's own lets go of every lock that SQLite holds on it for this
    process (POSIX), and the next process to leave would remove the write-ahead log under our feet.
    """
    with explained(path):
        if not os.access(path, os.R_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))
        with closing(sqlite3.connect(reading_uri(path), uri=True)) as connection:
            try:
                found = [
                    connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
                ]
            except sqlite3.DatabaseError as error:
                if "not a database" in str(error):
                    return 0, 0
                raise
    return found[0], found[1]


def reading_uri(path: Path) -> str:
    """Return a URI that cannot create or change the file, even on read-only media."""
    with explained(path):
        if os.access(path.parent, os.W_OK) and not os.statvfs(path.parent).f_flag & os.ST_RDONLY:
            return file_uri(path, query="mode=ro")
        log, index = path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")
        if log.exists() and log.stat().st_size > 0 and index.exists():
            return file_uri(path, query="mode=ro")
        if log.exists() and log.stat().st_size > 0:
            raise LedgerUnavailable(
                "unmerged_log",
                "the ledger lies on read-only media beside a write-ahead log that is not merged into it",
                where=str(log),
                mend="copy both files to a writable folder and read them there",
            )
        return file_uri(path, query="mode=ro&immutable=1")
