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
from tests.spots import DatabaseSpot, FileSpot, Spot

EVENTS = 12


def filled(spot: Spot) -> Spot:
    """Put three transactions of four events into a ledger."""
    ledger = spot.ledger()
    for start in (1, 5, 9):
        ledger.append(submissions(4, start=start), now=system_clock())
    ledger.close()
    return spot


@pytest.fixture
def kept(spot: Spot) -> Spot:
    """A place with a ledger."""
    return filled(spot)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger file."""
    return filled(FileSpot(tmp_path / "custody.db")).place


def checked(spot: Spot | Path, kept_root: tuple[int, str] | None = None) -> Verification:
    ledger = Ledger.open_to_read(spot if isinstance(spot, Path) else spot.place)
    result = verify(ledger, lambda done: None, kept_root=kept_root)
    ledger.close()
    return result


def test_an_untouched_ledger_has_no_problems_and_the_root_of_its_leaves(kept: Spot) -> None:
    result = checked(kept)

    assert [] == result.problems
    assert result.events == EVENTS
    assert EMPTY_TREE.grow(leaf_hash(event.body) for event in submissions(EVENTS)).root.hex() == result.root


def test_an_empty_ledger_verifies(spot: Spot) -> None:
    spot.ledger().close()

    assert checked(spot).as_json()["ok"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_events SET state = {altered_state} WHERE position = 7",
        "UPDATE stored_events SET leaf_hash = {zeros} WHERE position = 7",
        "UPDATE stored_events SET facility = 'mn-cook-jail' WHERE position = 7",
        "UPDATE stored_events SET occurred_earliest = occurred_earliest - 1 WHERE position = 7",
        "UPDATE stored_events SET topic = 'custody.died' WHERE position = 7",
        "UPDATE stored_events SET source = 'agency:us-ice' WHERE position = 7",
        "UPDATE stored_events SET recorded_at = 5 WHERE position = 7",
        "DELETE FROM stored_events WHERE position = 7",
        "UPDATE stored_events SET recorded_at = recorded_at + 1 WHERE position = 7",
    ],
)
def test_a_change_is_reported_at_its_position(kept: Spot, statement: str) -> None:
    kept.tamper(statement.format(zeros=kept.zeros, altered_state=kept.altered_state))

    result = checked(kept)

    assert 7 in [problem["position"] for problem in result.problems]
    assert not result.as_json()["ok"]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM event_refs WHERE ref = 'subject/s-3'",
        "INSERT INTO event_refs VALUES (0, 'subject/s-3', '{0}9{1}')",
        "UPDATE event_refs SET positions = '{0}2{1}' WHERE ref = 'subject/s-3'",
        "UPDATE event_refs SET positions = '{0}{1}' WHERE ref = 'subject/s-3'",
        "UPDATE event_refs SET era = 1 WHERE ref = 'subject/s-3'",
        "INSERT INTO event_refs VALUES (2, 'subject/s-3', '{0}7{1}')",
        "INSERT INTO event_refs VALUES (-5, 'subject/s-3', '{0}3{1}')",
        "INSERT INTO event_refs VALUES (0, 'subject/s-3', '{0}-3{1}')",
        "UPDATE event_refs SET positions = '{0}8,7,6,5{1}' WHERE positions = '{0}5,6,7,8{1}'",
    ],
)
def test_a_changed_lookup_reference_is_found(kept: Spot, statement: str) -> None:
    kept.tamper(statement.format(*kept.brackets))

    assert any("references" in problem["what"] for problem in checked(kept).problems)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event_refs SET positions = 'nothing' WHERE ref = 'subject/s-3'",
        "UPDATE event_refs SET positions = '{\"a\":1}' WHERE ref = 'subject/s-3'",
        "INSERT INTO event_refs VALUES (0, 'subject/s-3', 'junk')",
        "INSERT INTO event_refs VALUES (0, 'subject/s-3', '{\"a\":7}')",
        "INSERT INTO event_refs VALUES (0, 'subject/s-3', '[7.0]')",
        "INSERT INTO event_refs VALUES (0, 'subject/s-3', '[\"7\"]')",
        "UPDATE event_refs SET positions = '[3 ]' WHERE ref = 'subject/s-3'",
    ],
)
def test_a_posting_list_of_a_file_that_is_not_written_as_ours_is_found(path: Path, statement: str) -> None:
    FileSpot(path).tamper(statement)

    assert any("references" in problem["what"] for problem in checked(path).problems)


@pytest.mark.parametrize("positions", ["{NULL}", "{{3},{4}}"])
def test_a_posting_list_of_a_database_that_is_not_as_ours_is_found(database: DatabaseSpot, positions: str) -> None:
    filled(database).tamper(f"UPDATE event_refs SET positions = '{positions}' WHERE ref = 'subject/s-3'")

    assert any("references" in problem["what"] for problem in checked(database).problems)


def test_a_cut_tail_is_found_by_the_recorded_tree_head(kept: Spot) -> None:
    kept.tamper("DELETE FROM stored_events WHERE position > 10", *kept.without_references_after(10))

    assert [12] == [problem["position"] for problem in checked(kept).problems]


def test_a_tail_cut_with_its_heads_is_found_by_a_root_kept_from_before(kept: Spot) -> None:
    before = checked(kept)
    kept.tamper(
        "DELETE FROM stored_events WHERE position > 8",
        *kept.without_references_after(8),
        "DELETE FROM tree_heads WHERE size > 8",
    )

    assert [] == checked(kept).problems
    assert [12] == [problem["position"] for problem in checked(kept, (EVENTS, before.root)).problems]


def test_a_kept_root_still_holds_after_the_log_has_grown(kept: Spot) -> None:
    before = checked(kept)
    ledger = Ledger.open_to_write(kept.place)
    ledger.append(submissions(5, start=100), now=system_clock())
    ledger.close()

    assert [] == checked(kept, (EVENTS, before.root)).problems
    assert [EVENTS] == [p["position"] for p in checked(kept, (EVENTS, "0" * 64)).problems]


def test_a_dropped_trigger_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER stored_events_no_delete")

    assert ["trigger stored_events_no_delete is missing or was changed"] == [p["what"] for p in checked(path).problems]


def test_an_object_named_almost_like_sqlites_own_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TRIGGER sqlitex BEFORE INSERT ON rejects BEGIN SELECT RAISE(IGNORE); END")

    assert ["trigger sqlitex does not belong in a ledger"] == [p["what"] for p in checked(path).problems]


def test_what_is_written_during_a_verification_is_no_problem_and_not_verified(kept: Spot) -> None:
    reading, writing = Ledger.open_to_read(kept.place), Ledger.open_to_write(kept.place)

    def write(done: int) -> None:
        if done == 1:
            writing.append(submissions(5, start=100), now=system_clock())

    result = verify(reading, write)

    assert (EVENTS, []) == (result.events, result.problems)
    reading.close()
    writing.close()


def test_a_table_somebody_added_is_found(kept: Spot) -> None:
    kept.run("CREATE TABLE notes (words TEXT)")

    assert ["table notes does not belong in a ledger"] == [p["what"] for p in checked(kept).problems]


TRIGGER = "CREATE TRIGGER extra BEFORE INSERT ON rejects FOR EACH ROW EXECUTE FUNCTION never_changed()"


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DROP TRIGGER event_refs_never_changed ON event_refs", "trigger event_refs_never_changed is missing or"),
        ("ALTER TABLE rejects DISABLE TRIGGER USER", "trigger rejects_never_changed is missing or was changed"),
        (
            "ALTER TABLE rejects ENABLE REPLICA TRIGGER rejects_never_changed",
            "trigger rejects_never_changed is missing",
        ),
        (TRIGGER, "trigger extra does not belong in a ledger"),
        ("DROP INDEX stored_events_event", "index stored_events_event is missing or was changed"),
        ("ALTER TABLE tree_heads DROP CONSTRAINT tree_heads_pkey", "constraint tree_heads_pkey is missing"),
        ("ALTER TABLE rejects ALTER reason DROP NOT NULL", "table rejects is missing or was changed"),
        ("ALTER TABLE rejects SET UNLOGGED", "table rejects is missing or was changed"),
        ("ALTER TABLE rejects ENABLE ROW LEVEL SECURITY", "row security rejects does not belong"),
        ("CREATE POLICY lax ON rejects", "policy lax does not belong in a ledger"),
        ("CREATE RULE away AS ON INSERT TO rejects DO INSTEAD NOTHING", "rule away does not belong in a ledger"),
        ("CREATE VIEW shown AS SELECT * FROM rejects", "relation shown does not belong in a ledger"),
        ("ALTER FUNCTION never_changed() RESET search_path", "function never_changed is missing or was changed"),
        ("CREATE FUNCTION sly() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function sly does not belong in a ledger"),
    ],
)
def test_a_changed_schema_of_a_database_is_found(database: DatabaseSpot, statement: str, what: str) -> None:
    database.ledger().close()
    database.run(statement)

    assert any(problem["what"].startswith(what) for problem in checked(database).problems)


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


def test_a_time_that_no_clock_shows_is_a_problem_and_no_crash(kept: Spot) -> None:
    far = (2**63 - 1, -(2**62))
    for position, moment in zip((12, 4), far, strict=True):
        kept.tamper(
            f"UPDATE stored_events SET recorded_at = {moment} WHERE position = {position}",
            f"UPDATE tree_heads SET recorded_at = {moment} WHERE size = {position}",
        )

    said = [(one["position"], one["what"]) for one in checked(kept).problems]
    assert {(at, "the ledger's time of this event is none that a clock shows") for at in (4, 12)} <= set(said)


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("UPDATE stored_events SET recorded_at = recorded_at - 1000000", 1),
        ("UPDATE tree_heads SET recorded_at = recorded_at - 1 WHERE size = 12", 9),
        ("DELETE FROM tree_heads WHERE size = 12", 12),
        ("UPDATE stored_events SET position = -5 WHERE position = 12", 1),
        ("UPDATE tree_heads SET peaks = {zeros} WHERE size = 8", 8),
    ],
)
def test_a_changed_time_a_lost_head_and_a_row_before_the_first_are_found(
    kept: Spot, statement: str, position: int
) -> None:
    kept.tamper(statement.format(zeros=kept.zeros))

    assert position in [problem["position"] for problem in checked(kept).problems]
