"""Reading a whole ledger in PostgreSQL as of one moment, and its schema against the one we make.

The catalogue gives every object back as a statement; `postgres_schema.sql` has the same statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from psycopg import Connection
from psycopg.rows import DictRow

from adapters.store.kafka_tables import ENDS_ALONE, LETTERS
from adapters.store.log import PostingList, Row

PAGE_ROWS = 1_000
STATEMENT_END = re.compile(r";\n+(?=CREATE|ALTER|COMMENT|$)")  # within a function, lines are indented
KINDS = re.compile(
    r"CREATE (?:OR REPLACE )?(?:UNIQUE )?(?P<kind>TABLE|INDEX|TRIGGER|FUNCTION) (?:custody\.)?(?P<name>\w+)"
    r"|ALTER TABLE custody\.\w+ ADD (?P<constraint>CONSTRAINT) (?P<constraint_name>\w+)"
    r"|ALTER TABLE custody\.\w+ ENABLE ALWAYS (?P<trigger>TRIGGER) (?P<trigger_name>\w+)"
)

# Every object of the schema as kind, name and the statement that makes it.
OBJECTS = """
WITH tables AS (SELECT * FROM pg_class WHERE relnamespace = 'custody'::regnamespace AND relkind = 'r'),
columns AS (
    SELECT attrelid, string_agg(
        quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)
        || CASE WHEN attcollation <> 0 THEN ' COLLATE ' || attcollation::regcollation ELSE '' END
        || CASE attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' ELSE attidentity::text END
        || CASE WHEN atthasdef THEN ' DEFAULT' ELSE '' END
        || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY attnum) AS list
    FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped GROUP BY attrelid
)
SELECT 'table' AS kind, relname::text AS name, format('CREATE %sTABLE %s (%s)',
    CASE relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, tables.oid::regclass, list) AS statement
FROM tables JOIN columns ON attrelid = tables.oid
UNION ALL SELECT 'row security', relname, '' FROM tables WHERE relrowsecurity OR relforcerowsecurity
UNION ALL SELECT 'relation', c.relname, '' FROM pg_class AS c
WHERE c.relnamespace = 'custody'::regnamespace AND c.relkind NOT IN ('r', 'i')
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'i')
UNION ALL SELECT 'constraint', conname, format('ALTER TABLE %s ADD CONSTRAINT %s %s',
    conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace = 'custody'::regnamespace AND contype <> 'n'
UNION ALL SELECT 'index', relname, pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid IN (SELECT oid FROM tables) AND indisvalid
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
UNION ALL SELECT 'function', proname, CASE WHEN prokind IN ('f', 'p') THEN pg_get_functiondef(oid) ELSE '' END
FROM pg_proc WHERE pronamespace = 'custody'::regnamespace
UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid)
FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM tables) AND NOT tgisinternal
UNION ALL SELECT 'trigger', tgname, format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %s', tgrelid::regclass, tgname)
FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM tables) AND tgenabled = 'A'
UNION ALL SELECT 'rule', rulename, pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class IN (SELECT oid FROM tables)
UNION ALL SELECT 'policy', polname, '' FROM pg_policy WHERE polrelid IN (SELECT oid FROM tables)
"""

SchemaObject = tuple[str, str, str]


class PostgresSnapshot:
    """Reads within one transaction, by cursors of the server: a page at a time is held here."""

    def __init__(self, connection: Connection[DictRow]) -> None:
        self._connection = connection

    def schema_problems(self) -> Iterator[str]:
        """Yield what of the schema is missing, was changed, or does not belong."""
        rows = self._connection.execute("SET LOCAL search_path = ''").connection.execute(OBJECTS).fetchall()
        found = {(row["kind"], row["name"], tidy(row["statement"])) for row in rows}
        expected = expected_objects()
        for kind, name in sorted({(kind, name) for kind, name, _ in expected - found}):
            yield f"{kind} {name} is missing or was changed"
        ours = {(kind, name) for kind, name, _ in expected}
        for kind, name in sorted({(kind, name) for kind, name, _ in found - expected} - ours):
            yield f"{kind} {name} does not belong in a ledger"

    def heads(self) -> Iterator[Row]:
        """Yield the tree heads by size."""
        return self._stream("SELECT size, root, peaks, recorded_at FROM custody.tree_heads ORDER BY size")

    def events(self) -> Iterator[Row]:
        """Yield the events with every column, by position."""
        return self._stream("SELECT * FROM custody.stored_events ORDER BY position")

    def posting_lists(self) -> Iterator[PostingList]:
        """Yield the posting lists, in any order."""
        for row in self._stream("SELECT era, ref, positions FROM custody.event_refs"):
            positions = row["positions"]
            is_ours = all(type(position) is int for position in positions)
            yield PostingList(row["era"], row["ref"], positions if is_ours else None)

    def lost_refusals(self) -> Iterator[tuple[int, int]]:
        """Yield nothing: a transaction that failed has used up its numbers."""
        return iter(())

    def letters(self) -> Iterator[Row]:
        """Yield the dead letters by number, each with how far its partition was read."""
        return self._stream(f"{_qualified(LETTERS)} ORDER BY l.letter")

    def ends_alone(self) -> Iterator[int]:
        """Yield the numbers of dead letters that have ended, and are not there."""
        return (row["letter"] for row in self._stream(_qualified(ENDS_ALONE)))

    def refused_bodies(self) -> Iterator[Row]:
        """Yield of each refusal that has bytes reject_id, body and body_hash, by reject_id."""
        return self._stream(
            "SELECT reject_id, body, body_hash FROM custody.rejects WHERE body IS NOT NULL ORDER BY reject_id"
        )

    def _stream(self, statement: str) -> Iterator[Any]:
        with self._connection.cursor(name="whole", binary=True) as cursor:
            cursor.itersize = PAGE_ROWS
            yield from cursor.execute(statement)


def _qualified(statement: str) -> str:
    """Name the schema of each table: while a ledger is verified, none is looked for by itself."""
    return re.sub(r"\b(FROM|JOIN) (?=[a-z])", r"\1 custody.", statement)


def schema_script() -> str:
    """Return the schema as committed."""
    return files("adapters.store").joinpath("postgres_schema.sql").read_text(encoding="utf-8")


@cache
def expected_objects() -> frozenset[SchemaObject]:
    """Return what `OBJECTS` finds in an untouched ledger."""
    plain = "\n".join(line.partition("--")[0].rstrip() for line in schema_script().splitlines())
    found = set()
    for statement in STATEMENT_END.split(plain):
        if made := KINDS.match(statement.strip()):
            kind = made["kind"] or made["constraint"] or made["trigger"]
            name = made["name"] or made["constraint_name"] or made["trigger_name"]
            found.add((kind.lower(), name, tidy(statement)))
    return frozenset(found)


def tidy(statement: str) -> str:
    """Return a statement with its white space made alike."""
    return re.sub(r"\s+", " ", statement).replace("( ", "(").replace(" )", ")").strip().rstrip(";")
