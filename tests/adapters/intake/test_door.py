"""The one way in: every refusal with its code, receipts, and keys judged at the position, on every backend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.agencies import allow_unsigned, revoke
from adapters.intake.checking import ParallelChecker, check
from adapters.intake.door import Door
from adapters.intake.gate import Gate
from adapters.intake.offered import Accepted, Answer, Offered
from adapters.places.register import minnesota_register
from adapters.store.ledger import Ledger, system_clock
from adapters.store.verification import verify
from domain.canonical import leaf_hash
from domain.errors import InputRefused, LedgerUnavailable
from domain.events.detainer import DetainerAcknowledged
from domain.events.record import EventRetracted
from projections.agency_keys import AgencyKeys, Command
from tests.builders import JAIL, MONDAY, SHERIFF, body, booked
from tests.domain.test_envelope import altered_events, mutated_events
from tests.signing import Agency, door_to
from tests.spots import Spot


@pytest.fixture
def ledger(spot: Spot) -> Iterator[Ledger]:
    made = spot.ledger()
    yield made
    made.close()


@pytest.fixture
def agency(ledger: Ledger) -> Agency:
    made = Agency()
    made.enrolled(ledger)
    return made


def codes(answers: list[Answer]) -> list[str]:
    return [answer.code if isinstance(answer, InputRefused) else "accepted" for answer in answers]


def rejects(ledger: Ledger) -> list[tuple[str, str, int]]:
    rows = ledger.facts.rows('SELECT code, origin, "row" AS at FROM rejects ORDER BY reject_id')
    return [(row["code"], row["origin"], row["at"]) for row in rows]


def refusals(agency: Agency) -> dict[str, Offered]:
    """Return an event for each code that it is refused with."""
    good = agency.books(50)
    assert good.body is not None
    assert good.signature is not None
    elsewhere = {"data": {"facility": "mn-cook-jail", "subject": "s-1"}}
    nowhere = {"data": {"facility": "mn-nowhere-jail", "subject": "s-1"}}
    late = (system_clock() + timedelta(hours=25)).isoformat(timespec="seconds")
    deep: Any = 1
    for _ in range(20):
        deep = {"a": deep}
    return {
        "tombstone": good._replace(body=None),
        "not_json": good._replace(body=b"{"),
        "not_an_object": good._replace(body=b"[]"),
        "not_canonical": good._replace(body=good.body.replace(b'"id":"', b'"id":"x","id":"')),
        "float": good._replace(body=good.body.replace(b'"data":{', b'"data":{"amount":1.50,')),
        "integer_too_large": good._replace(body=good.body.replace(b'"data":{', b'"data":{"amount":%d,' % 2**64)),
        "too_large": good._replace(body=b"{" + b" " * 61_440),
        "too_deep": good._replace(body=orjson.dumps(deep) + b" "),
        "unknown_type": agency.books(52, type="custody.subject_lost"),
        "schema": agency.books(53, dataschema="urn:custody:schema:custody.subject_booked:2"),
        "unknown_facility": agency.books(54, **nowhere),
        "clock_ahead": agency.books(55, time=late),
        "bad_signature": good._replace(signature=bytes(64)),
        "unknown_key": Agency().books(56),
        "unsigned": Offered(booked(57), None, "test", 57),
        "source_not_the_keys": agency.books(58, source="agency:mn-cook-sheriff"),
        "type_not_the_keys": agency.says(body(DetainerAcknowledged, "d-1", facility=JAIL)),
        "facility_not_the_keys": agency.books(59, **elsewhere),
        "headers_disagree": agency.books(60)._replace(said=(("id", "another"),)),
        "by_command_only": agency.says(agency_event(agency)),
    }


def agency_event(agency: Agency) -> bytes:
    return Command(SHERIFF, AgencyKeys(), MONDAY).enrol(agency.source, Agency().key.public, (JAIL,), ("custody.*",))


def test_each_bad_input_has_its_code_is_kept_as_evidence_and_leaves_its_neighbours_alone(
    ledger: Ledger, agency: Agency
) -> None:
    bad = refusals(agency)
    pairs = [(agency.books(number), event) for number, event in enumerate(bad.values())]
    offered = [one for pair in pairs for one in pair]

    answers = door_to(ledger).record(offered)

    assert [code for name in bad for code in ("accepted", name)] == codes(answers)
    assert sorted(bad) == sorted(code for code, _, _ in rejects(ledger))
    assert all(answer.mend for answer in answers if isinstance(answer, InputRefused) and answer.code not in SAID_ENOUGH)
    assert [] == verify(ledger, lambda done: None).problems


SAID_ENOUGH = {"not_json", "not_an_object", "too_deep"}


def test_an_answer_is_the_receipt_with_id_position_leaf_and_the_ledgers_time(ledger: Ledger, agency: Agency) -> None:
    offered = agency.books(1)

    (answer,) = door_to(ledger).record([offered])

    assert isinstance(answer, Accepted)
    (event,) = ledger.at([2])
    assert offered.body is not None
    assert {
        "id": event.envelope.id,
        "source": f"agency:{SHERIFF}",
        "position": 2,
        "leaf": leaf_hash(offered.body).hex(),
        "recorded_at": event.recorded_at.isoformat().replace("+00:00", "Z"),
        "new": True,
    } == answer.as_json()
    assert event.is_signed


def test_the_same_event_again_gives_the_first_receipt_also_within_a_batch(ledger: Ledger, agency: Agency) -> None:
    door, offered = door_to(ledger), agency.books(1)

    first, again = door.record([offered, offered])
    (later,) = door.record([offered])

    assert isinstance(first, Accepted)
    assert first._replace(receipt=first.receipt._replace(is_new=False)) == again == later


def test_a_repeated_id_with_other_bytes_is_refused_and_kept_as_evidence(ledger: Ledger, agency: Agency) -> None:
    first = agency.books(1)
    assert first.body is not None
    other = agency.says(first.body, time="2026-01-12T09:00:00-06:00")

    assert ["accepted", "different_bytes"] == codes(door_to(ledger).record([first, other]))
    assert [("different_bytes", "test", 2)] == rejects(ledger)


def test_what_headers_say_is_compared_with_the_event_and_may_be_left_out(ledger: Ledger, agency: Agency) -> None:
    offered = agency.books(1)
    event = orjson.loads(offered.body or b"")
    names = ("id", "source", "type", "subject", "agencykey", "time", "sequence")

    answers = door_to(ledger).record(
        [offered._replace(said=tuple((name, event[name]) for name in names))]
        + [agency.books(at)._replace(said=((name, "other"),)) for at, name in enumerate(names, 2)]
    )

    assert ["accepted", *["headers_disagree"] * len(names)] == codes(answers)
    assert list(names) == [answer.where for answer in answers if isinstance(answer, InputRefused)]


def test_a_revoked_key_says_nothing_more_and_what_it_said_keeps_its_receipt(ledger: Ledger, agency: Agency) -> None:
    door, before = door_to(ledger), agency.books(1)
    (first,) = door.record([before])
    revoke(ledger, SHERIFF, agency.key.public.key_id, "lost", system_clock())

    answers = door.record([before, agency.books(2)])

    assert isinstance(first, Accepted)
    assert first._replace(receipt=first.receipt._replace(is_new=False)) == answers[0]
    assert "key_revoked" == codes(answers)[1]
    assert [] == verify(ledger, lambda done: None).problems


def test_a_key_is_judged_at_the_position_even_where_it_is_revoked_while_events_are_on_their_way(
    spot: Spot, ledger: Ledger, agency: Agency
) -> None:
    door = door_to(ledger)
    append, offered = ledger.append, agency.books(1)
    elsewhere = Ledger.open_to_write(spot.place)

    def overtaken(*arguments: Any, **named: Any) -> Any:
        ledger.append = append  # type: ignore[method-assign]
        revoke(elsewhere, SHERIFF, agency.key.public.key_id, "stolen", system_clock())
        return append(*arguments, **named)

    ledger.append = overtaken  # type: ignore[method-assign]
    answers = door.record([offered])
    elsewhere.close()

    assert ["key_revoked"] == codes(answers)
    assert 2 == ledger.position()


def test_a_key_that_is_enrolled_later_speaks_from_there_on(ledger: Ledger) -> None:
    door, late = door_to(ledger), Agency()
    offered = late.books(1)

    assert ["unknown_key"] == codes(door.record([offered]))
    late.enrolled(ledger)
    assert ["accepted"] == codes(door.record([offered]))


def test_unsigned_events_come_in_only_where_the_ledger_was_made_for_them_and_stay_marked(ledger: Ledger) -> None:
    allow_unsigned(ledger, system_clock())
    allow_unsigned(ledger, system_clock())  # again: as it is

    assert ["accepted"] == codes(door_to(ledger).record([Offered(booked(1), None, "test", 1)]))
    assert [False, False] == [event.is_signed for event in ledger.recorded()]
    assert [] == verify(ledger, lambda done: None).problems


def test_how_a_ledger_was_made_is_not_changed_later(ledger: Ledger, agency: Agency) -> None:
    with pytest.raises(InputRefused) as refused:
        allow_unsigned(ledger, system_clock())

    assert "ledger_begun" == refused.value.code
    assert 1 == ledger.position()


def test_checks_in_other_processes_give_the_same_answers_in_the_same_order(ledger: Ledger, agency: Agency) -> None:
    bad = refusals(agency)
    offered = [*bad.values(), *(agency.books(number) for number in range(600))]
    with ParallelChecker(minnesota_register(), processes=2) as checker:
        door = Door(ledger, checker, system_clock)
        started = [door.start(offered[at : at + 400]) for at in range(0, len(offered), 400)]
        answers = [answer for one in started for answer in door.finish(one)]

    assert [*bad, *["accepted"] * 600] == codes(answers)
    assert list(range(2, 602)) == [answer.receipt.position for answer in answers if isinstance(answer, Accepted)]


def test_a_process_that_checks_and_is_killed_gives_an_error_and_the_next_try_works(
    ledger: Ledger, agency: Agency
) -> None:
    with ParallelChecker(minnesota_register(), processes=1) as checker:
        door = Door(ledger, checker, system_clock)
        door.record([agency.books(1)])
        for process in list(checker._pool._processes.values()):
            process.kill()
            process.join()
        with pytest.raises(LedgerUnavailable) as away:
            door.record([agency.books(2)])
        assert "checker_ended" == away.value.code
        assert ["accepted"] == codes(door.record([agency.books(60)]))


GATE = Gate(minnesota_register())
FUZZED = Agency()
KEYS = {FUZZED.key.public.key_id: FUZZED.key.public}
ANYTHING = st.binary(max_size=200) | mutated_events() | altered_events()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    ANYTHING | st.none(),
    st.none() | st.binary(max_size=80),
    st.lists(st.tuples(st.sampled_from(["id", "type", "data", "agencykey", "é"]), st.text(max_size=5)), max_size=2),
)
def test_whatever_comes_is_checked_or_refused_with_a_code(
    body: bytes | None, signature: bytes | None, said: list[tuple[str, str]]
) -> None:
    offered = Offered(body, signature, "fuzz", 1, tuple(said))
    try:
        submission = check(GATE, offered, KEYS, 2**60)
    except InputRefused as refused:
        assert all((refused.code, refused.what))  # noqa: PT017 - a refusal is one of the two right answers
        return
    assert (body, signature) == (submission.body, submission.signature) == (body, None)


@settings(max_examples=100, deadline=None)
@given(st.integers(min_value=0), st.booleans())
def test_any_bit_flipped_in_a_signed_event_or_its_signature_is_refused(bit: int, in_body: bool) -> None:
    offered = FUZZED.books(1)
    assert check(GATE, offered, KEYS, 2**60)
    assert offered.body is not None
    assert offered.signature is not None
    part = bytearray(offered.body if in_body else offered.signature)
    part[bit // 8 % len(part)] ^= 1 << bit % 8
    changed = offered._replace(**{"body" if in_body else "signature": bytes(part)})
    with pytest.raises(InputRefused):
        check(GATE, changed, KEYS, 2**60)


def test_a_retraction_needs_no_facility_and_only_its_own_key(ledger: Ledger) -> None:
    own = Agency()
    own.enrolled(ledger, types=("custody.*", "record.event_retracted"))
    first = own.books(1)
    target = orjson.loads(first.body or b"")["id"]
    retraction = own.says(body(EventRetracted, "r-1", reason="entered_twice", correctionof=target))

    assert ["accepted", "accepted"] == codes(door_to(ledger).record([first, retraction]))


def test_a_ledger_that_is_away_gives_an_error_and_stores_nothing(spot: Spot, ledger: Ledger, agency: Agency) -> None:
    door, offered = door_to(ledger), agency.books(1)
    spot.run(spot.failing_trigger)

    with pytest.raises(LedgerUnavailable):
        door.record([offered, offered._replace(body=None)])
    assert 1 == ledger.position()
    assert [] == rejects(ledger)


def test_of_events_signed_at_once_each_is_taken_alone_in_any_order(ledger: Ledger, agency: Agency) -> None:
    offered = agency.says_together([booked(number) for number in range(1, 71)])
    door = door_to(ledger)
    answers = [answer for one in reversed(offered) for answer in door.record([one])]

    assert ["accepted"] * 70 == codes(answers)
    rows = ledger.event_rows(after=1)
    assert [one.signature for one in reversed(offered)] == [bytes(row["signature"]) for row in rows]


def test_a_signature_over_many_counts_for_the_key_that_the_event_names_alone(ledger: Ledger, agency: Agency) -> None:
    one, other = agency.says_together([booked(1), booked(2)])
    bodies = [one.body or b"", other.body or b""]
    by_another = list(Agency().key.sign_all(bodies))[1]
    swapped = one._replace(signature=other.signature)

    answers = door_to(ledger).record([swapped, other._replace(signature=by_another), one])
    assert ["bad_signature", "bad_signature", "accepted"] == codes(answers)
