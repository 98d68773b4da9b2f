"""The log in a SQLite file: appends facts in one transaction with their positions, references, tree head, refusals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import repeat
from typing import Any, cast

import orjson
from eventsourcing.persistence import (
    IntegrityError,
    ListenNotifySubscription,
    Notification,
    StoredEvent,
    Subscription,
)
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from adapters.store.kafka_tables import Beside, KafkaTables, MakeBeside
from adapters.store.log import Log, Row
from adapters.store.recording import (
    KEY_TOPICS,
    KeysMoved,
    Numbered,
    Outcome,
    Receipt,
    Reject,
    StoredFact,
    era_of,
    maybe_known,
    numbered,
    positions_of,
)
from adapters.store.sqlite_following import SqliteNotices
from adapters.store.sqlite_snapshot import SqliteSnapshot
from domain.envelope import Submission
from domain.merkle import EMPTY_TREE, Tree
from projections.folding.seen import RawEvent

HEARTBEAT_SECONDS = 0.05
KAFKA = KafkaTables("?")

INSERT_EVENT = (  # first what the recorder decides, then a submission's fields in their order, but its references
    "INSERT INTO stored_events (position, recorded_at, originator_version, leaf_hash, originator_id, topic, state, "
    "source, event_id, signature, key_id, facility, occurred_earliest, occurred_latest, source_recorded_latest) "
    "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
NOTIFICATION = (
    "position AS id, originator_id, coalesce(originator_version, position) AS originator_version, topic, state"
)
EVENT = "e.position, e.recorded_at, e.state, e.topic, e.signature"
RAW_EVENT = "position, originator_id, topic, source, event_id, occurred_earliest, occurred_latest, state"
MENTIONING = (
    "e.position <= ?3 AND e.position IN ("
    "SELECT p.value FROM json_each(?1) AS era CROSS JOIN json_each(?2) AS wanted CROSS JOIN event_refs AS r "
    "ON r.era = era.value AND r.ref = wanted.value CROSS JOIN json_each(r.positions) AS p)"
)
ABOUT = f"SELECT {EVENT} FROM stored_events AS e WHERE {MENTIONING} ORDER BY e.position"  # noqa: S608 - our own names
INSERT_REF = "INSERT INTO event_refs VALUES (?, ?, ?)"
INSERT_HEAD = "INSERT INTO tree_heads VALUES (?, ?, ?, ?)"
INSERT_REJECT = (
    "INSERT INTO rejects (code, field, reason, origin, row, body, body_hash, recorded_at) "
    "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (SELECT 1 FROM rejects "
    "WHERE origin = ?4 AND row = ?5 AND code = ?1 AND field = ?2 AND body_hash = ?7)"
)
SELECT_HEAD = "SELECT size, peaks, recorded_at FROM tree_heads ORDER BY size DESC LIMIT 1"
SELECT_LARGEST_ID = "SELECT max(event_id) AS event_id FROM stored_events"
SELECT_KNOWN = (
    "SELECT e.source, e.event_id, e.position, e.leaf_hash, e.recorded_at FROM json_each(?) AS wanted "
    "CROSS JOIN stored_events AS e ON e.event_id = wanted.value"
)
SELECT_KEYS = (
    f"SELECT 1 FROM stored_events WHERE topic IN ({','.join('?' * len(KEY_TOPICS))}) "  # noqa: S608 - our own names
    "AND topic NOT LIKE 'custody.%' AND position > ? LIMIT 1"
)


class LedgerRecorder(SQLiteApplicationRecorder, Log):
    """The library's application recorder over our schema; the schema itself is made by `opening.create`."""

    def __init__(self, datastore: Any) -> None:
        super().__init__(datastore)
        self.select_max_notification_id_statement = "SELECT coalesce(max(position), 0) FROM stored_events"
        # Aggregates only: it is what the index holds. What is about a stream of facts, `Ledger.about` finds.
        self.select_events_statement += "AND originator_version IS NOT NULL "
        self._subscriptions: list[LedgerSubscription] = []

    def construct_create_table_statements(self) -> list[str]:
        """Create nothing: a recorder never makes or changes the schema."""
        return []

    def append(
        self,
        facts: Sequence[Submission],
        *,
        now_us: int,
        rejects: Sequence[Reject] = (),
        keys_upto: int | None = None,
        beside: MakeBeside | None = None,
    ) -> list[Outcome]:
        """Append the new ones of these facts, the refusals, and what goes beside them, in one durable transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            if keys_upto is not None:
                _check_keys(cursor, keys_upto)
            outcomes = self._append(cursor, facts, now_us, repeat(None))
            also = beside(outcomes) if beside else Beside()
            KAFKA.write(cursor, also, now_us=now_us)
            cursor.executemany(INSERT_REJECT, [_reject_row(reject, now_us) for reject in (*rejects, *also.rejects)])
        for subscription in self._subscriptions:
            subscription.notify()
        return outcomes

    def _insert_events(
        self,
        c: SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        **kwargs: Any,
    ) -> Sequence[int]:
        """Serve the library's own `save()`: all are new, or none is written."""
        facts = cast("Sequence[StoredFact]", stored_events)  # our mapper makes nothing else
        submissions = [fact.submission for fact in facts]
        outcomes = self._append(c, submissions, kwargs["now_us"], [fact.originator_version for fact in facts])
        receipts = [outcome for outcome in outcomes if isinstance(outcome, Receipt) and outcome.is_new]
        if len(receipts) < len(facts):
            raise IntegrityError("an event of this batch is not new")
        return [receipt.position for receipt in receipts]

    def _append(
        self, c: SQLiteCursor, facts: Sequence[Submission], now_us: int, versions: Iterable[int | None]
    ) -> list[Outcome]:
        tree, head_us = _read_head(c)
        now_us = max(now_us, head_us)
        known = _known(c, facts)
        outcomes, fresh = numbered(facts, versions, known, after=tree.size, now_us=now_us)
        if fresh:
            _write(c, fresh, tree, now_us)
        return outcomes

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Any]:
        """Return notifications whose ids are our explicit positions."""
        first = (start or 0) + (0 if inclusive_of_start else 1)
        where, params = "position >= ?", [first]
        if stop is not None:
            where, params = f"{where} AND position <= ?", [*params, stop]
        where += among(topics)
        statement = f"SELECT {NOTIFICATION} FROM stored_events WHERE {where} ORDER BY position LIMIT ?"  # noqa: S608
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(statement, [*params, *topics, limit])
            return [Notification(**row) for row in map(dict, cursor.fetchall())]

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[Any]:
        """Follow the log from after `gt`; the stock SQLite recorder cannot."""
        subscription = LedgerSubscription(self, gt=gt, topics=topics)
        self._subscriptions.append(subscription)
        return subscription

    def position(self) -> int:
        """Return the last position, 0 for an empty log."""
        return self.max_notification_id() or 0

    def position_known_by(self, moment_us: int) -> int:
        """Return the last position stored at or before a moment of the ledger's clock."""
        statement = "SELECT coalesce(max(size), 0) FROM tree_heads WHERE recorded_at <= ?"
        return int(self.rows(statement, [moment_us])[0][0])

    def page(self, *, after: int, upto: int, topics: Sequence[str], limit: int) -> Sequence[Row]:
        """Return so many events with positions in (after, upto], in order."""
        where, order = f"e.position > ? AND e.position <= ?{among(topics)}", "e.position LIMIT ?"
        statement = f"SELECT {EVENT} FROM stored_events AS e WHERE {where} ORDER BY {order}"  # noqa: S608
        return self.rows(statement, [after, upto, *topics, limit])

    def whole_rows(self, *, after: int, limit: int) -> Sequence[Row]:
        """Return so many events beyond a position with every column, in order."""
        statement = "SELECT * FROM stored_events WHERE position > ? ORDER BY position LIMIT ?"
        return self.rows(statement, [after, limit])

    def about(self, refs: Sequence[str], *, upto: int) -> Sequence[Row]:
        """Return every event in, or mentioning, any of these references up to a position, in order."""
        return self.rows(ABOUT, _mentioning(refs, upto))

    def at(self, positions: Sequence[int]) -> Sequence[Row]:
        """Return the events at these positions, in order."""
        where = "e.position IN (SELECT value FROM json_each(?)) ORDER BY e.position"
        statement = f"SELECT {EVENT} FROM stored_events AS e WHERE {where}"  # noqa: S608 - our own names
        return self.rows(statement, [orjson.dumps(list(positions)).decode()])

    def published(self, event_ids: Sequence[str], *, topics: Sequence[str], upto: int) -> Sequence[Row]:
        """Return the events of these types with these ids, whoever published them, up to a position."""
        statement = (
            f"SELECT {EVENT} FROM json_each(?) AS wanted CROSS JOIN stored_events AS e "  # noqa: S608 - our own names
            f"ON e.event_id = wanted.value WHERE e.position <= ? AND +e.topic IN ({','.join('?' * len(topics))})"
        )
        return self.rows(statement, [orjson.dumps(list(event_ids)).decode(), upto, *topics])

    def raw_published(self, event_ids: Sequence[str], *, upto: int) -> list[RawEvent]:
        """Return the events with these ids, whoever published them, up to a position, as folds read them."""
        statement = (
            f"SELECT {RAW_EVENT} FROM json_each(?) AS wanted CROSS JOIN stored_events "  # noqa: S608 - our own names
            "ON event_id = wanted.value WHERE position <= ?"
        )
        return self._raw(statement, [orjson.dumps(list(event_ids)).decode(), upto])

    def raw_about(self, refs: Sequence[str], *, topics: Sequence[str], upto: int) -> list[RawEvent]:
        """Return every event of these types in, or mentioning, any of these references, as folds read them."""
        marks = ", ".join(f"?{number}" for number in range(4, 4 + len(topics)))
        where = f"{MENTIONING} AND +e.topic IN ({marks})"
        statement = f"SELECT {RAW_EVENT} FROM stored_events AS e WHERE {where} ORDER BY position"  # noqa: S608 - same
        return self._raw(statement, [*_mentioning(refs, upto), *topics])

    def raw_at(self, positions: Sequence[int]) -> list[RawEvent]:
        """Return the events at these positions as folds read them, in order."""
        where = "position IN (SELECT value FROM json_each(?)) ORDER BY position"
        statement = f"SELECT {RAW_EVENT} FROM stored_events WHERE {where}"  # noqa: S608 - our own names
        return self._raw(statement, [orjson.dumps(list(positions)).decode()])

    def raw_events(self, *, after: int, upto: int, topics: Sequence[str]) -> list[RawEvent]:
        """Return the events with positions in (after, upto] of these types as folds read them, in order."""
        where = f"position > ? AND position <= ?{among(topics)}"
        statement = f"SELECT {RAW_EVENT} FROM stored_events WHERE {where} ORDER BY position"  # noqa: S608 - same
        return self._raw(statement, [after, upto, *topics])

    def _raw(self, statement: str, parameters: Sequence[Any]) -> list[RawEvent]:
        with self.datastore.transaction(commit=False) as cursor:
            cursor.sqlite_cursor.row_factory = None  # plain tuples: half the time goes into making rows
            cursor.execute(statement, parameters)
            return cast("list[RawEvent]", cursor.fetchall())

    def leaf_at(self, position: int) -> bytes:
        """Return the leaf hash of the event at a position, b"" if there is none."""
        found = self.rows("SELECT leaf_hash FROM stored_events WHERE position = ?", [position])
        return bytes(found[0]["leaf_hash"]) if found else b""

    def tree_upto(self, position: int) -> Tree:
        """Return the tree of the last head that is not beyond a position."""
        found = self.rows("SELECT size, peaks FROM tree_heads WHERE size <= ? ORDER BY size DESC LIMIT 1", [position])
        return Tree.of(*found[0]) if found else EMPTY_TREE

    def leaves(self, *, after: int, upto: int) -> list[bytes]:
        """Return the leaf hashes of the events with positions in (after, upto], in order."""
        where = "position > ? AND position <= ? ORDER BY position"
        found = self.rows(f"SELECT leaf_hash FROM stored_events WHERE {where}", [after, upto])  # noqa: S608
        return [row["leaf_hash"] for row in found]

    def stream_of(self, source: str, event_id: str) -> str | None:
        """Return the stream of an event, or None if the log does not hold it."""
        statement = "SELECT originator_id FROM stored_events WHERE event_id = ? AND source = ?"
        return next((str(row["originator_id"]) for row in self.rows(statement, [event_id, source])), None)

    def refs_of(self, kinds: Sequence[str]) -> list[str]:
        """Return every reference of these kinds, in the order of their characters."""
        any_kind = " OR ".join("(ref > ? || '/' AND ref < ? || '0')" for _ in kinds)  # "0" comes next after "/"
        statement = f"SELECT DISTINCT ref FROM event_refs WHERE {any_kind} ORDER BY ref"  # noqa: S608
        return [str(row["ref"]) for row in self.rows(statement, [kind for kind in kinds for _ in range(2)])]

    def latest_told(self, topics: Sequence[str], agency: str, *, after: int, upto: int) -> int | None:
        """Return the latest time of such events by agencies whose id begins so, leaving out times yet to come then."""
        statement = (
            "SELECT max(occurred_latest) FROM stored_events WHERE "  # noqa: S608 - one `?` for each topic
            f"topic IN ({','.join('?' * len(topics))}) AND position > ? AND position <= ? "
            "AND source LIKE '%:' || ? || '%' AND occurred_latest <= recorded_at"
        )
        latest = self.rows(statement, [*topics, after, upto, agency])[0][0]
        return None if latest is None else int(latest)

    @property
    def kafka_tables(self) -> KafkaTables:
        """Return the statements about Kafka, in this store's SQL."""
        return KAFKA

    def reading(self) -> AbstractContextManager[Any]:
        """Return a cursor within a transaction that reads."""
        return self.datastore.transaction(commit=False)

    @contextmanager
    def snapshot(self) -> Iterator[SqliteSnapshot]:
        """Yield reads of one moment."""
        with self.datastore.transaction(commit=False) as cursor:
            yield SqliteSnapshot(cursor)

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        """Run one read and return its rows; nothing here can write."""
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(statement, parameters)
            return cast("Sequence[Any]", cursor.fetchall())

    def notices(self) -> SqliteNotices:
        """Return what wakes whoever follows the log."""
        return SqliteNotices(self.datastore.pool.db_name)

    def close(self) -> None:
        """Close every connection."""
        self.datastore.close()


