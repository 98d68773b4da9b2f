"""The ledger: an `eventsourcing` application over a log. Facts are appended without loading any state."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment, strtobool

from adapters.store.factory import LedgerFactory
from adapters.store.kafka_tables import Chain, MakeBeside, StoredLetter
from adapters.store.log import Backend, Notices, Row, Snapshot
from adapters.store.mapper import CustodyMapper
from adapters.store.place import Place
from adapters.store.read_lately import ReadLately
from adapters.store.recording import Outcome, Reject
from domain.envelope import Submission, read_envelope
from domain.errors import InputRefused, IntegrityProblem, LedgerUnavailable
from domain.events.catalogue import CATALOGUE
from domain.instants import EPOCH, microseconds
from projections.folding.seen import RawEvent
from projections.recorded import Recorded

PAGE_EVENTS = 2_000
PAGE_LETTERS = 200
UNSAFE_SETTING = "POSTGRES_ENABLE_DB_FUNCTIONS"


class Ledger(Application[str]):
    """One ledger. Use `Ledger.create`, `Ledger.open_to_write` or `Ledger.open_to_read`; close it after."""

    name = "CustodyLedger"

    def __init__(self, place: Place, *, reading: bool) -> None:
        _refuse_unsafe_setting()
        self.place = place
        self._backend = backend_of(place)
        self.facts = self._backend.opened(reading=reading)
        self._notices: Notices | None = None
        self._read_lately = ReadLately(decode)
        super().__init__()

    @classmethod
    def create(cls, place: Place) -> Ledger:
        """Make a ledger if there is none, and open it to write."""
        _refuse_unsafe_setting()
        backend_of(place).create()
        return cls.open_to_write(place)

    @classmethod
    def open_to_write(cls, place: Place) -> Ledger:
        """Open an existing ledger for appending."""
        return cls(place, reading=False)

    @classmethod
    def open_to_read(cls, place: Place) -> Ledger:
        """Open an existing ledger without any way to change it."""
        return cls(place, reading=True)

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Use our factory whatever the process environment says."""
        return LedgerFactory(env, self.facts)

    def construct_mapper(self) -> CustodyMapper:
        """Use our mapper whatever the process environment says."""
        return CustodyMapper()

    def append(
        self,
        submissions: Sequence[Submission],
        *,
        now: datetime,
        rejects: Sequence[Reject] = (),
        keys_upto: int | None = None,
        beside: MakeBeside | None = None,
    ) -> list[Outcome]:
        """Store submissions in order, and refusals beside them, in one durable transaction; an outcome for each.

        Whoever judged them by the keys known at a position gives that; raise KeysMoved if there are later ones.
        `beside` is called within the transaction for what else belongs in it; raise MovedByAnother if that is no
        longer so. Nothing is stored then.
        """
        with self._backend.explained():
            return self.facts.append(
                submissions, now_us=microseconds(now), rejects=rejects, keys_upto=keys_upto, beside=beside
            )

    def position(self) -> int:
        """Return the last position, 0 for an empty ledger."""
        with self._backend.explained():
            return self.facts.position()

    def wait_beyond(self, position: int, seconds: float) -> int:
        """Return the last position as soon as it is beyond this one, or after so many seconds at the latest."""
        until = time.monotonic() + seconds
        with self._backend.explained():
            self._notices = self._notices or self.facts.notices()  # before the log is looked at: nothing falls between
            while (found := self.facts.position()) <= position and (left := until - time.monotonic()) > 0:
                self._notices.wait(left)
        return found

    def close(self) -> None:
        """Close every connection."""
        if self._notices is not None:
            self._notices.close()
        super().close()

    def position_known_by(self, moment: datetime) -> int:
        """Return the last position stored at or before a moment of the ledger's clock."""
        with self._backend.explained():
            return self.facts.position_known_by(microseconds(moment))

    def recorded(
        self, *, after: int = 0, upto: int | None = None, topics: Sequence[str] = (), limit: int | None = None
    ) -> Iterator[Recorded]:
        """Yield events in order, in pages, with their positions in (after, upto]."""
        return (decode(row) for row in self.event_rows(after=after, upto=upto, topics=topics, limit=limit))

    def event_rows(
        self, *, after: int = 0, upto: int | None = None, topics: Sequence[str] = (), limit: int | None = None
    ) -> Iterator[Row]:
        """Yield the raw rows (position, recorded_at, state, topic, signature) of the same events."""
        last = self.position() if upto is None else upto
        remaining = last if limit is None else limit
        while remaining > 0:
            wanted = min(PAGE_EVENTS, remaining)
            with self._backend.explained():
                page = self.facts.page(after=after, upto=last, topics=topics, limit=wanted)
            yield from page
            if len(page) < wanted:
                return
            after, remaining = page[-1]["position"], remaining - len(page)

    def about(self, refs: Sequence[str], *, upto: int | None = None) -> list[Recorded]:
        """Return every event in, or mentioning, any of these references, in order."""
        last = self.position() if upto is None else upto
        with self._backend.explained():
            return [self._read_lately.of(row) for row in self.facts.about(refs, upto=last)]

    def published(self, event_ids: Sequence[str], *, topics: Sequence[str], upto: int) -> list[Recorded]:
        """Return the events of these types with these ids, whoever published them, up to a position."""
        with self._backend.explained():
            return [decode(row) for row in self.facts.published(event_ids, topics=topics, upto=upto)]

    def raw_published(self, event_ids: Sequence[str], *, upto: int) -> list[RawEvent]:
        """Return the events with these ids, whoever published them, their bytes not decoded."""
        with self._backend.explained():
            return self.facts.raw_published(event_ids, upto=upto)

    def raw_about(self, refs: Sequence[str], *, topics: Sequence[str], upto: int) -> list[RawEvent]:
        """Return every event of these types in, or mentioning, any of these references, their bytes not decoded."""
        with self._backend.explained():
            return self.facts.raw_about(refs, topics=topics, upto=upto)

    def at(self, positions: Sequence[int]) -> list[Recorded]:
        """Return the events at these positions, in order."""
        with self._backend.explained():
            return [decode(row) for row in self.facts.at(positions)]

    def raw_at(self, positions: Sequence[int]) -> list[RawEvent]:
        """Return the events at these positions, in order, their bytes not decoded."""
        with self._backend.explained():
            return self.facts.raw_at(positions)

    def raw_events(self, *, after: int, upto: int, topics: Sequence[str]) -> list[RawEvent]:
        """Return the events with positions in (after, upto] of these types, their bytes not decoded."""
        with self._backend.explained():
            return self.facts.raw_events(after=after, upto=upto, topics=topics)

    def whole_rows(self, *, after: int, limit: int) -> Sequence[Row]:
        """Return so many events beyond a position with every column: what stands beside the bytes too."""
        with self._backend.explained():
            return self.facts.whole_rows(after=after, limit=limit)

    def leaf_at(self, position: int) -> str:
        """Return the leaf hash, in hex, of the event at a position, "" if there is none."""
        with self._backend.explained():
            return self.facts.leaf_at(position).hex()

    def root_at(self, position: int) -> str:
        """Return the root, in hex, of the tree of the first so many events, as `verify` prints it."""
        with self._backend.explained():
            tree = self.facts.tree_upto(position)
            return tree.grow(self.facts.leaves(after=tree.size, upto=position)).root.hex()

    def stream_of(self, source: str, event_id: str) -> str | None:
        """Return the stream of an event, or None if the log does not hold it."""
        with self._backend.explained():
            return self.facts.stream_of(source, event_id)

    def refs_of(self, kinds: Sequence[str]) -> list[str]:
        """Return every reference of these kinds ("episode", ...), in the order of their characters."""
        with self._backend.explained():
            return self.facts.refs_of(kinds)

    def latest_told(self, topics: Sequence[str], agency: str, *, after: int = 0, upto: int) -> datetime | None:
        """Return the latest time of such events by agencies whose id begins so, leaving out times yet to come then.

        Of the events with positions in (after, upto].
        """
        with self._backend.explained():
            latest = self.facts.latest_told(topics, agency, after=after, upto=upto)
        return None if latest is None else EPOCH + timedelta(microseconds=latest)

    def kafka_offsets(self, consumer: str) -> dict[tuple[str, int], int]:
        """Return the next offset of each topic and partition that a consumer of Kafka has read from."""
        with self._backend.explained():
            return self.facts.kafka_offsets(consumer)

    def held_chains(self) -> set[Chain]:
        """Return the chains (topic, record key) of which an open dead letter holds what comes after it."""
        with self._backend.explained():
            return self.facts.held_chains()

    def dead_letters(self, *, after: int = 0, topic: str = "") -> Iterator[StoredLetter]:
        """Yield dead letters beyond a number, of one topic or of all, in order, in pages."""
        while True:
            with self._backend.explained():
                page = self.facts.dead_letters(after=after, topic=topic, limit=PAGE_LETTERS)
            yield from page
            if len(page) < PAGE_LETTERS:
                return
            after = page[-1].number

    def letter_topics(self) -> list[str]:
        """Return the topics that dead letters came from."""
        with self._backend.explained():
            return self.facts.letter_topics()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Yield reads of one moment: nothing that is written meanwhile is seen by any of them."""
        with self._backend.explained(), self.facts.snapshot() as snapshot:
            yield snapshot


def backend_of(place: Place) -> Backend:
    """Return what keeps a ledger at a place; a library is loaded when it is needed."""
    if isinstance(place, Path):
        from adapters.store.opening import SqliteFile

        return SqliteFile(place)
    from adapters.store.postgres_database import PostgresDatabase

    return PostgresDatabase(place)


def let_in(place: Place, *, writer: str | None, reader: str | None) -> None:
    """Make a ledger if there is none, and let one role append and read, another only read.

    Raise InputRefused(no_roles) for a file.
    """
    if isinstance(place, Path):
        what, mend = "a ledger in a file has no roles", "whoever may read or write the file may read or append"
        raise InputRefused("no_roles", what, where="--writer, --reader", mend=mend)
    from adapters.store.postgres_database import PostgresDatabase

    database = PostgresDatabase(place)
    database.create()
    database.grant(writer=writer, reader=reader)


def _refuse_unsafe_setting() -> None:
    if strtobool(os.environ.get(UNSAFE_SETTING, "no") or "no"):
        raise LedgerUnavailable(
            "unsafe_setting",
            f"{UNSAFE_SETTING} is on: with it, readers that follow the log miss events",
            where="environment",
            mend=f"unset {UNSAFE_SETTING}",
        )


def decode(row: Row) -> Recorded:
    """Read a stored row through the closed catalogue."""
    topic = row["topic"]
    if topic not in CATALOGUE:
        raise IntegrityProblem(
            "unknown_topic",
            f"type {topic[:80]!r} is not in the catalogue",
            where=f"position {row['position']}",
            mend="use the program version that wrote it, or a newer one",
        )
    try:
        envelope = read_envelope(CATALOGUE[topic], row["state"])
        occurred = envelope.occurred
    except ValueError as error:
        what = f"the stored event is not what its type says: {str(error).splitlines()[0]}"
        where = f"position {row['position']}"
        raise IntegrityProblem("bad_event", what, where=where, mend="run `custody verify`") from None
    try:
        recorded_at = EPOCH + timedelta(microseconds=row["recorded_at"])
    except OverflowError:
        what, where = "the ledger's time of this event is none that a clock shows", f"position {row['position']}"
        raise IntegrityProblem("bad_event", what, where=where, mend="run `custody verify`") from None
    is_signed = row["signature"] is not None
    return Recorded(row["position"], recorded_at, envelope, envelope.data, occurred, is_signed=is_signed)


def system_clock() -> datetime:
    """Return the present moment in UTC: the one clock of the adapters."""
    return datetime.now(UTC)


Clock = Callable[[], datetime]
