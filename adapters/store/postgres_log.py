"""The log in PostgreSQL: one writer at a time, rows by COPY, and what is lost after COMMIT is found again.

Writers take one advisory lock, which needs no more than the right to insert, until their transaction ends. So
positions become visible in their order: who follows the log never sees one before the one below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

import psycopg
from eventsourcing.persistence import IntegrityError, Notification, StoredEvent, Subscription
from psycopg import Cursor
from psycopg.rows import DictRow, tuple_row

from adapters.store.kafka_tables import Beside, KafkaTables, MakeBeside
from adapters.store.log import Log, Row
from adapters.store.postgres_connections import Connections, attempts, is_lost
from adapters.store.postgres_following import CHANNEL, PostgresNotices, PostgresSubscription
from adapters.store.postgres_snapshot import PostgresSnapshot
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
from domain.envelope import Submission
from domain.errors import LedgerUnavailable
from domain.merkle import EMPTY_TREE, Tree
from projections.folding.seen import RawEvent

WRITERS = 0x43555354  # "CUST": the key of the writers' lock, within the database

KAFKA = KafkaTables("%s")
NOTIFY = f"NOTIFY {CHANNEL}"
LOCK = f"SELECT pg_advisory_xact_lock({WRITERS})"
ONE_BY_ONE = "WHERE random() >= 0"  # else the server stores rows by the thousand, when all were sent, and slower
COPY_EVENTS = (  # first what the recorder decides, then a submission's fields in their order, but its references
    "COPY stored_events (position, recorded_at, originator_version, leaf_hash, originator_id, topic, state, source, "
    "event_id, signature, key_id, facility, occurred_earliest, occurred_latest, source_recorded_latest) "
    f"FROM STDIN (FORMAT BINARY) {ONE_BY_ONE}"
)
NUMBERED_AT_ONCE = 200  # and sent: the server stores them while the next are numbered
EVENT_TYPES = ["int8"] * 3 + ["bytea", "text", "text", "bytea", "text", "text", "bytea", "text", "text"] + ["int8"] * 3
COPY_REFS = f"COPY event_refs (era, ref, positions) FROM STDIN {ONE_BY_ONE}"  # text: binary arrays are slow to write
INSERT_HEAD = "INSERT INTO tree_heads (size, root, peaks, recorded_at) VALUES (%s, %s, %s, %s)"
INSERT_REJECT = (
    'INSERT INTO rejects (code, field, reason, origin, "row", body, body_hash, recorded_at) '
    "SELECT %(code)s, %(field)s, %(reason)s, %(origin)s, %(row)s, %(body)s, %(body_hash)s, %(now_us)s "
    "WHERE NOT EXISTS (SELECT FROM rejects AS r WHERE r.body_hash = %(body_hash)s AND r.row = %(row)s "
    "AND r.origin = %(origin)s AND r.code = %(code)s AND r.field = %(field)s)"
)
SELECT_HEAD = (
    "SELECT size, peaks, recorded_at, (SELECT max(event_id) FROM stored_events) AS largest_id "
    "FROM tree_heads ORDER BY size DESC LIMIT 1"
)
SELECT_KEYS = (
    "SELECT position FROM stored_events WHERE topic = ANY(%s) AND topic NOT LIKE 'custody.%%' AND position > %s LIMIT 1"
)
SELECT_KNOWN = "SELECT source, event_id, position, leaf_hash, recorded_at FROM stored_events WHERE event_id = ANY(%s)"
STORED = "originator_id, originator_version, topic, state"
NOTIFICATION = (
    "position AS id, originator_id, coalesce(originator_version, position) AS originator_version, topic, state"
)
EVENT = "e.position, e.recorded_at, e.state, e.topic, e.signature"
RAW_EVENT = "position, originator_id, topic, source, event_id, occurred_earliest, occurred_latest, state"
MENTIONING = (
    "e.position = ANY(ARRAY(SELECT p FROM event_refs AS r, unnest(r.positions) AS p "
    "WHERE r.era = ANY(%s) AND r.ref = ANY(%s) AND p <= %s))"
)
ABOUT = f"SELECT {EVENT} FROM stored_events AS e WHERE {MENTIONING} ORDER BY e.position"  # noqa: S608 - our own names
LATEST_TOLD = (
    "SELECT max(occurred_latest) AS latest FROM stored_events WHERE topic = ANY(%s) "
    "AND position > %s AND position <= %s AND split_part(source, ':', 2) LIKE %s AND occurred_latest <= recorded_at"
)


class PostgresLog(Log):
    """The library's application recorder, and the ledger's log, over our schema."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections

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
        return self._append(facts, now_us, [None] * len(facts), rejects, beside, keys_upto=keys_upto)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Serve the library's own `save()`: all are new, or none is written."""
        facts = cast("Sequence[StoredFact]", stored_events)  # our mapper makes nothing else
        versions = [fact.originator_version for fact in facts]
        outcomes = self._append([fact.submission for fact in facts], kwargs["now_us"], versions, all_new=True)
        return [outcome.position for outcome in outcomes if isinstance(outcome, Receipt)]

    def _append(
        self,
        facts: Sequence[Submission],
        now_us: int,
        versions: Sequence[int | None],
        rejects: Sequence[Reject] = (),
        beside: MakeBeside | None = None,
        *,
        all_new: bool = False,
        keys_upto: int | None = None,
    ) -> list[Outcome]:
        """Append, and again where the connection was lost: what was committed before that is found, and is ours."""
        ours: set[Outcome] = set()  # what attempts gave of which nobody knows whether they were committed
        again = False  # an attempt came as far as COMMIT
        for may_repeat in attempts():
            try:
                with self.connections.transaction(writing=True) as cursor:
                    outcomes = _append(cursor, facts, now_us, versions, keys_upto)
                    if ours:
                        outcomes = [new if (new := _as_new(one)) in ours else one for one in outcomes]
                    fresh = [one for one in outcomes if isinstance(one, Receipt) and one.is_new]
                    if all_new and len(fresh) < len(facts):
                        raise IntegrityError("an event of this batch is not new")
                    also = beside(outcomes) if beside else Beside()
                    KAFKA.write(cursor, also, now_us=now_us, again=again)
                    for reject in (*rejects, *also.rejects):  # `executemany` would pipeline
                        cursor.execute(INSERT_REJECT, _reject_row(reject, now_us))
                    cursor.execute(NOTIFY)
                    ours.update(fresh)
                    again = True
            except psycopg.IntegrityError as error:
                raise IntegrityError(error.diag.message_primary) from error
            except (psycopg.Error, LedgerUnavailable) as error:
                if not (may_repeat and is_lost(error)):
                    raise
            else:
                return outcomes
        raise AssertionError("the last attempt returns or raises")

    def select_events(
        self,
        originator_id: Any,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return an aggregate's events. What is about a stream of facts, `about` finds."""
        where, parameters = "originator_id = %s AND originator_version IS NOT NULL", [originator_id]
        for bound, comparison in ((gt, ">"), (lte, "<=")):
            if bound is not None:
                where, parameters = f"{where} AND originator_version {comparison} %s", [*parameters, bound]
        order = f"originator_version {'DESC' if desc else 'ASC'} LIMIT %s"
        statement = f"SELECT {STORED} FROM stored_events WHERE {where} ORDER BY {order}"  # noqa: S608
        return [StoredEvent(**row) for row in self.rows(statement, [*parameters, limit])]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return notifications whose ids are our explicit positions."""
        first = (start or 0) + (0 if inclusive_of_start else 1)
        where, parameters = f"position >= %s{_among(topics)}", [first, *_given(topics)]
        if stop is not None:
            where, parameters = f"{where} AND position <= %s", [*parameters, stop]
        statement = f"SELECT {NOTIFICATION} FROM stored_events WHERE {where} ORDER BY position LIMIT %s"  # noqa: S608
        return [Notification(**row) for row in self.rows(statement, [*parameters, limit])]

    def max_notification_id(self) -> int:
        """Return the last position, 0 for an empty log."""
        return self.position()

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[Any]:
        """Follow the log from after `gt`."""
        return PostgresSubscription(self, gt=gt, topics=topics)

    def position(self) -> int:
        """Return the last position, 0 for an empty log."""
        return int(self.rows("SELECT coalesce(max(position), 0) AS last FROM stored_events")[0]["last"])

    def position_known_by(self, moment_us: int) -> int:
        """Return the last position stored at or before a moment of the ledger's clock."""
        statement = "SELECT coalesce(max(size), 0) AS last FROM tree_heads WHERE recorded_at <= %s"
        return int(self.rows(statement, [moment_us])[0]["last"])

    def page(self, *, after: int, upto: int, topics: Sequence[str], limit: int) -> Sequence[Row]:
        """Return so many events with positions in (after, upto], in order."""
        where = f"e.position > %s AND e.position <= %s{_among(topics)}"
        statement = f"SELECT {EVENT} FROM stored_events AS e WHERE {where} ORDER BY e.position LIMIT %s"  # noqa: S608
        return self.rows(statement, [after, upto, *_given(topics), limit])

    def whole_rows(self, *, after: int, limit: int) -> Sequence[Row]:
        """Return so many events beyond a position with every column, in order."""
        statement = "SELECT * FROM stored_events WHERE position > %s ORDER BY position LIMIT %s"
        return self.rows(statement, [after, limit])

    def about(self, refs: Sequence[str], *, upto: int) -> Sequence[Row]:
        """Return every event in, or mentioning, any of these references up to a position, in order."""
        return self.rows(ABOUT, _mentioning(refs, upto))

    def at(self, positions: Sequence[int]) -> Sequence[Row]:
        """Return the events at these positions, in order."""
        where = "e.position = ANY(%s) ORDER BY e.position"
        return self.rows(f"SELECT {EVENT} FROM stored_events AS e WHERE {where}", [list(positions)])  # noqa: S608

    def published(self, event_ids: Sequence[str], *, topics: Sequence[str], upto: int) -> Sequence[Row]:
        """Return the events of these types with these ids, whoever published them, up to a position."""
        where = "e.event_id = ANY(%s) AND e.topic = ANY(%s) AND e.position <= %s"
        statement = f"SELECT {EVENT} FROM stored_events AS e WHERE {where}"  # noqa: S608 - our own names
        return self.rows(statement, [list(event_ids), list(topics), upto])

    def raw_published(self, event_ids: Sequence[str], *, upto: int) -> list[RawEvent]:
        """Return the events with these ids, whoever published them, up to a position, as folds read them."""
        return self._raw("e.event_id = ANY(%s) AND e.position <= %s", [list(event_ids), upto])

    def raw_about(self, refs: Sequence[str], *, topics: Sequence[str], upto: int) -> list[RawEvent]:
        """Return every event of these types in, or mentioning, any of these references, as folds read them."""
        return self._raw(f"{MENTIONING} AND e.topic = ANY(%s)", [*_mentioning(refs, upto), list(topics)])

    def raw_at(self, positions: Sequence[int]) -> list[RawEvent]:
        """Return the events at these positions as folds read them, in order."""
        return self._raw("e.position = ANY(%s)", [list(positions)])

    def raw_events(self, *, after: int, upto: int, topics: Sequence[str]) -> list[RawEvent]:
        """Return the events with positions in (after, upto] of these types as folds read them, in order."""
        where = "e.position > %s AND e.position <= %s AND e.topic = ANY(%s)"
        return self._raw(where, [after, upto, list(topics)])

    def _raw(self, where: str, parameters: Sequence[Any]) -> list[RawEvent]:
        statement = f"SELECT {RAW_EVENT} FROM stored_events AS e WHERE {where} ORDER BY e.position"  # noqa: S608 - same
        with self.connections.transaction(writing=False) as cursor:
            cursor.row_factory = tuple_row  # type: ignore[assignment]  # tuples are what folds read
            return cast("list[RawEvent]", cursor.execute(statement, parameters).fetchall())

    def leaf_at(self, position: int) -> bytes:
        """Return the leaf hash of the event at a position, b"" if there is none."""
        found = self.rows("SELECT leaf_hash FROM stored_events WHERE position = %s", [position])
        return bytes(found[0]["leaf_hash"]) if found else b""

    def tree_upto(self, position: int) -> Tree:
        """Return the tree of the last head that is not beyond a position."""
        found = self.rows("SELECT size, peaks FROM tree_heads WHERE size <= %s ORDER BY size DESC LIMIT 1", [position])
        return Tree.of(**found[0]) if found else EMPTY_TREE

    def leaves(self, *, after: int, upto: int) -> list[bytes]:
        """Return the leaf hashes of the events with positions in (after, upto], in order."""
        where = "position > %s AND position <= %s ORDER BY position"
        found = self.rows(f"SELECT leaf_hash FROM stored_events WHERE {where}", [after, upto])  # noqa: S608
        return [row["leaf_hash"] for row in found]

    def stream_of(self, source: str, event_id: str) -> str | None:
        """Return the stream of an event, or None if the log does not hold it."""
        statement = "SELECT originator_id FROM stored_events WHERE event_id = %s AND source = %s"
        return next((str(row["originator_id"]) for row in self.rows(statement, [event_id, source])), None)

    def refs_of(self, kinds: Sequence[str]) -> list[str]:
        """Return every reference of these kinds, in the order of their characters."""
        statement = "SELECT DISTINCT ref FROM event_refs WHERE split_part(ref, '/', 1) = ANY(%s) ORDER BY ref"
        return [str(row["ref"]) for row in self.rows(statement, [list(kinds)])]

    def latest_told(self, topics: Sequence[str], agency: str, *, after: int, upto: int) -> int | None:
        """Return the latest time of such events by agencies whose id begins so, leaving out times yet to come then."""
        latest = self.rows(LATEST_TOLD, [list(topics), after, upto, f"{agency}%"])[0]["latest"]
        return None if latest is None else int(latest)

    @property
    def kafka_tables(self) -> KafkaTables:
        """Return the statements about Kafka, in this store's SQL."""
        return KAFKA

    def reading(self) -> AbstractContextManager[Any]:
        """Return a cursor within a transaction that reads."""
        return self.connections.transaction(writing=False)

    @contextmanager
    def snapshot(self) -> Iterator[PostgresSnapshot]:
        """Yield reads of one moment."""
        with self.connections.transaction(writing=False) as cursor:
            yield PostgresSnapshot(cursor.connection)

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[DictRow]:
        """Run one read and return its rows; nothing here can write."""
        with self.connections.transaction(writing=False) as cursor:
            return cursor.execute(statement, parameters).fetchall()

    def notices(self) -> PostgresNotices:
        """Return what wakes whoever follows the log."""
        return PostgresNotices(self.connections)

    def close(self) -> None:
        """Close every connection."""
        self.connections.close()


def _append(
    cursor: Cursor[DictRow],
    facts: Sequence[Submission],
    now_us: int,
    versions: Sequence[int | None],
    keys_upto: int | None,
) -> list[Outcome]:
    cursor.execute(LOCK)
    if keys_upto is not None and cursor.execute(SELECT_KEYS, [list(KEY_TOPICS), keys_upto]).fetchone():
        raise KeysMoved
    tree, head_us, largest_id = _read_head(cursor)
    now_us = max(now_us, head_us)
    known = _known(cursor, maybe_known(facts, largest_id))
    outcomes: list[Outcome] = []
    fresh: list[Numbered] = []
    with cursor.copy(COPY_EVENTS) as copy:
        copy.set_types(EVENT_TYPES)
        for start in range(0, len(facts), NUMBERED_AT_ONCE):
            part = slice(start, start + NUMBERED_AT_ONCE)
            told, new = numbered(facts[part], versions[part], known, after=tree.size + len(fresh), now_us=now_us)
            for position, version, leaf, fact in new:
                copy.write_row((position, now_us, version, leaf, *fact[:-1]))
            outcomes += told
            fresh += new
        grown, posting_lists = tree.grow(leaf for _, _, leaf, _ in fresh), _posting_lists(fresh)
    if fresh:
        with cursor.copy(COPY_REFS) as copy:
            copy.write(posting_lists)
        cursor.execute(INSERT_HEAD, (grown.size, grown.root, b"".join(grown.peaks), now_us))
    return outcomes


def _read_head(cursor: Cursor[DictRow]) -> tuple[Tree, int, str | None]:
    """Return the tree so far, when it last grew, and the largest id of an event."""
    row = cursor.execute(SELECT_HEAD).fetchone()
    if row is None:
        return EMPTY_TREE, 0, None
    return Tree.of(row["size"], row["peaks"]), row["recorded_at"], row["largest_id"]


def _known(cursor: Cursor[DictRow], asked: Sequence[str]) -> dict[tuple[str, str], Receipt]:
    if not asked:
        return {}
    cursor.execute(SELECT_KNOWN, [asked])
    return {
        (row["source"], row["event_id"]): Receipt(row["position"], row["leaf_hash"], row["recorded_at"], is_new=False)
        for row in cursor.fetchall()
    }


def _posting_lists(fresh: Sequence[Numbered]) -> str:
    """Write a line for each reference of a transaction, as COPY reads it; no reference has what it would escape."""
    lines = [f"{era_of(at[0])}\t{ref}\t{{{','.join(map(str, at))}}}\n" for ref, at in positions_of(fresh)]
    return "".join(lines)


def _as_new(outcome: Outcome) -> Outcome:
    """Return a receipt as the append that made it would have given it."""
    return outcome._replace(is_new=True) if isinstance(outcome, Receipt) else outcome


def _mentioning(refs: Sequence[str], upto: int) -> list[Any]:
    """Return the parameters of `MENTIONING`."""
    return [list(range(era_of(upto) + 1)), list(refs), upto]


def _among(topics: Sequence[str]) -> str:
    """Return what narrows a WHERE clause to these topics, with one parameter; "" if there are none."""
    if not topics:
        return ""
    # The second half says nothing new where it stands: it lets PostgreSQL use the index of the rarer topics.
    rarer = "" if any(topic.startswith("custody.") for topic in topics) else " AND topic NOT LIKE 'custody.%%'"
    return f" AND topic = ANY(%s){rarer}"


def _given(topics: Sequence[str]) -> list[list[str]]:
    return [list(topics)] if topics else []


def _reject_row(reject: Reject, now_us: int) -> dict[str, Any]:
    """Name what is stored of a refusal; PostgreSQL's text has no place for the character NUL."""
    return {
        "code": reject.code,
        "field": reject.field.replace("\0", "␀"),
        "reason": reject.reason.replace("\0", "␀"),
        "origin": reject.origin.replace("\0", "␀"),
        "row": reject.row,
        "body": reject.body,
        "body_hash": reject.body_hash,
        "now_us": now_us,
    }