class LedgerSubscription(ListenNotifySubscription[Any]):
    """Pulls when this process appends, and on a heartbeat for what other processes append."""

    def notify(self) -> None:
        """Wake the pulling thread now."""
        self._has_been_notified.set()

    def _loop_on_pull(self) -> None:
        try:
            while not self._has_been_stopped:
                self._pull()
                self._has_been_notified.wait(HEARTBEAT_SECONDS)
        except BaseException as error:
            self._thread_error = error
            self.stop()


def _read_head(c: SQLiteCursor) -> tuple[Tree, int]:
    c.execute(SELECT_HEAD)
    row = c.fetchone()
    if row is None:
        return EMPTY_TREE, 0
    return Tree.of(row["size"], row["peaks"]), row["recorded_at"]


def _check_keys(c: SQLiteCursor, upto: int) -> None:
    c.execute(SELECT_KEYS, [*KEY_TOPICS, upto])
    if c.fetchone():
        raise KeysMoved


def _known(c: SQLiteCursor, facts: Sequence[Submission]) -> dict[tuple[str, str], Receipt]:
    c.execute(SELECT_LARGEST_ID)
    c.execute(SELECT_KNOWN, (orjson.dumps(maybe_known(facts, c.fetchone()["event_id"])).decode(),))
    return {
        (row["source"], row["event_id"]): Receipt(row["position"], row["leaf_hash"], row["recorded_at"], is_new=False)
        for row in c.fetchall()
    }


