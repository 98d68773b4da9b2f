"""A ledger of one's own, to append to."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path


def copied(ledger: str, folder: Path) -> str:
    """Copy a ledger with its read models, whoever has it open, and return where."""
    to = str(folder / "custody.db")
    with sqlite3.connect(ledger) as source, sqlite3.connect(to) as target:
        source.backup(target)
    shutil.copytree(f"{ledger}.models", f"{to}.models")
    return to
