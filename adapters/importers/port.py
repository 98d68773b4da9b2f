"""What an importer is: it reads a file and proposes, row by row, the events to record. It writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from adapters.places.register import Register
from domain.errors import InputRefused
from projections.recorded import Recorded


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row, or one event of it, that cannot be recorded. `code` is stable; `row` counts data rows from 1."""

    row: int
    field: str
    code: str
    reason: str

    @classmethod
    def of(cls, row: int, error: InputRefused) -> Refusal:
        """Return what the gate, or whoever read the row, refused, with how to mend it."""
        reason = f"{error.what}; {error.mend}" if error.mend else error.what
        return cls(row, error.where, error.code, reason)

    def as_error(self) -> InputRefused:
        """Return it as the error that evidence is kept of."""
        return InputRefused(self.code, self.reason, where=self.field)


@dataclass(frozen=True, slots=True)
class Flag:
    """Something recorded as it came, that somebody should look at."""

    row: int
    code: str
    what: str


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What `rows` consecutive rows ending with `row` become: canonical bodies, refusals, flags."""

    row: int
    bodies: tuple[bytes, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    flags: tuple[Flag, ...] = ()
    rows: int = 1


@dataclass(frozen=True, slots=True)
class ImportContext:
    """What an importer may know beside its file.

    `history(type_name)` reads the log's events of one type in order: the log itself, never a read model.
    """

    register: Register
    history: Callable[[str], Iterator[Recorded]]
    facility: str | None = None
    agency: str | None = None
    mapping: Path | None = None


class Importer(Protocol):
    """One kind of file. `propose` is lazy and holds at most a group of rows in memory.

    It raises InputRefused only if the file as a whole cannot be read (not a table, a missing column);
    everything wrong with a row is a Refusal in that row's outcome.
    """

    kind: str

    def propose(self, path: Path, context: ImportContext) -> Iterator[RowOutcome]:
        """Yield one outcome per row or group of rows."""
        ...
