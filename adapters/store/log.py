"""The port: what a ledger asks of the place where its log is kept. SQLite and PostgreSQL each have their own SQL.

A row is read by column name. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from eventsourcing.persistence import ApplicationRecorder

from adapters.store.kafka_tables import Chain, KafkaTables, MakeBeside, StoredLetter
from adapters.store.recording import Outcome, Reject
from domain.envelope import Submission
from domain.merkle import Tree
from projections.folding.seen import RawEvent

Row = Mapping[str, Any]


class PostingList(NamedTuple):
    """Where a transaction mentions a reference. `positions` is None where what is stored is not as we write it."""

    era: int
    ref: str
    positions: list[int] | None


class Snapshot(Protocol):
    """Reads of one moment, for who checks everything: nothing that is written meanwhile is seen by any of them."""

    def schema_problems(self) -> Iterator[str]:
        """Yield what of the tables, indexes and triggers is missing, was changed, or does not belong."""
        ...

    def heads(self) -> Iterator[Row]:
        """Yield the tree heads (size, root, peaks, recorded_at) by size."""
        ...

    def events(self) -> Iterator[Row]:
        """Yield the events with every column, by position."""
        ...

    def posting_lists(self) -> Iterator[PostingList]:
        """Yield the posting lists, in any order."""
        ...

    def lost_refusals(self) -> Iterator[tuple[int, int]]:
        """Yield the first and last of each run of numbers that refusals had, and that are not there.

        Nothing where numbers may have gaps: a database counts on when a transaction fails.
        """
        ...

    def letters(self) -> Iterator[Row]:
        """Yield of each dead letter letter, consumer, topic, partition, record_offset, and next_offset, by letter.

        `next_offset` is how far its consumer has read its partition, None where that is not kept.
        """
        ...

    def ends_alone(self) -> Iterator[int]:
        """Yield the numbers of dead letters that have ended, and are not there."""
        ...

    def refused_bodies(self) -> Iterator[Row]:
        """Yield of each refusal that has bytes reject_id, body and body_hash, by reject_id."""
        ...


class Notices(Protocol):
    """Tells when the log may have grown. Whoever looks at the log after each `wait` misses nothing."""

    def wait(self, seconds: float) -> None:
        """Return once something was committed since this last returned, or after so many seconds."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class Log(ApplicationRecorder, ABC):
    """The library's application recorder, and what our ledger asks beyond it."""

    @abstractmethod
    def append(
        self,
        facts: Sequence[Submission],
        *,
        now_us: int,
        rejects: Sequence[Reject] = (),
        keys_upto: int | None = None,
        beside: MakeBeside | None = None,
    ) -> list[Outcome]:
        """Append the new ones of these facts, the refusals, and what goes beside them, in one durable transaction.

        Raise KeysMoved, if `keys_upto` is given, where an event about keys has a later position, and MovedByAnother
        where what goes beside is no longer so; nothing is stored then.
        """

    @abstractmethod
    def position(self) -> int:
        """Return the last position, 0 for an empty log."""

    @abstractmethod
    def position_known_by(self, moment_us: int) -> int:
        """Return the last position stored at or before a moment of the ledger's clock."""

    @abstractmethod
    def page(self, *, after: int, upto: int, topics: Sequence[str], limit: int) -> Sequence[Row]:
        """Return so many events with positions in (after, upto], in order.

        A row has position, recorded_at, state, topic, signature.
        """

    @abstractmethod
    def whole_rows(self, *, after: int, limit: int) -> Sequence[Row]:
        """Return so many events beyond a position with every column, in order."""

    @abstractmethod
    def about(self, refs: Sequence[str], *, upto: int) -> Sequence[Row]:
        """Return every event in, or mentioning, any of these references up to a position, in order."""

    @abstractmethod
    def at(self, positions: Sequence[int]) -> Sequence[Row]:
        """Return the events at these positions, in order."""

    @abstractmethod
    def published(self, event_ids: Sequence[str], *, topics: Sequence[str], upto: int) -> Sequence[Row]:
        """Return the events of these types with these ids, whoever published them, up to a position."""

    @abstractmethod
    def raw_published(self, event_ids: Sequence[str], *, upto: int) -> list[RawEvent]:
        """Return the events with these ids, whoever published them, up to a position, as folds read them."""

    @abstractmethod
    def raw_about(self, refs: Sequence[str], *, topics: Sequence[str], upto: int) -> list[RawEvent]:
        """Return every event of these types in, or mentioning, any of these references, as folds read them."""

    @abstractmethod
    def raw_at(self, positions: Sequence[int]) -> list[RawEvent]:
        """Return the events at these positions as folds read them, in order."""

    @abstractmethod
    def raw_events(self, *, after: int, upto: int, topics: Sequence[str]) -> list[RawEvent]:
        """Return the events with positions in (after, upto] of these types as folds read them, in order."""

    @abstractmethod
    def leaf_at(self, position: int) -> bytes:
        """Return the leaf hash of the event at a position, b"" if there is none."""

    @abstractmethod
    def tree_upto(self, position: int) -> Tree:
        """Return the tree of the last head that is not beyond a position."""

    @abstractmethod
    def leaves(self, *, after: int, upto: int) -> list[bytes]:
        """Return the leaf hashes of the events with positions in (after, upto], in order."""

    @abstractmethod
    def stream_of(self, source: str, event_id: str) -> str | None:
        """Return the stream of an event, or None if the log does not hold it."""

    @abstractmethod
    def refs_of(self, kinds: Sequence[str]) -> list[str]:
        """Return every reference of these kinds ("episode", ...), in the order of their characters."""

    @abstractmethod
    def latest_told(self, topics: Sequence[str], agency: str, *, after: int, upto: int) -> int | None:
        """Return the latest time of such events by agencies whose id begins so, leaving out times yet to come then."""

    @property
    @abstractmethod
    def kafka_tables(self) -> KafkaTables:
        """Return the statements about Kafka, in this store's SQL."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Any]:
        """Return a cursor within a transaction that reads."""

    def kafka_offsets(self, consumer: str) -> dict[tuple[str, int], int]:
        """Return the next offset of each topic and partition that a consumer has read from."""
        with self.reading() as cursor:
            return self.kafka_tables.offsets(cursor, consumer)

    def held_chains(self) -> set[Chain]:
        """Return the chains of which an open dead letter holds what comes after it."""
        with self.reading() as cursor:
            return self.kafka_tables.held(cursor)

    def dead_letters(self, *, after: int, topic: str, limit: int) -> list[StoredLetter]:
        """Return so many dead letters beyond a number, of one topic or ("") of all, in order."""
        with self.reading() as cursor:
            return self.kafka_tables.letters(cursor, after=after, topic=topic, limit=limit)

    def letter_topics(self) -> list[str]:
        """Return the topics that dead letters came from."""
        with self.reading() as cursor:
            return self.kafka_tables.letter_topics(cursor)

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return reads of one moment."""

    @abstractmethod
    def notices(self) -> Notices:
        """Return what wakes whoever follows the log, also when another process appends; the caller closes it."""

    @abstractmethod
    def close(self) -> None:
        """Close every connection."""


class Backend(Protocol):
    """A place where a ledger is or will be, and what can go wrong there."""

    def create(self) -> None:
        """Make an empty ledger; one that exists stays as it is."""
        ...

    def opened(self, *, reading: bool) -> Log:
        """Open an existing ledger; raise LedgerUnavailable. Reading, nothing can be changed through it."""
        ...

    def explained(self) -> AbstractContextManager[None]:
        """Turn every error of the place within a block into LedgerUnavailable with a mend."""
        ...
