"""The read models kept in a ledger's own PostgreSQL database, in the schema `custody_models`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from adapters.read_models.model import Run
from adapters.read_models.models import Models, already_building
from adapters.read_models.postgres_model import SCHEMA, ModelsDatabase, PostgresModel, runs
from adapters.store.place import PostgresAddress
from domain.errors import LedgerUnavailable
from projections.folding.table import Fold

BUILDING = 0x4D4F4445  # "MODE": the lock of who makes the schema, and the first half of the key of a rebuild's
SETUP = f"""
SELECT pg_advisory_xact_lock({BUILDING});
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.model (
    name text, generation int8, version text NOT NULL, position int8 NOT NULL, tip text NOT NULL,
    is_ready boolean NOT NULL, is_live boolean NOT NULL, PRIMARY KEY (name, generation)
)
"""
READ_SECONDS = 1  # most questions are over by then; meanwhile nobody else can begin to read the old one
READABLE = (  # asked of the catalogue: to name a table of a schema that one may not use is refused
    "SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "  # noqa: S608 - our own names
    f"WHERE n.nspname = '{SCHEMA}' AND c.relname = 'model' "
    "AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')"
)


class PostgresModels(Models):
    """The generations of every read model of one ledger, in its database."""

    def __init__(self, address: PostgresAddress, folds: Mapping[str, Fold]) -> None:
        super().__init__(folds)
        self._address = address

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Run]:
        with closing(ModelsDatabase(self._address)) as database, database.transaction(writing=writing) as cursor:
            yield runs(cursor)

    def generations(self, name: str) -> list[int]:
        """Return the numbers of the generations that are there, oldest first."""
        return self._found(name, "true")

    def live_generation(self, name: str) -> int | None:
        """Return the generation that answers, None if none was ever built whole."""
        return next(iter(self._found(name, "is_live")), None)

    def _found(self, name: str, condition: str) -> list[int]:
        with self._transaction(writing=False) as run:
            if not next(iter(run(READABLE)))[0]:
                return []
            select = f"SELECT generation FROM {SCHEMA}.model WHERE name = ? AND {condition} ORDER BY 1"  # noqa: S608
            return [generation for (generation,) in run(select, [name])]

    def open(self, name: str, generation: int) -> PostgresModel:
        """Open one generation."""
        return PostgresModel(ModelsDatabase(self._address), self.fold(name), generation)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Let nobody else build this model meanwhile; a session that ends, however it ends, holds no lock."""
        with self._transaction(writing=True) as run:
            for statement in SETUP.split(";"):
                run(statement)
        with closing(ModelsDatabase(self._address)) as database, database.locked(BUILDING, name) as is_mine:
            if not is_mine:
                raise already_building(name, str(self._address))
            yield

    def swap(self, name: str) -> int | None:
        """Let the newest generation that is whole answer, and remove those before it; return its number."""
        whole = self._found(name, "is_ready")
        if not whole:
            return None
        with self._transaction(writing=True) as run:
            update = f"UPDATE {SCHEMA}.model SET is_live = (generation = ?) WHERE name = ?"  # noqa: S608 - our own
            run(update, [whole[-1], name])
        for number in self.generations(name):
            if number < whole[-1]:
                self._remove_unless_read(name, number)
        return whole[-1]

    def _remove_unless_read(self, name: str, generation: int) -> None:
        """Remove a generation that answers no more; while somebody reads it, an export say, the next swap does."""
        try:
            with closing(self.open(name, generation)) as model:
                model.drop(lock_seconds=READ_SECONDS)
        except LedgerUnavailable as error:
            if error.code != "ledger_busy":
                raise

    def _create(self, name: str, generation: int) -> PostgresModel:
        model = self.open(name, generation)
        try:
            model.create()
        except LedgerUnavailable:
            model.close()
            raise
        return model

    def _remove(self, name: str, generation: int) -> None:
        with closing(self.open(name, generation)) as model:
            model.drop()
