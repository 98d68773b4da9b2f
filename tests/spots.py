"""Where the contract tests put a ledger, and how they get at it behind the program's back."""

from __future__ import annotations

import re
import sqlite3
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path

import psycopg

from adapters.store.ledger import Ledger
from adapters.store.place import Place, ledger_place
from adapters.store.postgres_snapshot import schema_script
from tests.postgres import Server

TABLES = ("stored_events", "event_refs", "tree_heads", "rejects", "kafka_offsets", "dead_letters", "dead_letter_ends")


class Spot(ABC):
    """A place without a ledger as yet. Statements are run as its administrator."""

    place: Place
    refused: type[Exception]  # what a trigger's refusal is
    zeros: str  # 32 bytes of zero, in SQL
    altered_state: str  # an event's bytes with s-7 made s-8, in SQL
    brackets: tuple[str, str]  # about a posting list
    failing_trigger: str  # makes a trigger that refuses tree heads

    def ledger(self) -> Ledger:
        """Return a new ledger here, open to write."""
        return Ledger.create(self.place)

    @abstractmethod
    def without_references_after(self, position: int) -> tuple[str, ...]:
        """Return what cuts the posting lists as somebody would who wants to leave no trace."""

    @abstractmethod
    def run(self, *statements: str) -> None:
        """Run statements in one transaction."""

    @abstractmethod
    def tamper(self, *statements: str) -> None:
        """Do what an administrator could: lift the triggers, change something, put them back."""


class FileSpot(Spot):
    """A file."""

    refused = sqlite3.IntegrityError
    zeros = "zeroblob(32)"
    brackets = ("[", "]")
    altered_state = "CAST(replace(state, 's-7', 's-8') AS BLOB)"
    failing_trigger = (
        "CREATE TRIGGER failing BEFORE INSERT ON tree_heads BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
    )

    def __init__(self, place: Path) -> None:
        self.place = place

    def without_references_after(self, position: int) -> tuple[str, ...]:
        kept = f"SELECT json_group_array(value) FROM json_each(positions) WHERE value <= {position}"
        return f"UPDATE event_refs SET positions = ({kept})", "DELETE FROM event_refs WHERE positions = '[]'"

    def run(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.place)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def tamper(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.place)) as connection:
            triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        self.run(*(f"DROP TRIGGER {name}" for name, _ in triggers), *statements, *(sql for _, sql in triggers))


class DatabaseSpot(Spot):
    """A PostgreSQL database."""

    refused = psycopg.IntegrityError
    brackets = ("{", "}")
    zeros = "decode(repeat('00', 32), 'hex')"
    altered_state = "convert_to(replace(convert_from(state, 'UTF8'), 's-7', 's-8'), 'UTF8')"
    failing_trigger = (
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk error'; END $$;"
        "CREATE TRIGGER failing BEFORE INSERT ON tree_heads FOR EACH ROW EXECUTE FUNCTION fail()"
    )

    def __init__(self, server: Server, address: str) -> None:
        self.server = server
        self.address = address
        self.place = ledger_place(address)

    def without_references_after(self, position: int) -> tuple[str, ...]:
        kept = f"ARRAY(SELECT p FROM unnest(positions) AS p WHERE p <= {position})"
        return f"UPDATE event_refs SET positions = {kept}", "DELETE FROM event_refs WHERE positions = '{}'"

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.address, options="-c search_path=custody") as connection:
            for statement in statements:
                connection.execute(statement)

    def tamper(self, *statements: str) -> None:
        lifted = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in TABLES]
        put_back = re.findall(r"^ALTER TABLE \S+ ENABLE ALWAYS TRIGGER \w+", schema_script(), re.MULTILINE)
        self.run(*lifted, *statements, *put_back)
