"""Which program this is: another version may show the same otherwise, so that its pages have other tags."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import adapters
import domain
import projections

NOT_SHIPPED = "__pycache__"


@cache
def program_digest() -> str:
    """Return SHA-256 over all files of the program, in hex; some ten milliseconds, once."""
    found = hashlib.sha256()
    for package in (adapters, projections, domain):
        (root,) = map(Path, package.__path__)
        for path in sorted(root.rglob("*")):
            if path.is_file() and NOT_SHIPPED not in path.parts:
                found.update(b"%s\0%d\0" % (path.relative_to(root).as_posix().encode(), path.stat().st_size))
                found.update(path.read_bytes())
    return found.hexdigest()
