"""Reading a whole ledger file as of one moment, and its schema against the one we make."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib.resources import files
from typing import Any

import orjson

from adapters.store.kafka_tables import ENDS_ALONE, LETTERS
from adapters.store.log import PostingList, Row

PAGE_ROWS = 1_000
BEFORE_ALL = -(2**63)  # a row somebody put before the first is found too
OBJECTS = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'"
LOST_REFUSALS = """
WITH there AS (SELECT reject_id, lag(reject_id, 1, 0) OVER (ORDER BY reject_id) AS before FROM rejects)
SELECT before + 1 AS first, reject_id - 1 AS last FROM there WHERE reject_id > before + 1
UNION ALL
SELECT coalesce((SELECT max(reject_id) FROM rejects), 0) + 1, seq FROM sqlite_sequence
WHERE name = 'rejects' AND seq > coalesce((SELECT max(reject_id) FROM rejects), 0)
"""
REFS_PAGE = "SELECT * FROM event_refs WHERE (era, ref, positions) > (?, ?, ?) ORDER BY era, ref, positions LIMIT ?"


class SqliteSnapshot:
    """Reads within one transaction, in pages."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def schema_problems(self) -> Iterator[str]:
        """Yield what of the tables, indexes and triggers is missing, was changed, or does not belong."""
        found = {(row["type"], row["name"], row["sql"]) for row in self._rows(OBJECTS)}
        expected = _expected_objects()
        for kind, name, _ in sorted(expected - found):
            yield f"{kind} {name} is missing or was changed"
        ours = {(kind, name) for kind, name, _ in expected}
        for kind, name, _ in sorted(found - expected):
            if (kind, name) not in ours:
                yield f"{kind} {name} does not belong in a ledger"

    def heads(self) -> Iterator[Row]:
        """Yield the tree heads by size."""
        return iter(self._rows("SELECT * FROM tree_heads ORDER BY size"))

    def events(self) -> Iterator[Row]:
        """Yield the events with every column, by position."""
        after = BEFORE_ALL
        statement = "SELECT * FROM stored_events WHERE position > ? ORDER BY position LIMIT ?"
        while page := self._rows(statement, [after, PAGE_ROWS]):
            yield from page
            after = page[-1]["position"]

    def posting_lists(self) -> Iterator[PostingList]:
        """Yield the posting lists, in any order."""
        last = (BEFORE_ALL, "", "")
        while page := self._rows(REFS_PAGE, [*last, PAGE_ROWS]):
            for row in page:
                yield PostingList(row["era"], row["ref"], _positions(row["positions"]))
            last = (page[-1]["era"], page[-1]["ref"], page[-1]["positions"])

    def lost_refusals(self) -> Iterator[tuple[int, int]]:
        """Yield runs of numbers that refusals had: the file keeps the last number it gave."""
        for row in self._rows(LOST_REFUSALS):
            yield row["first"], row["last"]

    def letters(self) -> Iterator[Row]:
        """Yield the dead letters by number, each with how far its partition was read."""
        after = BEFORE_ALL
        while page := self._rows(f"{LETTERS} WHERE l.letter > ? ORDER BY l.letter LIMIT ?", [after, PAGE_ROWS]):
            yield from page
            after = page[-1]["letter"]

    def ends_alone(self) -> Iterator[int]:
        """Yield the numbers of dead letters that have ended, and are not there."""
        return (row["letter"] for row in self._rows(ENDS_ALONE))

    def refused_bodies(self) -> Iterator[Row]:
        """Yield of each refusal that has bytes reject_id, body and body_hash, by reject_id."""
        after = BEFORE_ALL
        statement = (
            "SELECT reject_id, body, body_hash FROM rejects WHERE reject_id > ? AND body IS NOT NULL "
            "ORDER BY reject_id LIMIT ?"
        )
        while page := self._rows(statement, [after, PAGE_ROWS]):
            yield from page
            after = page[-1]["reject_id"]

    def _rows(self, statement: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        self._cursor.execute(statement, parameters)
        found: Sequence[Any] = self._cursor.fetchall()
        return found


def schema_script() -> str:
    """Return the schema as committed."""
    return files("adapters.store").joinpath("schema.sql").read_text(encoding="utf-8")


def _expected_objects() -> set[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(schema_script())
        return set(connection.execute(OBJECTS).fetchall())


def _positions(text: str) -> list[int] | None:
    """Return the positions of a list as we write it, which readers rely on; else None."""
    try:
        positions = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    is_list = isinstance(positions, list) and all(type(position) is int for position in positions)
    return positions if is_list and orjson.dumps(positions).decode() == text else None
