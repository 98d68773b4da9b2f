"""One read model kept in a database: its rows, the position they stand at, and what the engine has to remember.

It can be thrown away at any time: the log has all it was made from. What differs between databases is below it.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import orjson

from adapters.read_models.rows import (
    Inserted,
    ModelRow,
    changed_within,
    holding_at,
    known_at,
    quoted,
    selected,
)
from domain.errors import LedgerUnavailable
from projections.amendments import Published
from projections.folding.folder import Changes, OpenRow
from projections.folding.table import KNOWN_COLUMNS, Fold, Table, Values

AT_ONCE = 500  # keys a statement
Run = Callable[..., Iterable[tuple[Any, ...]]]  # runs a statement with `?` for each parameter, and gives its rows


class Standing(NamedTuple):
    """Where a model stands. `tip` is the root over all events up to `position`: the log it was folded from."""

    version: str
    position: int
    tip: str
    is_ready: bool


class Model(ABC):
    """The rows of one fold. Statements are written once, with `?` for parameters; a list is one parameter."""

    def __init__(self, fold: Fold) -> None:
        self.fold = fold
        self._tables = {table.name: table for table in fold.tables}

    @abstractmethod
    def close(self) -> None:
        """Let the database go."""

    @abstractmethod
    def finish(self) -> None:
        """Make the indexes, and say that the model is whole once all of it is on the disk."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Run]:
        """Yield what runs statements that read, all of one moment."""

    def _stream(self, statement: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a statement, however many, without holding them all."""
        with self._reading() as run:
            yield from run(statement, parameters)

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Run]:
        """Yield what runs statements, in one transaction; nobody else writes this model meanwhile."""

    @abstractmethod
    def _insert(self, run: Run, table: Table, rows: Iterable[Inserted]) -> None:
        """Insert rows: id, values, known_from, known_to."""

    @abstractmethod
    def _close(self, run: Run, table: Table, closed: Sequence[tuple[int, int, int]]) -> None:
        """Close rows: id, known_from, known_to."""

    @abstractmethod
    def _note(self, run: Run, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows that may be there already."""

    @abstractmethod
    def _named(self, table: str) -> str:
        """Return the name of a table as this database has it."""

    @abstractmethod
    def _is_among(self, column: str) -> str:
        """Return the condition that a column has one of the values of a list parameter."""

    @abstractmethod
    def _list(self, values: Iterable[Any]) -> Any:
        """Return a list parameter."""

    @property
    def _mine(self) -> str:
        """Return the condition that finds this model among others in the table `model`."""
        return "1 = 1"

    @abstractmethod
    def is_there(self) -> bool:
        """Say whether this generation is there to go on with: a newer one that is swapped in removes it."""

    def standing(self) -> Standing:
        """Return by what version it was built, how far it is, and whether it was ever whole."""
        with self._reading() as run:
            return self._standing(run)

    def _standing(self, run: Run) -> Standing:
        select = f"SELECT version, position, tip, is_ready FROM {self._named('model')} WHERE {self._mine}"  # noqa: S608
        found = next(iter(run(select)), None)
        if found is None:
            raise model_gone(self.fold.name)
        version, position, tip, is_ready = found
        return Standing(version, position, tip, bool(is_ready))

    @property
    def position(self) -> int:
        """Return the position up to which the log is folded."""
        return self.standing().position

    def write(self, changes: Changes, position: int, tip: str, *, after: int) -> bool:
        """Store what a page of the log changes, and the new position, in one transaction.

        Stores nothing, and returns False, if another process has stored the page: the position is no longer `after`.
        """
        with self._writing() as run:
            if self._standing(run).position != after:
                return False
            for name, rows in changes.inserted.items():
                self._insert(run, self._tables[name], rows)
            for name, closed in changes.closed.items():
                self._close(run, self._tables[name], closed)
            for name, noted in (("moved", changes.moved), ("awaited", changes.awaited), ("parked", changes.parked)):
                self._note(run, name, noted)
            update = f"UPDATE {self._named('model')} SET position = ?, tip = ? WHERE {self._mine}"  # noqa: S608 - same
            run(update, [position, tip])
        return True

    def next_ids(self) -> dict[str, int]:
        """Return the next free row id of each table."""
        return {name: most + 1 for name, most in self._of_each("coalesce(max(row_id), 0)").items()}

    def counted(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return self._of_each("count(*)")

    def _of_each(self, what: str) -> dict[str, int]:
        with self._reading() as run:
            return {
                name: next(iter(run(f"SELECT {what} FROM {self._named(name)}")))[0]  # noqa: S608 - our own names
                for name in self._tables
            }

    def awaited(self) -> list[Published]:
        """Return the events that were corrected before they came."""
        with self._reading() as run:
            rows = run(f"SELECT source, event_id FROM {self._named('awaited')}")  # noqa: S608 - our own names
            return [(source, event_id) for source, event_id in rows]

    def parked(self) -> list[tuple[int, str]]:
        """Return the events that could not be folded: position, and why."""
        with self._reading() as run:
            rows = run(f"SELECT position, what FROM {self._named('parked')} ORDER BY position")  # noqa: S608 - same
            return [(position, what) for position, what in rows]

    def open_rows(self, keys: Sequence[str]) -> Iterator[OpenRow]:
        """Yield table, row id, `known_from` and values of the rows of these keys that nothing has closed."""
        for name, table in self._tables.items():
            yield from self._open(name, quoted(table.key), keys)

    def open_among(self, table: str, row_ids: Sequence[int]) -> Iterator[OpenRow]:
        """Yield table, row id, `known_from` and values of those of these rows that nothing has closed."""
        return self._open(table, "row_id", row_ids)

    def _open(self, name: str, column: str, among: Sequence[Any]) -> Iterator[OpenRow]:
        columns = ", ".join(quoted(column) for column in self._tables[name].columns)
        statement = (
            f"SELECT row_id, known_from, {columns} FROM {self._named(name)} "  # noqa: S608 - our own names
            f"WHERE {self._is_among(column)} AND known_to IS NULL ORDER BY row_id"
        )
        with self._reading() as run:
            for some in _portions(among):
                for row_id, known_from, *values in run(statement, [self._list(some)]):
                    yield name, row_id, known_from, tuple(values)

    def moved_in(self, keys: Sequence[str]) -> list[tuple[str, int]]:
        """Return key and position of the events that a correction moved to these keys."""
        statement = f"SELECT key, position FROM {self._named('moved')} WHERE {self._is_among('key')}"  # noqa: S608
        with self._reading() as run:
            return [(key, at) for some in _portions(keys) for key, at in run(statement, [self._list(some)])]

    def rows(self, table: str, known: int, where: Mapping[str, Iterable[Any]] | None = None) -> Iterator[ModelRow]:
        """Yield the rows of a table as known at a position, oldest first; `where` gives allowed values.

        The order of this and every other list is the same wherever the model is kept, and however it was built.
        """
        return self._select(table, known_at(known), where, f"t.known_from, {self._by_all(table)}")

    def history(self, table: str, where: Mapping[str, Iterable[Any]] | None = None) -> Iterator[ModelRow]:
        """Yield every row of a table, also those known no more, in the order they became known."""
        return self._select(table, "1 = 1", where, f"t.known_from, {self._by_all(table)}")

    def changed(
        self, table: str, after: int, upto: int, where: Mapping[str, Iterable[Any]] | None = None
    ) -> Generator[ModelRow]:
        """Yield the rows that became known, or ceased to be, at a position in (after, upto], by key."""
        order = f"t.{quoted(self._tables[table].key)}, t.known_from, {self._by_all(table)}"
        return self._select(table, f"({changed_within(after, upto)})", where, order)

    def changed_keys(self, table: str, after: int, upto: int) -> list[str]:
        """Return the keys of which a row became known, or ceased to be, at a position in (after, upto]."""
        key = quoted(self._tables[table].key)
        select = f"SELECT DISTINCT t.{key} FROM {self._named(table)} AS t"  # noqa: S608 - our own names
        return [found for (found,) in self._stream(f"{select} WHERE {changed_within(after, upto)}")]

    def versions(self, table: str, columns: Sequence[str], keys: Sequence[str] | None = None) -> Iterator[Values]:
        """Yield some columns, `known_from` and `known_to` of every row, or of some keys, as they are stored."""
        names = ", ".join(map(quoted, (*columns, *KNOWN_COLUMNS)))
        statement = f"SELECT {names} FROM {self._named(table)}"  # noqa: S608 - our own names
        if keys is None:
            yield from self._stream(statement)
            return
        allowed = self._is_among(quoted(self._tables[table].key))
        for some in _portions(keys):
            yield from self._stream(f"{statement} WHERE {allowed}", [self._list(some)])

    def page(
        self, table: str, known: int, where: Mapping[str, Iterable[Any]] | None, begin: str, limit: int
    ) -> list[ModelRow]:
        """Return the first rows known at a position whose key is not before `begin`: by key, then by all they say."""
        allowed = {**(where or {}), self._tables[table].key: begin}
        return list(self._select(table, known_at(known), allowed, f"{self._by_all(table)} LIMIT {int(limit)}"))

    def latest(self, table: str, known: int, facility: str, moment: int) -> Generator[ModelRow]:
        """Yield a facility's rows as known at a position, the latest by the table's moments first.

        Of those no later than a moment, and at the end those of which no moment is known. The order is the same
        wherever the model is kept, and however it was built.
        """
        listed_by, order = f"t.{quoted(str(self._tables[table].listed_by))}", self._by_all(table)
        begun, unknown = f"{listed_by} <= {int(moment)}", f"{listed_by} IS NULL"
        for bound, ordered in ((begun, f"{listed_by} DESC, {order}"), (unknown, order)):
            yield from self._select(table, f"{known_at(known)} AND {bound}", {"facility": [facility]}, ordered)

    def _select(
        self, name: str, condition: str, where: Mapping[str, Iterable[Any]] | None, order: str
    ) -> Generator[ModelRow]:
        """Yield rows; in `where` a text is the least value of a column, anything else lists those allowed."""
        table = self._tables[name]
        bounds = [self._bound(f"t.{quoted(column)}", values) for column, values in (where or {}).items()]
        statement = (
            f"SELECT {selected(table)} FROM {self._named(name)} AS t "  # noqa: S608 - our own names
            f"WHERE {' AND '.join([condition, *(one for one, _ in bounds)])} ORDER BY {order}"
        )
        for row in self._stream(statement, [parameter for _, parameter in bounds]):
            yield table.read(row)

    def _bound(self, column: str, values: Iterable[Any]) -> tuple[str, Any]:
        """Return a condition and its parameter; one value alone lets an index give the order of what comes after it."""
        if isinstance(values, str):
            return f"{column} >= ?", values
        several = list(values)
        return (f"{column} = ?", several[0]) if len(several) == 1 else (self._is_among(column), self._list(several))

    def holding(self, table: str, facility: str, moment: int, known: int) -> list[ModelRow]:
        """Return the rows of an interval table that hold at a facility at a moment, as known at a position."""
        described = self._tables[table]
        with self._reading() as run:
            is_newest = known >= self._standing(run).position
            statement = holding_at(described, self._named(table), moment, known, is_newest=is_newest)
            return [described.read(row) for row in run(statement, [facility] * statement.count("?"))]

    def digest(self, upto: int | None = None) -> str:
        """Return SHA-256 over all rows, on both clocks; the same for the same log, however and wherever it is kept.

        With `upto`, what it was when the model stood at that position.
        """
        found = hashlib.sha256()
        for name in self._tables:
            found.update(name.encode())
            for row in self.everything(name, self.position if upto is None else upto):
                found.update(orjson.dumps(row))
        return found.hexdigest()

    def everything(self, name: str, upto: int) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a table, also those known no more, as they were when the model stood at a position.

        Each is the values as stored, known_from and known_to; the same ones in the same order wherever it is kept.
        """
        columns = (*self._tables[name].columns, *KNOWN_COLUMNS)
        known_to = f"CASE WHEN known_to <= {int(upto)} THEN known_to END AS known_to"
        rows = f"SELECT {', '.join(map(quoted, columns[:-1]))}, {known_to} FROM {self._named(name)}"  # noqa: S608 - own
        yield from self._stream(
            f"SELECT * FROM ({rows} WHERE known_from <= {int(upto)}) AS t "  # noqa: S608 - our own names
            f"ORDER BY {', '.join(map(self._ordered, columns))}"
        )

    def _by_all(self, table: str) -> str:
        """Return the order by key, then by all that a row says."""
        key, *others = self._tables[table].columns
        return ", ".join((quoted(key), *map(self._ordered, others)))

    def _ordered(self, column: str) -> str:
        """Return a column as ORDER BY names it: by its bytes, what is absent first."""
        return quoted(column)


def model_gone(name: str) -> LedgerUnavailable:
    """Say that a generation is there no more: a newer one was swapped in."""
    return LedgerUnavailable(
        "model_gone",
        "the read model was replaced by a newer one meanwhile",
        where=name,
        mend="run the same command again",
    )


def _portions(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]
