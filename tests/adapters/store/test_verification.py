"""Verification finds every change of a stored byte, a removed event, a cut tail and a missing trigger."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.store.ledger import Ledger, system_clock
from adapters.store.verification import Verification, verify
from domain.canonical import leaf_hash
from domain.merkle import EMPTY_TREE
from tests.builders import submissions

EVENTS = 12


@pytest.fixture
def path(tmp_path: Path) -> Path:
    ledger = Ledger.create(tmp_path / "custody.db")
    for start in (1, 5, 9):
        ledger.append(submissions(4, start=start), now=system_clock())
    ledger.close()
    return ledger.path


def checked(path: Path, kept_root: tuple[int, str] | None = None) -> Verification:
    ledger = Ledger.open_to_read(path)
    result = verify(ledger, lambda done: None, kept_root=kept_root)
    ledger.close()
    return result


def tamper(path: Path, *statements: str) -> None:
    """Do what an administrator could: lift the triggers, change something, put them back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in triggers:
            connection.execute(sql)


def test_an_untouched_ledger_has_no_problems_and_the_root_of_its_leaves(path: Path) -> None:
    result = checked(path)

    assert [] == result.problems
    assert result.events == EVENTS
    assert EMPTY_TREE.grow(leaf_hash(event.body) for event in submissions(EVENTS)).root.hex() == result.root


def test_an_empty_ledger_verifies(tmp_path: Path) -> None:
    Ledger.create(tmp_path / "new.db").close()

    assert checked(tmp_path / "new.db").as_json()["ok"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_events SET state = CAST(replace(state, 's-7', 's-8') AS BLOB) WHERE position = 7",
        "UPDATE stored_events SET leaf_hash = zeroblob(32) WHERE position = 7",
        "UPDATE stored_events SET facility = 'mn-cook-jail' WHERE position = 7",
        "UPDATE stored_events SET occurred_earliest = occurred_earliest - 1 WHERE position = 7",
        "UPDATE stored_events SET topic = 'custody.died' WHERE position = 7",
        "UPDATE stored_events SET source = 'agency:us-ice' WHERE position = 7",
        "UPDATE stored_events SET recorded_at = 5 WHERE position = 7",
        "DELETE FROM stored_events WHERE position = 7",
        "UPDATE stored_events SET recorded_at = recorded_at + 1 WHERE position = 7",
    ],
)
def test_a_change_is_reported_at_its_position(path: Path, statement: str) -> None:
    tamper(path, statement)

    result = checked(path)

    assert 7 in [problem["position"] for problem in result.problems]
    assert not result.as_json()["ok"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM event_refs WHERE ref = 'subject/s-3'",
        "INSERT INTO event_refs VALUES (0, 'subject/s-3', '[9]')",
        "UPDATE event_refs SET positions = '[2]' WHERE ref = 'subject/s-3'",
        "UPDATE event_refs SET positions = 'nothing' WHERE ref = 'subject/s-3'",
        "UPDATE event_refs SET positions = '{\"a\":1}' WHERE ref = 'subject/s-3'",
        "UPDATE event_refs SET positions = '[]' WHERE ref = 'subject/s-3'",
        "UPDATE event_refs SET era = 1 WHERE ref = 'subject/s-3'",
        "INSERT INTO event_refs VALUES (0, 'subject/s-3', 'junk')",
        "INSERT INTO event_refs VALUES (0, 'subject/s-3', '{\"a\":7}')",
        "INSERT INTO event_refs VALUES (0, 'subject/s-3', '[7.0]')",
        "INSERT INTO event_refs VALUES (0, 'subject/s-3', '[\"7\"]')",
        "INSERT INTO event_refs VALUES (2, 'subject/s-3', '[7]')",
        "INSERT INTO event_refs VALUES (-5, 'subject/s-3', '[3]')",
        "UPDATE event_refs SET positions = '[3 ]' WHERE ref = 'subject/s-3'",
        "UPDATE event_refs SET positions = '[8,7,6,5]' WHERE ref = 'facility/mn-cass-jail' AND positions = '[5,6,7,8]'",
    ],
)
def test_a_changed_lookup_reference_is_found(path: Path, statement: str) -> None:
    tamper(path, statement)

    assert any("references" in problem["what"] for problem in checked(path).problems)


