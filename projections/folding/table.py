"""The rows of a read model on two clocks.

    episode        | facility     | valid_from | valid_to | known_from | known_to
    mn-cass-jail.1 | mn-cass-jail | 8:00       |          | 1          | 7
    mn-cass-jail.1 | mn-cass-jail | 8:00       | 17:00    | 7          |

A row is never changed and never removed: what is known from position 7 on closes the first row there and opens the
second. As known at K are the rows with `known_from <= K` and no `known_to <= K`; that never changes when later events
come. Both pairs of bounds are half open, and an absent end is open. `valid_from` absent is: from an unknown moment on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import orjson

from projections.folding.seen import Fields, Seen

Values = tuple[Any, ...]  # one for each column of the table
Row = tuple[str, Values]  # the table's name, and the values


class Kind(StrEnum):
    """What a column holds. Moments are microseconds since 1970 UTC; the last three are kept as JSON text.

    An instant is in wire form (`domain.instants`), with its precision; positions are a list of them, of events.
    """

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    MOMENT = "moment"
    INSTANT = "instant"
    POSITIONS = "positions"
    JSON = "json"


KNOWN_COLUMNS = ("known_from", "known_to")
AS_JSON = frozenset((Kind.INSTANT, Kind.POSITIONS, Kind.JSON))
DECODERS: Mapping[Kind, Callable[[Any], Any]] = {**dict.fromkeys(AS_JSON, orjson.loads), Kind.BOOLEAN: bool}


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a read model. The first column is the key of what is folded together.

    An interval table has the columns `facility`, `valid_from` and `valid_to`, and can be asked about a moment. Of one
    with a column of moments in `listed_by` the latest rows of a facility can be asked for.
    """

    name: str
    columns: Mapping[str, Kind]
    about: str
    listed_by: str | None = None
    _names: Sequence[str] = field(init=False, repr=False)
    _decoded: Sequence[tuple[str, Callable[[Any], Any]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Find the columns that are stored otherwise than they are read."""
        object.__setattr__(self, "_names", (*self.columns, *KNOWN_COLUMNS))
        decoded = [(name, DECODERS[kind]) for name, kind in self.columns.items() if kind in DECODERS]
        object.__setattr__(self, "_decoded", decoded)

    @property
    def key(self) -> str:
        """Return the name of the first column."""
        return next(iter(self.columns))

    @property
    def is_interval(self) -> bool:
        """Say whether its rows hold for a while at a facility."""
        return {"facility", "valid_from", "valid_to"} <= set(self.columns)

    def read(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return values by column name, JSON decoded; a moment stays in microseconds since 1970 UTC.

        After those of the columns there may be `known_from` and `known_to`.
        """
        found = dict(zip(self._names, values, strict=False))
        for name, decode in self._decoded:
            if (value := found[name]) is not None:
                found[name] = decode(value)
        return found


def holds_at(row: Mapping[str, Any], moment: int) -> bool:
    """Say whether a row of an interval table holds at a moment, in microseconds since 1970 UTC."""
    begins, ends = row["valid_from"], row["valid_to"]
    return (begins is None or begins <= moment) and (ends is None or ends > moment)


class Fold(Protocol):
    """A read model: which events it reads, what is folded together, and the rows these give. Pure, deterministic."""

    name: str
    kind: str  # of the key: "episode", "handoff", "detainer"
    version: str  # changes when the same events would give other rows: what was built by another version is built anew
    fields: Fields

    @property
    def tables(self) -> Sequence[Table]:
        """Return the tables its rows are for."""
        ...

    def keys(self, seen: Seen) -> Sequence[str]:
        """Return the keys an event belongs to."""
        ...

    def rows(self, key: str, events: Sequence[Seen]) -> list[Row]:
        """Return the rows of a key, given its events as amended, in the order of the log."""
        ...
