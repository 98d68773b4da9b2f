"""What a ledger keeps of Kafka: how far each partition was read, and records set aside. The same SQL on both stores.

    kafka_offsets      consumer, topic, partition, next offset: a row in the transaction that stores what was read
    dead_letters       records set aside, byte for byte as they came, in order
    dead_letter_ends   how a letter ended: replayed, or dropped; a letter without an end is open

Times are microseconds since 1970 UTC; a record's own time is milliseconds, as Kafka gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from adapters.store.recording import Outcome, Reject

REPLAYED, DROPPED = "replayed", "dropped"

PLACE = "consumer = ? AND topic = ? AND partition = ?"
SELECT_OFFSET = f"SELECT max(next_offset) AS next_offset FROM kafka_offsets WHERE {PLACE}"  # noqa: S608 - ours
SELECT_OFFSETS = (
    "SELECT topic, partition, max(next_offset) AS next_offset FROM kafka_offsets WHERE consumer = ? "
    "GROUP BY topic, partition"
)
INSERT_OFFSET = "INSERT INTO kafka_offsets (consumer, topic, partition, next_offset) VALUES (?, ?, ?, ?)"
LAST_LETTER = "SELECT coalesce(max(letter), 0) AS last FROM dead_letters"
INSERT_LETTER = (
    "INSERT INTO dead_letters (letter, recorded_at, consumer, topic, partition, record_offset, record_ms, key, value, "
    "headers, code, field, reason, holds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_END = "INSERT INTO dead_letter_ends (letter, how, recorded_at) VALUES (?, ?, ?)"
SELECT_END = "SELECT how FROM dead_letter_ends WHERE letter = ?"
OPEN = "NOT EXISTS (SELECT 1 FROM dead_letter_ends AS e WHERE e.letter = l.letter)"
SELECT_LETTERS = (
    "SELECT l.*, e.how FROM dead_letters AS l LEFT JOIN dead_letter_ends AS e ON e.letter = l.letter "
    "WHERE l.letter > ? AND (? = '' OR l.topic = ?) ORDER BY l.letter LIMIT ?"
)
SELECT_HELD = f"SELECT DISTINCT l.topic, l.key FROM dead_letters AS l WHERE l.holds AND {OPEN}"  # noqa: S608 - ours
LETTERS = (  # each with how far its consumer has read its partition
    "SELECT l.letter, l.consumer, l.topic, l.partition, l.record_offset, o.next_offset FROM dead_letters AS l "
    "LEFT JOIN (SELECT consumer, topic, partition, max(next_offset) AS next_offset FROM kafka_offsets "
    "GROUP BY consumer, topic, partition) AS o "
    "ON o.consumer = l.consumer AND o.topic = l.topic AND o.partition = l.partition"
)
ENDS_ALONE = (
    "SELECT e.letter FROM dead_letter_ends AS e LEFT JOIN dead_letters AS l ON l.letter = e.letter "
    "WHERE l.letter IS NULL ORDER BY e.letter"
)
SELECT_LETTER_TOPICS = "SELECT DISTINCT topic FROM dead_letters ORDER BY topic"

Chain = tuple[str, bytes]  # a topic and a record key: what is held together, and in order


class Move(NamedTuple):
    """A consumer's place in a partition. `expected` is where it began (None: nowhere yet): who else moved it wins."""

    consumer: str
    topic: str
    partition: int
    expected: int | None
    next_offset: int


class Letter(NamedTuple):
    """A record that was set aside, as it came: `key` and `value` None where the record had none."""

    consumer: str
    topic: str
    partition: int
    offset: int
    record_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    code: str
    field: str
    reason: str
    holds: bool  # later records of its chain wait behind it


class StoredLetter(NamedTuple):
    """A letter with its number, from 1, when it was set aside, and how it ended, None while it is open."""

    number: int
    recorded_us: int
    letter: Letter
    how: str | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes into an append's transaction beside its events, known once their outcomes are."""

    moves: Sequence[Move] = ()
    letters: Sequence[Letter] = ()
    ends: Mapping[int, str] = field(default_factory=dict)  # letter: REPLAYED or DROPPED
    rejects: Sequence[Reject] = ()


