"""Dead letters are given to the ledger again in the order of their chain, and each is recorded once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.intake.checking import SerialChecker
from adapters.intake.door import Door
from adapters.kafka.dead_letters import drop, open_letters, waiting_behind
from adapters.kafka.dead_letters import replay as give_again
from adapters.places.register import Register, minnesota_register
from adapters.store.kafka_tables import BEHIND, Beside, Letter
from adapters.store.ledger import Ledger, system_clock
from domain.envelope import admit
from domain.errors import InputRefused
from tests.adapters.kafka.workers import unsigned_ledger
from tests.builders import MONDAY, booked, released

NEW_JAIL = "mn-nowhere-jail"


@pytest.fixture
def ledger(spot) -> Iterator[Ledger]:
    made = unsigned_ledger(spot)
    yield made
    made.close()


def letter(body: bytes, code: str, offset: int) -> Letter:
    holds = code in ("unknown_facility", BEHIND)
    key = admit(body).stream.encode()
    return Letter("intake", "custody.intake.cass", 0, offset, 1_768_000_000_000, key, body, (), code, "", "", holds)


def set_aside(ledger: Ledger, *letters: Letter) -> None:
    ledger.append([], now=MONDAY, beside=lambda _: Beside(letters=letters))


def door(ledger: Ledger, *, knows: str = "") -> Door:
    """The way in, which may know one facility more."""
    facilities = minnesota_register().facilities
    more = (replace(facilities[0], id=knows),) if knows else ()
    return Door(ledger, SerialChecker(Register((*facilities, *more))), system_clock)


def chain() -> list[bytes]:
    return [booked(1, facility=NEW_JAIL), released(1, facility=NEW_JAIL)]


def test_a_chain_is_replayed_in_its_order_once_what_kept_it_back_is_mended(ledger) -> None:
    events = chain()
    set_aside(ledger, letter(events[0], "unknown_facility", 0), letter(events[1], BEHIND, 1))

    before = give_again(ledger, door(ledger), [2])
    after = give_again(ledger, door(ledger, knows=NEW_JAIL), [2])
    again = give_again(ledger, door(ledger, knows=NEW_JAIL), [1, 2])

    assert [(1, None, "unknown_facility")] == [one[:3] for one in before]
    assert [(1, 2, ""), (2, 3, "")] == [one[:3] for one in after]
    assert [] == again == open_letters(ledger)
    assert events == [bytes(row["state"]) for row in ledger.event_rows(after=1)]


def test_a_dropped_letter_lets_those_behind_it_be_replayed_and_stays_on_record(ledger) -> None:
    set_aside(ledger, letter(booked(1), "unknown_facility", 0), letter(released(1), BEHIND, 1))

    assert {1: 1} == waiting_behind(open_letters(ledger))
    drop(ledger, system_clock, 1)
    done = give_again(ledger, door(ledger), [])

    assert [(2, 2, "")] == [one[:3] for one in done]
    assert ["dropped", "replayed"] == [one.how for one in ledger.dead_letters()]
    with pytest.raises(InputRefused, match="has ended already: dropped"):
        drop(ledger, system_clock, 1)


def test_an_event_that_is_recorded_already_ends_its_letter_with_the_first_receipt(ledger) -> None:
    ledger.append([admit(booked(1))], now=MONDAY)
    set_aside(ledger, letter(booked(1), "unknown_facility", 0))

    assert [(1, 2, "")] == [one[:3] for one in give_again(ledger, door(ledger), [])]
    assert 2 == ledger.position()


def test_a_letter_that_is_not_there_is_named(ledger) -> None:
    with pytest.raises(InputRefused, match="no dead letter 7"):
        give_again(ledger, door(ledger), [7])
