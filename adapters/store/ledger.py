"""The ledger: an `eventsourcing` application over our recorder. Facts are appended without loading any state."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import orjson
from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment, strtobool

from adapters.store.mapper import CustodyMapper
from adapters.store.opening import check_is_ledger, create, explained, reading_uri
from adapters.store.recorder import LedgerRecorder, Outcome, Reject, among, era_of
from adapters.store.sqlite import LedgerFactory, file_uri
from domain.envelope import Submission, read_envelope
from domain.errors import IntegrityProblem, LedgerUnavailable
from domain.events.catalogue import CATALOGUE
from domain.instants import EPOCH, microseconds
from projections.folding.seen import RawEvent
from projections.recorded import Recorded

PAGE_EVENTS = 2_000
LOOK_SECONDS = 0.02
UNSAFE_SETTING = "POSTGRES_ENABLE_DB_FUNCTIONS"
EVENT_COLUMNS = "e.position, e.recorded_at, e.state, e.topic"
RAW_COLUMNS = "position, originator_id, topic, source, event_id, occurred_earliest, occurred_latest, state"


class Rows(Protocol):
    """Runs one read and returns its rows."""

    def __call__(self, statement: str, parameters: Sequence[Any] = ()) -> Iterator[Any]:
        """Return the rows of a statement."""
        ...


class Ledger(Application[str]):
    """One ledger file. Use `Ledger.create`, `Ledger.open_to_write` or `Ledger.open_to_read`; close it after."""

    name = "CustodyLedger"

    def __init__(self, path: Path, uri: str) -> None:
        self.path = path
        if strtobool(os.environ.get(UNSAFE_SETTING, "no") or "no"):
            raise LedgerUnavailable(
                "unsafe_setting",
                f"{UNSAFE_SETTING} is on: with it, readers that follow the log miss events",
                where="environment",
                mend=f"unset {UNSAFE_SETTING}",
            )
        with explained(path):
            super().__init__({LedgerFactory.SQLITE_DBNAME: uri, "CREATE_TABLE": "no"})

    @classmethod
    def create(cls, path: Path) -> Ledger:
        """Make the file if there is none, and open it to write."""
        create(path)
        return cls.open_to_write(path)

    @classmethod
    def open_to_write(cls, path: Path) -> Ledger:
        """Open an existing ledger for appending."""
        check_is_ledger(path)
        return cls(path, file_uri(path, query="mode=rw"))

    @classmethod
    def open_to_read(cls, path: Path) -> Ledger:
        """Open an existing ledger without any way to change it."""
        check_is_ledger(path)
        return cls(path, reading_uri(path))

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Use our factory whatever the process environment says."""
        return LedgerFactory(env)

    def construct_mapper(self) -> CustodyMapper:
        """Use our mapper whatever the process environment says."""
        return CustodyMapper()

    def construct_recorder(self) -> LedgerRecorder:
        """Use our recorder whatever the process environment says."""
        return LedgerRecorder(self.factory.datastore)  # type: ignore[attr-defined]

    @property
    def facts(self) -> LedgerRecorder:
        """Return the recorder under its own type."""
        assert isinstance(self.recorder, LedgerRecorder)  # noqa: S101 - made by construct_recorder
        return self.recorder

    def append(
        self, submissions: Sequence[Submission], *, now: datetime, rejects: Sequence[Reject] = ()
    ) -> list[Outcome]:
        """Store submissions in order, and refusals beside them, in one durable transaction; an outcome for each."""
        with explained(self.path):
            return self.facts.append(submissions, now_us=microseconds(now), rejects=rejects)

    def position(self) -> int:
        """Return the last position, 0 for an empty ledger."""
        with explained(self.path):
            return self.facts.max_notification_id()

    def wait_beyond(self, position: int, seconds: float) -> int:
        """Return the last position as soon as it is beyond this one, or after so many seconds at the latest."""
        until = time.monotonic() + seconds
        while (found := self.position()) <= position and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)  # SQLite tells other processes nothing
        return found

    def position_known_by(self, moment: datetime) -> int:
        """Return the last position stored at or before a moment of the ledger's clock."""
        rows = self.rows("SELECT coalesce(max(size), 0) FROM tree_heads WHERE recorded_at <= ?", [microseconds(moment)])
        return int(next(rows)[0])

    def recorded(
        self, *, after: int = 0, upto: int | None = None, topics: Sequence[str] = (), limit: int | None = None
    ) -> Iterator[Recorded]:
        """Yield events in order, in pages, with their positions in (after, upto]."""
        return (decode(row) for row in self.event_rows(after=after, upto=upto, topics=topics, limit=limit))

    def event_rows(
        self, *, after: int = 0, upto: int | None = None, topics: Sequence[str] = (), limit: int | None = None
    ) -> Iterator[Any]:
        """Yield the raw rows (position, recorded_at, state, topic) of the same events."""
        where = f"e.position > ? AND e.position <= ?{among(topics)}"
        columns, order = EVENT_COLUMNS, "e.position LIMIT ?"
        select = f"SELECT {columns} FROM stored_events AS e WHERE {where} ORDER BY {order}"  # noqa: S608
        last = self.position() if upto is None else upto
        remaining = last if limit is None else limit
        while remaining > 0:
            page = list(self.rows(select, [after, last, *topics, min(PAGE_EVENTS, remaining)]))
            yield from page
            if len(page) < min(PAGE_EVENTS, remaining):
                return
            after, remaining = page[-1]["position"], remaining - len(page)

    def about(self, refs: Sequence[str], *, upto: int | None = None) -> list[Recorded]:
        """Return every event in, or mentioning, any of these references, in order."""
        last = self.position() if upto is None else upto
        eras = list(range(era_of(last) + 1))
        statement = (
            f"SELECT {EVENT_COLUMNS} FROM stored_events AS e WHERE e.position <= ?3 AND e.position IN ("  # noqa: S608
            "SELECT p.value FROM json_each(?1) AS era CROSS JOIN json_each(?2) AS wanted CROSS JOIN event_refs AS r "
            "ON r.era = era.value AND r.ref = wanted.value CROSS JOIN json_each(r.positions) AS p) ORDER BY e.position"
        )
        parameters = [orjson.dumps(eras).decode(), orjson.dumps(list(refs)).decode(), last]
        return [decode(row) for row in self.rows(statement, parameters)]

    def published(self, event_ids: Sequence[str], *, topics: Sequence[str], upto: int) -> list[Recorded]:
        """Return the events of these types with these ids, whoever published them, up to a position."""
        where = f"e.position <= ? AND e.topic IN ({','.join('?' * len(topics))})"
        select = (
            f"SELECT {EVENT_COLUMNS} FROM json_each(?) AS wanted CROSS JOIN stored_events AS e "  # noqa: S608 - our own
            f"ON e.event_id = wanted.value WHERE {where}"
        )
        ids = orjson.dumps(list(event_ids)).decode()
        return [decode(row) for row in self.rows(select, [ids, upto, *topics])]

    def at(self, positions: Sequence[int]) -> list[Recorded]:
        """Return the events at these positions, in order."""
        where = "e.position IN (SELECT value FROM json_each(?)) ORDER BY e.position"
        select = f"SELECT {EVENT_COLUMNS} FROM stored_events AS e WHERE {where}"  # noqa: S608 - our own names
        return [decode(row) for row in self.rows(select, [orjson.dumps(list(positions)).decode()])]

    def raw_events(self, *, after: int, upto: int, topics: Sequence[str]) -> list[RawEvent]:
        """Return the events with positions in (after, upto] of these types, their bytes not decoded."""
        where = f"position > ? AND position <= ? AND topic IN ({','.join('?' * len(topics))})"
        select = f"SELECT {RAW_COLUMNS} FROM stored_events WHERE {where} ORDER BY position"  # noqa: S608 - same
        with explained(self.path), self.facts.datastore.transaction(commit=False) as cursor:
            cursor.execute(select, [after, upto, *topics])
            return [tuple(row) for row in cursor.fetchall()]

    def leaf_at(self, position: int) -> str:
        """Return the leaf hash, in hex, of the event at a position, "" if there is none."""
        found = self.rows("SELECT leaf_hash FROM stored_events WHERE position = ?", [position])
        return next((bytes(row["leaf_hash"]).hex() for row in found), "")

    def stream_of(self, source: str, event_id: str) -> str | None:
        """Return the stream of an event, or None if the log does not hold it."""
        found = self.rows(
            "SELECT originator_id FROM stored_events WHERE event_id = ? AND source = ?", [event_id, source]
        )
        return next((str(row["originator_id"]) for row in found), None)

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> Iterator[Any]:
        """Run one read and return its rows; nothing here can write."""
        with self.snapshot() as rows:
            return rows(statement, parameters)

    @contextmanager
    def snapshot(self) -> Iterator[Rows]:
        """Yield what runs reads of one moment: nothing that is written meanwhile is seen by any of them."""
        with explained(self.path), self.facts.datastore.transaction(commit=False) as cursor:

            def rows(statement: str, parameters: Sequence[Any] = ()) -> Iterator[Any]:
                cursor.execute(statement, parameters)
                return iter(cursor.fetchall())

            yield rows


def decode(row: Any) -> Recorded:
    """Read a stored row through the closed catalogue."""
    topic = row["topic"]
    if topic not in CATALOGUE:
        raise IntegrityProblem(
            "unknown_topic",
            f"type {topic[:80]!r} is not in the catalogue",
            where=f"position {row['position']}",
        )
    try:
        envelope = read_envelope(CATALOGUE[topic], row["state"])
        occurred = envelope.occurred
    except ValueError as error:
        what = f"the stored event is not what its type says: {str(error).splitlines()[0]}"
        where = f"position {row['position']}"
        raise IntegrityProblem("bad_event", what, where=where, mend="run `custody verify`") from None
    recorded_at = EPOCH + timedelta(microseconds=row["recorded_at"])
    return Recorded(row["position"], recorded_at, envelope, envelope.data, occurred)


def system_clock() -> datetime:
    """Return the present moment in UTC: the one clock of the adapters."""
    return datetime.now(UTC)


Clock = Callable[[], datetime]
