"""Agencies' topics into the ledger, on a real broker and on every store."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from threading import Event, Thread

import pytest

from adapters.kafka import intake
from adapters.kafka.dead_letters import replay as give_again
from adapters.store.ledger import Ledger
from adapters.store.verification import verify
from domain.errors import LedgerUnavailable
from tests.adapters.kafka.workers import record_of, take_in, unsigned_ledger, working
from tests.builders import JAIL, MONDAY, booked, released
from tests.kafka_brokers import new_topic, produce, until
from tests.signing import Agency, door_to


@pytest.fixture
def ledger(spot) -> Iterator[Ledger]:
    made = unsigned_ledger(spot)
    yield made
    made.close()


@pytest.fixture
def topic(broker: str) -> str:
    return new_topic(broker)


def bodies(ledger: Ledger) -> list[bytes]:
    return [bytes(row["state"]) for row in ledger.event_rows(after=1)]


def test_every_record_is_recorded_byte_for_byte_once_and_its_offset_with_it(broker, topic, ledger) -> None:
    events = [booked(n) for n in range(1, 41)]
    produce(broker, topic, [record_of(event) for event in [*events, *events[:5]]])

    first = take_in(broker, topic, ledger, batch=7)
    again = take_in(broker, topic, ledger)
    anew = take_in(broker, topic, ledger, group=f"another.{topic}")

    assert {"stored": 40, "already_there": 5} == first
    assert {} == again
    assert {"already_there": 45} == anew
    assert sorted(events) == sorted(bodies(ledger))
    assert 45 == sum(ledger.kafka_offsets(f"group.{topic}").values())
    assert [] == verify(ledger, lambda _: None).problems


def test_events_that_were_signed_at_once_are_taken_also_when_they_were_set_aside_first(broker, topic, spot) -> None:
    ledger, agency = spot.ledger(), Agency()
    signed = agency.says_together([booked(n) for n in range(1, 71)])
    records = [record_of(one.body, signature=b64encode(one.signature)) for one in signed]
    produce(broker, topic, records)

    before = take_in(broker, topic, ledger)
    agency.enrolled(ledger)
    replayed = give_again(ledger, door_to(ledger), [])

    assert {"refused": 70} == before
    assert 70 == sum(one.position is not None for one in replayed)
    assert 70 == (result := verify(ledger, lambda _: None)).signatures
    assert [] == result.problems
    ledger.close()


def test_what_belongs_to_one_chain_is_recorded_in_the_order_it_was_sent(broker, topic, ledger) -> None:
    events = [event for n in range(1, 31) for event in (booked(n), released(n, at=MONDAY + timedelta(hours=n)))]
    produce(broker, topic, [record_of(event) for event in events])

    take_in(broker, topic, ledger, batch=5)

    found = bodies(ledger)
    assert all(found.index(first) < found.index(last) for first, last in zip(events[::2], events[1::2], strict=True))


CHAIN = f"episode/{JAIL}.1".encode()
BROKEN = [  # key, value, headers, code
    (b"episode/a", None, [], "tombstone"),
    (b"episode/b", b"{", [], "not_json"),
    (b"episode/c", b"\xff\xfe", [], "not_json"),
    (b"episode/d", booked(1).replace(b'"type"', b' "type"'), [], "not_canonical"),
    (b"episode/e", booked(1).replace(b'"data":{', b'"data":{"amount":%d,' % 2**64), [], "integer_too_large"),
    (None, booked(1), [], "no_key"),
    (b"episode/another", booked(1), [], "headers_disagree"),
    (CHAIN, booked(1), [("ce_type", b"custody.died")], "headers_disagree"),
    (CHAIN, booked(1), [("content-type", b"application/json")], "not_structured"),
    (CHAIN, booked(1), [("signature", b"not base64!")], "bad_signature"),
    (CHAIN, booked(1), [("signature", b"\xff")], "bad_signature"),
    (b"\xff\x00", booked(1), [("ce_id", b"\xff")], "headers_disagree"),
    (CHAIN, booked(1), [("signature", b64encode(b"x" * 64))], "unknown_key"),  # the one that holds its chain: last
]


def test_a_record_that_cannot_be_recorded_is_set_aside_as_it_came_with_its_reason(broker, ledger) -> None:
    topic = new_topic(broker, partitions=1)
    produce(broker, topic, [*((key, value, headers) for key, value, headers, _ in BROKEN), record_of(booked(2))])

    counted = take_in(broker, topic, ledger)

    letters = [stored.letter for stored in ledger.dead_letters()]
    assert {"refused": len(BROKEN), "stored": 1} == counted
    assert [(topic, key, value, tuple(headers), code) for key, value, headers, code in BROKEN] == [
        (one.topic, one.key, one.value, one.headers, one.code) for one in letters
    ]
    assert [False] * (len(BROKEN) - 1) + [True] == [one.holds for one in letters]
    assert [booked(2)] == bodies(ledger)


def test_what_comes_behind_a_letter_that_can_be_mended_waits_and_other_chains_do_not(broker, topic, ledger) -> None:
    elsewhere = booked(1, facility="mn-nowhere-jail")
    chain = record_of(elsewhere)[0]
    behind = [(chain, booked(7), []), (chain, booked(8), [])]
    produce(broker, topic, [record_of(elsewhere), *behind, record_of(booked(2)), record_of(released(2))])

    counted = take_in(broker, topic, ledger, batch=2)

    assert {"refused": 1, "held": 2, "stored": 2} == counted
    assert ["unknown_facility", "behind_dead_letter", "behind_dead_letter"] == [
        stored.letter.code for stored in ledger.dead_letters()
    ]
    assert [booked(2), released(2)] == bodies(ledger)


def test_the_same_id_with_other_bytes_is_set_aside_and_holds_nothing(broker, topic, ledger) -> None:
    import orjson

    first = booked(1)
    other = orjson.dumps({**orjson.loads(first), "time": "2026-01-12T09:00:00-06:00"}, option=orjson.OPT_SORT_KEYS)
    produce(broker, topic, [record_of(first), record_of(other), record_of(released(1))])

    take_in(broker, topic, ledger)

    assert [first, released(1)] == bodies(ledger)
    assert ["different_bytes"] == [stored.letter.code for stored in ledger.dead_letters()]


def test_a_worker_begins_where_the_ledger_says_whatever_kafka_has_committed(broker, topic, ledger) -> None:
    produce(broker, topic, [record_of(booked(n)) for n in range(1, 11)])
    take_in(broker, topic, ledger)
    other = ledger.place

    # A ledger restored from an older copy asks for everything again, though Kafka has the group's offsets.
    group = f"group.{topic}"
    with working(broker, [topic], ledger, group=group) as worker:
        worker._group = f"restored.{topic}"
        worker.run(lambda: False, once=True)

    assert {"already_there": 10} == dict(worker.counted)
    assert other == ledger.place


def test_a_worker_whose_place_was_moved_by_another_stores_nothing_and_goes_on_from_there(broker, topic, ledger) -> None:
    produce(broker, topic, [record_of(booked(n)) for n in range(1, 6)])
    with working(broker, [topic], ledger, group=f"group.{topic}") as frozen:
        while not frozen._waiting:  # it has a batch in hand when it freezes
            frozen._finish = lambda: None  # type: ignore[method-assign]
            frozen.step()
        del frozen._finish
        with working(broker, [topic], ledger, group=f"second.{topic}") as second:
            second._group = f"group.{topic}"
            second.run(lambda: False, once=True)
        frozen.run(lambda: False, once=True)

    assert {} == dict(frozen.counted)
    assert 5 == second.counted["stored"]
    assert 6 == ledger.position()


def test_a_topic_made_anew_under_its_name_is_noticed(broker, ledger, monkeypatch) -> None:
    from contextlib import closing

    from kafka import KafkaAdminClient

    topic = new_topic(broker, partitions=1)
    produce(broker, topic, [record_of(booked(n)) for n in range(1, 6)])
    take_in(broker, topic, ledger)
    with closing(KafkaAdminClient(bootstrap_servers=broker)) as client:
        client.delete_topics([topic])
    new_topic(broker, partitions=1, name=topic)
    produce(broker, topic, [record_of(booked(6))])

    monkeypatch.setattr(intake, "SHORT_SECONDS", 1)
    with pytest.raises(LedgerUnavailable, match="does not reach that far"):
        take_in(broker, topic, ledger)


def test_two_workers_share_the_partitions_and_each_record_is_recorded_once(broker, ledger) -> None:
    topic = new_topic(broker, partitions=6)
    stop = Event()
    second = Ledger.open_to_write(ledger.place)
    with working(broker, [topic], ledger, group=topic) as one, working(broker, [topic], second, group=topic) as other:
        threads = [Thread(target=worker.run, args=(stop.is_set,), daemon=True) for worker in (one, other)]
        for thread in threads:
            thread.start()
        until(lambda: {3} == {len(one._places), len(other._places)})
        produce(broker, topic, [record_of(booked(n)) for n in range(1, 101)])
        until(lambda: one.counted.total() + other.counted.total() >= 100)
        stop.set()
        for thread in threads:
            thread.join()
    second.close()

    assert sorted(booked(n) for n in range(1, 101)) == sorted(bodies(ledger))
    assert min(one.counted["stored"], other.counted["stored"]) > 0


def test_a_worker_waits_while_the_ledger_cannot_be_written_and_then_goes_on(broker, topic, ledger, monkeypatch) -> None:
    """It stays in its group meanwhile: nobody else gets its partitions, and nothing is read on."""
    produce(broker, topic, [record_of(booked(n)) for n in range(1, 11)])
    away = [True]
    append = ledger.append

    def refusing(*arguments, **options):
        if away:
            raise LedgerUnavailable("disk_full", "the ledger cannot be used: disk full")
        return append(*arguments, **options)

    monkeypatch.setattr(ledger, "append", refusing)
    with working(broker, [topic], ledger, group=topic) as worker:
        while worker._away_seconds < 1:  # twice in vain
            worker.step()
        paused = worker._consumer.paused()
        away.clear()
        worker.run(lambda: False, once=True)

    assert 3 == len(paused)
    assert 10 == worker.counted["stored"]
    assert 11 == ledger.position()