MakeBeside = Callable[[list[Outcome]], Beside]


class MovedByAnother(Exception):
    """Another process read on from the same place, or ended a letter: nothing was stored, begin from what is stored."""


class KafkaTables:
    """The statements; `mark` is what stands for a parameter in the store's SQL."""

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def write(self, cursor: Any, beside: Beside, *, now_us: int, again: bool = False) -> None:
        """Write within the caller's transaction; raise MovedByAnother. `again`: an attempt before may have done it."""
        if again and self._is_written(cursor, beside):
            return
        for move in beside.moves:
            if self._next_offset(cursor, move) != move.expected:
                raise MovedByAnother
            self._execute(cursor, INSERT_OFFSET, [*move[:3], move.next_offset])
        for number, how in beside.ends.items():
            if self._rows(cursor, SELECT_END, [number]):
                raise MovedByAnother
            self._execute(cursor, INSERT_END, [number, how, now_us])
        if not beside.letters:
            return
        last = self._rows(cursor, LAST_LETTER)[0]["last"]
        held = self.held(cursor)
        for number, letter in enumerate(beside.letters, last + 1):
            chain = (letter.topic, letter.key or b"")
            if letter.code == BEHIND and chain not in held:
                raise MovedByAnother  # what it waits behind was replayed meanwhile
            held |= {chain} if letter.holds else set()
            self._execute(cursor, INSERT_LETTER, [number, now_us, *_columns(letter)])

    def offsets(self, cursor: Any, consumer: str) -> dict[tuple[str, int], int]:
        """Return the next offset of each topic and partition."""
        rows = self._rows(cursor, SELECT_OFFSETS, [consumer])
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    def held(self, cursor: Any) -> set[Chain]:
        """Return the chains of which an open letter holds what comes after it."""
        return {(row["topic"], bytes(row["key"] or b"")) for row in self._rows(cursor, SELECT_HELD)}

    def letters(self, cursor: Any, *, after: int, topic: str, limit: int) -> list[StoredLetter]:
        """Return letters in order, of one topic or ("") of all."""
        return [_stored(row) for row in self._rows(cursor, SELECT_LETTERS, [after, topic, topic, limit])]

    def letter_topics(self, cursor: Any) -> list[str]:
        """Return the topics that letters came from."""
        return [str(row["topic"]) for row in self._rows(cursor, SELECT_LETTER_TOPICS)]

    def _is_written(self, cursor: Any, beside: Beside) -> bool:
        """Say whether an attempt that nobody knows to have been committed was."""
        moved = all(self._next_offset(cursor, move) == move.next_offset for move in beside.moves)
        return moved and all(self._rows(cursor, SELECT_END, [number]) for number in beside.ends)

    def _next_offset(self, cursor: Any, move: Move) -> int | None:
        found: int | None = self._rows(cursor, SELECT_OFFSET, move[:3])[0]["next_offset"]
        return found

    def _rows(self, cursor: Any, statement: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        self._execute(cursor, statement, parameters)
        rows: Sequence[Any] = cursor.fetchall()
        return rows

    def _execute(self, cursor: Any, statement: str, parameters: Sequence[Any] = ()) -> None:
        cursor.execute(statement.replace("?", self._mark), parameters)


BEHIND = "behind_dead_letter"


def _columns(letter: Letter) -> list[Any]:
    """Return a letter's columns; PostgreSQL's text has no place for the character NUL."""
    headers = orjson.dumps([[name, value.hex()] for name, value in letter.headers]).decode()
    words = [word.replace("\0", "␀") for word in (letter.field, letter.reason)]
    return [*letter[:7], headers, letter.code, *words, letter.holds]


def _stored(row: Any) -> StoredLetter:
    headers = tuple((name, bytes.fromhex(value)) for name, value in orjson.loads(row["headers"]))
    key, value = (None if row[name] is None else bytes(row[name]) for name in ("key", "value"))
    record = (row["consumer"], row["topic"], row["partition"], row["record_offset"], row["record_ms"], key, value)
    letter = Letter(*record, headers, row["code"], row["field"], row["reason"], bool(row["holds"]))
    return StoredLetter(row["letter"], row["recorded_at"], letter, row["how"])
