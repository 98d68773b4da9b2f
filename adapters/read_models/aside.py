"""What a rebuild has not met for long, out of memory: in a file without a name, which is gone when the rebuild is."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from adapters.store.opening import explained
from projections.folding.seen import json_text

CACHE_KIB = 8 * 1024


class PutAside:
    """Packed keys of one fold, in a temporary database of SQLite. All raise LedgerUnavailable, if its disk is full."""

    def __init__(self) -> None:
        self._folder = Path(os.environ.get("SQLITE_TMPDIR") or os.environ.get("TMPDIR") or "/var/tmp")  # noqa: S108
        self._connection = sqlite3.connect("", isolation_level=None)  # without a name: temporary, and on the disk
        self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("CREATE TABLE aside (key TEXT PRIMARY KEY, packed BLOB) WITHOUT ROWID")

    def put(self, packed: Iterable[tuple[str, bytes]]) -> None:
        """Keep what is packed of these keys, in place of what was kept before."""
        with explained(self._folder):
            self._connection.execute("BEGIN")
            self._connection.executemany("REPLACE INTO aside VALUES (?, ?)", packed)
            self._connection.execute("COMMIT")

    def get(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield those of these keys that were put aside, with what was packed."""
        wanted = "SELECT value FROM json_each(?)"
        select = f"SELECT key, packed FROM aside WHERE key IN ({wanted})"  # noqa: S608 - our own names
        with explained(self._folder):
            yield from self._connection.execute(select, [json_text(list(keys))])

    def everything(self) -> Iterator[tuple[str, bytes]]:
        """Yield every key that was ever put aside, with what was packed last."""
        with explained(self._folder):
            yield from self._connection.execute("SELECT key, packed FROM aside")
