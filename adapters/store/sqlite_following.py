"""Being woken when somebody appends to a ledger file: SQLite tells no other process, but it can be asked cheaply."""

from __future__ import annotations

import sqlite3
import time

LOOK_SECONDS = 0.003


class SqliteNotices:
    """Looks whether another connection has committed: a number in memory that all processes share, without a lock."""

    def __init__(self, uri: str) -> None:
        self._connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        self._seen = self._version()

    def wait(self, seconds: float) -> None:
        """Return once something was committed since this was made or last returned, or after so many seconds."""
        until = time.monotonic() + seconds
        while (now := self._version()) == self._seen and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        self._seen = now

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
