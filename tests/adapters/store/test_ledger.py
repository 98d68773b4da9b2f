"""The log keeps what it accepted: positions, bytes, hashes, receipts."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from eventsourcing.persistence import IntegrityError as LibraryIntegrityError

from adapters.store.ledger import Ledger, system_clock
from adapters.store.mapper import Fact
from adapters.store.recorder import Equivocation, Receipt, Reject
from domain.envelope import admit
from domain.errors import IntegrityProblem, LedgerUnavailable
from tests.builders import MONDAY, booked, released, submissions


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger.create(tmp_path / "custody.db")
    yield made
    made.close()


def receipts(ledger: Ledger, several: list) -> list[Receipt]:
    return ledger.append(several, now=system_clock())


def test_positions_count_from_one_without_gaps(ledger: Ledger) -> None:
    first = receipts(ledger, submissions(3))
    second = receipts(ledger, submissions(2, start=4))

    assert [1, 2, 3, 4, 5] == [receipt.position for receipt in first + second]
    assert [1, 2, 3, 4, 5] == [event.position for event in ledger.recorded()]


def test_the_stored_bytes_are_those_received_and_the_leaf_is_rfc_9162(ledger: Ledger) -> None:
    body = booked()
    receipt = receipts(ledger, [admit(body)])[0]

    row = next(ledger.rows("SELECT state, leaf_hash, signature FROM stored_events"))

    assert body == bytes(row["state"])
    assert hashlib.sha256(b"\x00" + body).digest() == row["leaf_hash"] == receipt.leaf
    assert row["signature"] is None


def test_a_signature_is_kept_beside_the_bytes(ledger: Ledger) -> None:
    ledger.append([admit(booked(), signature=b"\x01" * 64)], now=system_clock())

    row = next(ledger.rows("SELECT state, signature FROM stored_events"))

    assert row["signature"] == b"\x01" * 64
    assert b"signature" not in bytes(row["state"])


def test_the_same_bytes_again_give_the_first_receipt_back(ledger: Ledger) -> None:
    event = admit(booked())
    first = receipts(ledger, [event])[0]

    again = ledger.append([event], now=system_clock() + timedelta(days=1))[0]

    assert (first.position, first.leaf, first.recorded_us) == (again.position, again.leaf, again.recorded_us)
    assert first.is_new
    assert not again.is_new
    assert ledger.position() == 1


def test_a_repetition_within_one_batch_is_stored_once(ledger: Ledger) -> None:
    event = admit(booked())

    outcomes = receipts(ledger, [event, event, admit(booked(2))])

    assert [(1, True), (1, False), (2, True)] == [(o.position, o.is_new) for o in outcomes]


def test_the_same_id_with_other_bytes_is_refused_and_names_the_first(ledger: Ledger) -> None:
    first = booked()
    other = first.replace(b"s-1", b"s-9")
    receipts(ledger, [admit(first)])

    outcome = receipts(ledger, [admit(other)])[0]

    assert isinstance(outcome, Equivocation)
    assert outcome.first.position == 1
    assert [first] == [bytes(row["state"]) for row in ledger.rows("SELECT state FROM stored_events")]


def test_the_same_id_from_another_source_is_another_event(ledger: Ledger) -> None:
    ours = booked()
    theirs = ours.replace(b"agency:mn-cass-sheriff", b"agency:us-ice")

    outcomes = receipts(ledger, [admit(ours), admit(theirs)])

    assert [1, 2] == [outcome.position for outcome in outcomes]


@pytest.mark.parametrize("table", ["stored_events", "event_refs", "tree_heads", "rejects"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET rowid_free = 1", "DELETE FROM {0}"])
def test_every_table_refuses_update_and_delete(ledger: Ledger, table: str, statement: str) -> None:
    ledger.append(submissions(1), now=system_clock(), rejects=[a_reject()])
    column = next(ledger.rows(f"SELECT name FROM pragma_table_info('{table}') LIMIT 1"))["name"]

    with (
        closing(sqlite3.connect(ledger.path)) as connection,
        connection,
        pytest.raises(sqlite3.IntegrityError, match=r"never|append-only"),
    ):
        connection.execute(statement.replace("rowid_free", column).format(table))


@pytest.mark.parametrize("change", ["position = 1", "position = 7", "event_id = event_id, position = 2"])
def test_replace_cannot_delete_an_event_behind_the_triggers(ledger: Ledger, change: str) -> None:
    receipts(ledger, submissions(1))

    with closing(sqlite3.connect(ledger.path)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(stored_events)")]
        chosen = dict.fromkeys(columns) | {c: c for c in columns}
        chosen |= dict(part.split(" = ") for part in change.split(", "))
        values = ",".join(chosen[column] for column in columns)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(f"INSERT OR REPLACE INTO stored_events SELECT {values} FROM stored_events")


def a_reject() -> Reject:
    return Reject("schema", "data.subject", "wrong", "file.jsonl", 1, b"{}", b"\x00" * 32)


def test_an_aggregate_save_through_the_library_is_all_or_nothing(ledger: Ledger) -> None:
    known, new = submissions(2)
    receipts(ledger, [known])

    with pytest.raises(LibraryIntegrityError):
        ledger.save(Fact(new.envelope.subject, None, new), Fact(known.envelope.subject, None, known), now_us=0)

    assert ledger.position() == 1


def test_the_librarys_own_save_and_event_store_write_and_read_an_aggregate(ledger: Ledger) -> None:
    fact, *decisions = [*submissions(1), admit(booked(9)), admit(released(9))]
    stream = decisions[0].envelope.subject

    ledger.save(Fact(fact.envelope.subject, None, fact), now_us=0)
    recordings = ledger.save(*(Fact(stream, version, event) for version, event in enumerate(decisions, 1)), now_us=0)

    assert [2, 3] == [recording.notification.id for recording in recordings]
    assert [event.body for event in decisions] == [event.submission.body for event in ledger.events.get(stream)]


def test_two_decisions_on_the_same_version_of_an_aggregate_conflict(ledger: Ledger) -> None:
    first, second = admit(booked()), admit(released())
    stream = first.envelope.subject

    ledger.save(Fact(stream, 1, first), now_us=0)

    with pytest.raises(LibraryIntegrityError):
        ledger.save(Fact(stream, 1, second), now_us=0)
    versions = [row[0] for row in ledger.rows("SELECT originator_version FROM stored_events")]
    assert [1] == versions


def test_an_aborted_batch_leaves_nothing_half_written(ledger: Ledger) -> None:
    receipts(ledger, submissions(1))
    with closing(sqlite3.connect(ledger.path)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER fail_late BEFORE INSERT ON tree_heads BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END"
        )

    with pytest.raises(LedgerUnavailable):
        receipts(ledger, submissions(5, start=2))

    counts = [next(ledger.rows(f"SELECT count(*) FROM {t}"))[0] for t in ("stored_events", "tree_heads")]
    assert [1, 1] == counts


def test_what_is_about_a_reference_is_its_stream_and_its_mentions(ledger: Ledger) -> None:
    receipts(ledger, [admit(booked(1)), admit(booked(2)), admit(released(1))])

    assert [1, 3] == [event.position for event in ledger.about(["episode/mn-cass-jail.1"])]
    assert [1, 2, 3] == [event.position for event in ledger.about(["facility/mn-cass-jail"])]
    assert [1] == [event.position for event in ledger.about(["subject/s-1"], upto=2)]


def test_the_ledgers_time_never_runs_backwards(ledger: Ledger) -> None:
    ledger.append(submissions(1), now=MONDAY)
    ledger.append(submissions(1, start=2), now=MONDAY - timedelta(days=3))
    ledger.append(submissions(1, start=3), now=MONDAY + timedelta(hours=1))

    times = [event.recorded_at for event in ledger.recorded()]

    assert [MONDAY, MONDAY, MONDAY + timedelta(hours=1)] == times
    assert [0, 2, 3] == [ledger.position_known_by(MONDAY + timedelta(hours=h)) for h in (-1, 0, 2)]


def test_a_type_outside_the_catalogue_is_named_not_imported(ledger: Ledger) -> None:
    receipts(ledger, submissions(1))
    with closing(sqlite3.connect(ledger.path)) as connection, connection:
        connection.execute("DROP TRIGGER stored_events_no_update")
        connection.execute("UPDATE stored_events SET topic = 'antigravity:fly'")

    with pytest.raises(IntegrityProblem, match="antigravity:fly"):
        list(ledger.recorded())