def without_references_after(position: int) -> tuple[str, str]:
    """Return what cuts the posting lists as somebody would who wants to leave no trace."""
    kept = f"SELECT json_group_array(value) FROM json_each(positions) WHERE value <= {position}"
    return f"UPDATE event_refs SET positions = ({kept})", "DELETE FROM event_refs WHERE positions = '[]'"


def test_a_cut_tail_is_found_by_the_recorded_tree_head(path: Path) -> None:
    tamper(path, "DELETE FROM stored_events WHERE position > 10", *without_references_after(10))

    assert [12] == [problem["position"] for problem in checked(path).problems]


def test_a_tail_cut_with_its_heads_is_found_by_a_root_kept_from_before(path: Path) -> None:
    before = checked(path)
    tamper(
        path,
        "DELETE FROM stored_events WHERE position > 8",
        *without_references_after(8),
        "DELETE FROM tree_heads WHERE size > 8",
    )

    assert [] == checked(path).problems
    assert [12] == [problem["position"] for problem in checked(path, (EVENTS, before.root)).problems]


def test_a_kept_root_still_holds_after_the_log_has_grown(path: Path) -> None:
    before = checked(path)
    ledger = Ledger.open_to_write(path)
    ledger.append(submissions(5, start=100), now=system_clock())
    ledger.close()

    assert [] == checked(path, (EVENTS, before.root)).problems
    assert [EVENTS] == [p["position"] for p in checked(path, (EVENTS, "0" * 64)).problems]


def test_a_dropped_trigger_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER stored_events_no_delete")

    assert ["trigger stored_events_no_delete is missing or was changed"] == [p["what"] for p in checked(path).problems]


def test_an_object_named_almost_like_sqlites_own_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TRIGGER sqlitex BEFORE INSERT ON rejects BEGIN SELECT RAISE(IGNORE); END")

    assert ["trigger sqlitex does not belong in a ledger"] == [p["what"] for p in checked(path).problems]


def test_what_is_written_during_a_verification_is_no_problem_and_not_verified(path: Path) -> None:
    reading, writing = Ledger.open_to_read(path), Ledger.open_to_write(path)

    def write(done: int) -> None:
        if done == 1:
            writing.append(submissions(5, start=100), now=system_clock())

    result = verify(reading, write)

    assert (EVENTS, []) == (result.events, result.problems)
    reading.close()
    writing.close()


def test_a_table_somebody_added_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE notes (words TEXT)")

    assert ["table notes does not belong in a ledger"] == [p["what"] for p in checked(path).problems]


def test_any_flipped_byte_of_any_event_is_found(path: Path) -> None:
    """Flip one bit of every byte of one stored body, one at a time, in a copy of the file."""
    body = submissions(1)[0].body
    raw = path.read_bytes()
    offset = raw.index(body)
    damaged = path.with_name("damaged.db")
    for index in range(0, len(body), 7):
        altered = bytearray(raw)
        altered[offset + index] ^= 0x01
        damaged.write_bytes(altered)
        assert checked(damaged).problems, f"byte {index} changed unnoticed"


def test_a_damaged_page_is_a_problem_not_a_crash(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    for start in range(4096, len(raw), 4096):
        raw[start : start + 12] = b"\xff" * 12
    path.write_bytes(raw)

    assert not checked(path).as_json()["ok"]


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE stored_events SET recorded_at = recorded_at - 1000000", 1),
        ("UPDATE tree_heads SET recorded_at = recorded_at - 1 WHERE size = 12", 9),
        ("DELETE FROM tree_heads WHERE size = 12", 12),
        ("UPDATE stored_events SET position = -5 WHERE position = 12", 1),
        ("UPDATE tree_heads SET peaks = zeroblob(32) WHERE size = 8", 8),
    ],
)
def test_a_changed_time_a_lost_head_and_a_row_before_the_first_are_found(
    path: Path, statement: str, position: int
) -> None:
    tamper(path, statement)

    assert position in [problem["position"] for problem in checked(path).problems]
