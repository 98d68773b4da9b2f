"""What lies beside the log: verification finds what was taken out from between, and says nothing of what ends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.store.kafka_tables import DROPPED, Beside, Letter, Move
from adapters.store.ledger import Ledger, system_clock
from adapters.store.recording import Reject
from adapters.store.verification import verify
from tests.spots import DatabaseSpot, FileSpot, Spot

PLACE = ("intake", "custody.intake.cass", 3)
CONTENT = b"{}"


def refusal(row: int) -> Reject:
    return Reject("not_json", "", "the bytes are not JSON", "events.jsonl", row, None, bytes([row]) * 32)


def letter(offset: int) -> Letter:
    return Letter(*PLACE, offset, 1_768_000_000_123, b"episode/1", CONTENT, (), "not_json", "", "said", holds=False)


def filled(spot: Spot) -> Spot:
    """Put five refusals, one of them twice, four dead letters, of which two ended, and two offsets into a ledger."""
    ledger = spot.ledger()
    ledger.append([], now=system_clock(), rejects=[refusal(row) for row in (1, 2, 1, 3)])
    ledger.append([], now=system_clock(), rejects=[refusal(row) for row in (3, 4, 5)])
    first, second = Move(*PLACE, None, 10), Move(*PLACE, 10, 20)
    ledger.append([], now=system_clock(), beside=lambda _: Beside([first], [letter(8), letter(9)]))
    ledger.append([], now=system_clock(), beside=lambda _: Beside([second], [letter(10), letter(19)]))
    ledger.append([], now=system_clock(), beside=lambda _: Beside(ends={2: DROPPED, 4: DROPPED}))
    ledger.close()
    return spot


@pytest.fixture
def kept(spot: Spot) -> Spot:
    return filled(spot)


def problems(spot: Spot) -> list[str]:
    ledger = Ledger.open_to_read(spot.place)
    found = verify(ledger, lambda done: None).problems
    ledger.close()
    assert {0} >= {one["position"] for one in found}
    return [one["what"] for one in found]


def test_what_was_not_touched_agrees_with_itself(kept: Spot) -> None:
    assert [] == problems(kept)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM dead_letters WHERE letter = 1", "dead letter 1 is not there"),
        ("DELETE FROM dead_letters WHERE letter IN (1, 2)", "dead letters 1 to 2 are not there"),
        ("DELETE FROM dead_letters WHERE letter = 4", "dead letter 4 has ended, and is not there"),
        (
            "DELETE FROM kafka_offsets WHERE next_offset = 20",
            "dead letter 3 lies past what is kept as read of custody.intake.cass/3: an offset is not there",
        ),
        (
            "DELETE FROM kafka_offsets",
            "dead letter 1 lies past what is kept as read of custody.intake.cass/3: an offset is not there",
        ),
    ],
)
def test_dead_letters_and_offsets_that_were_taken_away_are_found(kept: Spot, statement: str, said: str) -> None:
    kept.tamper(statement)

    assert said in problems(kept)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ("1", "refusal 1 is not there"),
        ("2, 3", "refusals 2 to 3 are not there"),
        ("5", "refusal 5 is not there"),
        ("1, 2, 3, 4, 5", "refusals 1 to 5 are not there"),
    ],
)
def test_refusals_that_were_taken_out_of_a_file_are_found(tmp_path: Path, numbers: str, said: str) -> None:
    spot = filled(FileSpot(tmp_path / "custody.db"))
    spot.tamper(f"DELETE FROM rejects WHERE reject_id IN ({numbers})")

    assert [said] == problems(spot)


def test_numbers_of_refusals_that_a_database_left_out_are_no_problem(database: DatabaseSpot) -> None:
    filled(database).tamper("DELETE FROM rejects WHERE reject_id = 2")

    assert [] == problems(database)  # docs/cli.md says so


def test_the_last_dead_letter_taken_off_with_its_end_is_not_found(kept: Spot) -> None:
    kept.tamper("DELETE FROM dead_letters WHERE letter = 4", "DELETE FROM dead_letter_ends WHERE letter = 4")

    assert [] == problems(kept)  # docs/cli.md says so
