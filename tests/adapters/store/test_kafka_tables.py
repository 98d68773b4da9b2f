"""Offsets and dead letters are kept in the transaction of the events, or not at all; on every store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from adapters.store.kafka_tables import BEHIND, DROPPED, Beside, Letter, Move, MovedByAnother
from adapters.store.ledger import Ledger
from adapters.store.verification import verify
from tests.builders import submissions
from tests.spots import Spot

NOW = datetime(2026, 1, 12, tzinfo=UTC)
PLACE = ("intake", "custody.intake.cass", 3)


def letter(offset: int, key: bytes | None = b"episode/1", *, code: str = "unknown_facility") -> Letter:
    headers = (("ce_id", b"\x00\xff"),)
    holds = code in ("unknown_facility", BEHIND)
    return Letter(*PLACE, offset, 1_768_000_000_123, key, None, headers, code, "a\0b", "said", holds)


@pytest.fixture
def ledger(spot: Spot) -> Iterator[Ledger]:
    made = spot.ledger()
    yield made
    made.close()


def test_offsets_move_with_the_events_and_only_from_where_they_were(ledger) -> None:
    facts = submissions(3)
    ledger.append(facts[:1], now=NOW, beside=lambda _: Beside([Move(*PLACE, None, 10)]))
    ledger.append(facts[1:2], now=NOW, beside=lambda _: Beside([Move(*PLACE, 10, 20)]))

    for expected in (None, 10):
        with pytest.raises(MovedByAnother):
            ledger.append(facts[2:], now=NOW, beside=lambda _, at=expected: Beside([Move(*PLACE, at, 30)]))

    assert {("custody.intake.cass", 3): 20} == ledger.kafka_offsets("intake")
    assert {} == ledger.kafka_offsets("another")
    assert 2 == ledger.position()


def test_what_goes_beside_is_made_from_the_outcomes_within_the_transaction(ledger) -> None:
    seen = []

    def beside(outcomes):
        seen.extend(outcomes)
        return Beside([Move(*PLACE, None, 1)])

    assert seen == ledger.append(submissions(2), now=NOW, beside=beside)
    assert [1, 2] == [outcome.position for outcome in seen]


def test_letters_come_back_byte_for_byte_in_order_and_hold_their_chain_until_they_end(ledger) -> None:
    letters = [letter(0), letter(1, code=BEHIND), letter(2, None, code="no_key")]
    ledger.append([], now=NOW, beside=lambda _: Beside([Move(*PLACE, None, 3)], letters))

    stored = list(ledger.dead_letters())
    held = ledger.held_chains()
    ledger.append([], now=NOW, beside=lambda _: Beside(ends={1: DROPPED, 2: DROPPED}))

    assert [1, 2, 3] == [one.number for one in stored]
    assert [one._replace(field="a␀b") for one in letters] == [one.letter for one in stored]
    assert {("custody.intake.cass", b"episode/1")} == held
    assert set() == ledger.held_chains()
    assert [DROPPED, DROPPED, None] == [one.how for one in ledger.dead_letters()]
    assert ["custody.intake.cass"] == ledger.letter_topics()
    assert [2, 3] == [one.number for one in ledger.dead_letters(after=1, topic="custody.intake.cass")]


def test_a_letter_ends_once_and_none_waits_behind_what_has_ended(ledger) -> None:
    ledger.append([], now=NOW, beside=lambda _: Beside(letters=[letter(0)]))
    ledger.append([], now=NOW, beside=lambda _: Beside(ends={1: DROPPED}))

    with pytest.raises(MovedByAnother):
        ledger.append([], now=NOW, beside=lambda _: Beside(ends={1: DROPPED}))
    with pytest.raises(MovedByAnother):
        ledger.append(submissions(1), now=NOW, beside=lambda _: Beside(letters=[letter(1, code=BEHIND)]))

    assert 0 == ledger.position()


def test_nobody_can_move_an_offset_back_or_change_a_letter(spot, ledger) -> None:
    ledger.append([], now=NOW, beside=lambda _: Beside([Move(*PLACE, None, 9)], [letter(0)], {1: DROPPED}))
    for statement in (
        "UPDATE kafka_offsets SET next_offset = 99",
        "DELETE FROM kafka_offsets",
        "INSERT INTO kafka_offsets VALUES ('intake', 'custody.intake.cass', 3, 8)",
        "UPDATE dead_letters SET code = ''",
        "DELETE FROM dead_letters",
        "UPDATE dead_letter_ends SET how = 'replayed'",
        "DELETE FROM dead_letter_ends",
    ):
        with pytest.raises(spot.refused):
            spot.run(statement)

    assert [] == verify(ledger, lambda _: None).problems


def test_an_answer_lost_after_commit_does_not_write_letters_twice(ledger, monkeypatch) -> None:
    """Where the connection breaks as COMMIT returns, the same append is tried again and finds itself done."""
    connections = getattr(ledger.facts, "connections", None)
    if connections is not None:
        import psycopg

        first = [True]
        whole = connections.transaction

        class Breaking:
            def __init__(self, writing: bool) -> None:
                self._context, self._writing = whole(writing=writing), writing

            def __enter__(self):
                return self._context.__enter__()

            def __exit__(self, *error):
                done = self._context.__exit__(*error)
                if self._writing and first:
                    first.clear()
                    raise psycopg.OperationalError("the connection is lost")
                return done

        monkeypatch.setattr(connections, "transaction", lambda *, writing: Breaking(writing))
    moves, letters = [Move(*PLACE, None, 1)], [letter(0)]

    outcomes = ledger.append(submissions(1), now=NOW, beside=lambda _: Beside(moves, letters))

    assert [True] == [outcome.is_new for outcome in outcomes]
    assert 1 == len(list(ledger.dead_letters()))