def _write(c: SQLiteCursor, fresh: Sequence[Numbered], tree: Tree, now_us: int) -> None:
    c.executemany(
        INSERT_EVENT, ((position, now_us, version, leaf, *fact[:-1]) for position, version, leaf, fact in fresh)
    )
    c.executemany(INSERT_REF, _posting_lists(fresh))
    grown = tree.grow(leaf for _, _, leaf, _ in fresh)
    c.execute(INSERT_HEAD, (grown.size, grown.root, b"".join(grown.peaks), now_us))


def _posting_lists(fresh: Sequence[Numbered]) -> Iterator[tuple[int, str, str]]:
    """Yield a row for each reference of a transaction, in the order of the table."""
    return ((era_of(found[0]), ref, orjson.dumps(found).decode()) for ref, found in positions_of(fresh))


def _mentioning(refs: Sequence[str], upto: int) -> list[Any]:
    """Return the first three parameters of what uses `MENTIONING`."""
    eras = list(range(era_of(upto) + 1))
    return [orjson.dumps(eras).decode(), orjson.dumps(list(refs)).decode(), upto]


def among(topics: Sequence[str]) -> str:
    """Return what narrows a WHERE clause to these topics, one parameter for each; "" if there are none."""
    if not topics:
        return ""
    # The second half says nothing new where it stands: it lets SQLite use the index of the rarer topics.
    rarer = "" if any(topic.startswith("custody.") for topic in topics) else " AND topic NOT LIKE 'custody.%'"
    return f" AND topic IN ({','.join('?' * len(topics))}){rarer}"


def _reject_row(reject: Reject, now_us: int) -> tuple[Any, ...]:
    return (
        reject.code,
        reject.field,
        reject.reason,
        reject.origin,
        reject.row,
        reject.body,
        reject.body_hash,
        now_us,
    )
