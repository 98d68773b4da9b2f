"""The one way in: gate, register, durable batches, evidence of refusals."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.intake.gate import Gate
from adapters.intake.intake import BATCH_EVENTS, Intake
from adapters.places.register import minnesota_register
from adapters.store.ledger import Ledger, system_clock
from domain.errors import InputRefused
from tests.builders import MONDAY, booked
from tests.signing import Agency


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger.create(tmp_path / "custody.db")
    yield made
    made.close()


def intake(ledger: Ledger, settled: list) -> Intake:
    return Intake(ledger, Gate(minnesota_register()), system_clock, settled.extend)


def test_what_is_settled_is_on_disk_in_the_order_submitted(ledger: Ledger) -> None:
    settled: list = []
    count = 2 * BATCH_EVENTS + 7
    with intake(ledger, settled) as way_in:
        for number in range(1, count + 1):
            way_in.submit(booked(number, at=MONDAY + timedelta(minutes=number)), origin="test", row=number)

    assert list(range(1, count + 1)) == [outcome.position for _, outcome in settled]
    assert count == ledger.position()


def test_a_refusal_is_raised_and_kept_as_evidence(ledger: Ledger) -> None:
    with intake(ledger, []) as way_in, pytest.raises(InputRefused) as error:
        way_in.submit(b'{"a":1}', origin="test", row=4)

    assert "unknown_type" == error.value.code


def test_an_event_that_names_a_key_of_the_ledger_is_not_transcribed_without_its_signature(ledger: Ledger) -> None:
    agency = Agency()
    signed = agency.books(1).body
    with intake(ledger, []) as way_in:
        way_in.submit(signed, origin="another ledger's log", row=1)
    agency.enrolled(ledger)

    with intake(ledger, []) as way_in, pytest.raises(InputRefused) as error:
        way_in.submit(agency.books(2).body, origin="test", row=1)

    assert ("unsigned", "agencykey") == (error.value.code, error.value.where)


def test_evidence_survives_even_when_nothing_else_is_stored(ledger: Ledger) -> None:
    with intake(ledger, []) as way_in:
        for body in (b'{"a":1}', b"[]"):
            with pytest.raises(InputRefused):
                way_in.submit(body, origin="test", row=1)

    kept = [(row["code"], bytes(row["body"])) for row in ledger.facts.rows("SELECT code, body FROM rejects")]
    assert [("unknown_type", b'{"a":1}'), ("not_an_object", b"[]")] == kept
    assert 0 == ledger.position()


def test_the_same_refusal_again_is_the_same_evidence(ledger: Ledger) -> None:
    for _ in range(2):
        with intake(ledger, []) as way_in, pytest.raises(InputRefused):
            way_in.submit(b"[]", origin="test", row=1)

    with intake(ledger, []) as way_in:
        refusal = InputRefused("not_an_object", "an event is one JSON object")
        way_in.refuse(refusal, origin="test", row=1, body=b"[]")
    assert 1 == ledger.facts.rows("SELECT count(*) AS n FROM rejects")[0]["n"]


def test_a_facility_outside_the_register_is_refused_with_near_names(ledger: Ledger) -> None:
    with intake(ledger, []) as way_in, pytest.raises(InputRefused) as error:
        way_in.submit(booked(facility="mn-fribourg-jail"), origin="test", row=1)

    assert "unknown_facility" == error.value.code
    assert "mn-freeborn-jail" in error.value.mend


def test_an_error_of_the_caller_keeps_whole_batches_only(ledger: Ledger) -> None:
    def stumble() -> None:
        with intake(ledger, []) as way_in:
            for number in range(1, BATCH_EVENTS + 5):
                way_in.submit(booked(number, at=MONDAY + timedelta(minutes=number)), origin="test", row=number)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()

    assert BATCH_EVENTS == ledger.position()
