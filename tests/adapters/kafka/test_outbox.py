"""The log as an outbox: each position one record, whatever crashes; and dead letters beside."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from kafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from adapters.kafka import outbox
from adapters.kafka.clients import transactional_producer
from adapters.kafka.meters import PublishMeter
from adapters.kafka.outbox import LetterFeed, LogFeed, Publisher
from adapters.kafka.settings import KafkaSettings
from adapters.store.ledger import Ledger
from domain.canonical import leaf_hash
from domain.errors import IntegrityProblem, LedgerUnavailable
from tests.adapters.kafka.odd_records import produce_in_another_time, produce_neither
from tests.adapters.kafka.workers import record_of, take_in, unsigned_ledger
from tests.builders import MONDAY, booked, released, submissions
from tests.kafka_brokers import WAIT_SECONDS, consume, new_topic, produce

Publish = Callable[..., Publisher]


@pytest.fixture
def ledger(spot) -> Iterator[Ledger]:
    made = unsigned_ledger(spot)
    made.append(submissions(60), now=MONDAY)
    yield made
    made.close()


@pytest.fixture
def topic(broker: str) -> str:
    return new_topic(broker)


@pytest.fixture
def publisher(broker: str, topic: str, ledger: Ledger) -> Publisher:
    return publisher_of(broker, LogFeed(ledger, topic))


def publisher_of(broker: str, feed: outbox.Feed) -> Publisher:
    settings = KafkaSettings(bootstrap_servers=broker)
    return Publisher(settings, feed, PublishMeter(CollectorRegistry()), lambda _: None)


def positions(records: list) -> list[int]:
    return sorted(int(dict(record.headers)["custody-position"]) for record in records)


def test_each_position_is_one_record_with_the_bytes_as_stored_and_what_stands_beside_them(
    broker, topic, ledger, publisher
) -> None:
    publisher.run(lambda: False, once=True)

    records = consume(broker, topic)
    headers = dict(records[-1].headers)
    stored = {row["position"]: row for row in ledger.whole_rows(after=0, limit=100)}
    row = stored[int(headers["custody-position"])]
    assert list(range(1, 62)) == positions(records)
    assert (row["state"], row["originator_id"].encode()) == (records[-1].value, records[-1].key)
    assert leaf_hash(row["state"]).hex() == headers["custody-leaf"].decode()
    assert (row["event_id"], row["source"], b"application/cloudevents+json") == (
        headers["ce_id"].decode(),
        headers["ce_source"].decode(),
        headers["content-type"],
    )


def test_what_is_published_can_be_taken_in_by_another_ledger_byte_for_byte(
    broker, topic, ledger, publisher, tmp_path
) -> None:
    from tests.spots import FileSpot

    publisher.run(lambda: False, once=True)
    other = unsigned_ledger(FileSpot(tmp_path / "other.db"))

    counted = take_in(broker, topic, other)

    assert 60 == counted["stored"]  # and the first, which only a command makes, is refused
    other.close()


def test_a_publisher_goes_on_after_the_last_position_that_the_topic_holds(broker, topic, ledger, publisher) -> None:
    publisher.run(lambda: False, once=True)
    ledger.append(submissions(5, start=61), now=MONDAY)
    again = publisher_of(broker, LogFeed(ledger, topic))
    again.run(lambda: False, once=True)

    assert (5, 66) == (again.published, again.number)
    assert list(range(1, 67)) == positions(consume(broker, topic))


def test_a_crash_in_the_middle_of_a_transaction_leaves_no_position_out_and_none_twice(
    broker, topic, ledger, publisher, monkeypatch
) -> None:
    """A publisher that dies with records out and not committed: the next ends its transaction and sends them anew."""
    monkeypatch.setattr(outbox, "TRANSACTION_RECORDS", 20)
    dying = transactional_producer(publisher._settings, f"custody-publish-{topic}")
    dying.init_transactions()
    publisher._send(dying, publisher._feed.after(0, 20))
    dying.begin_transaction()
    for one in publisher._feed.after(20, 20):
        dying.send(one.topic, value=one.value, key=one.key, headers=one.headers).get(timeout=WAIT_SECONDS)

    publisher.run(lambda: False, once=True)

    assert list(range(1, 62)) == positions(consume(broker, topic))
    uncommitted = Counter(positions(consume(broker, topic, isolation="read_uncommitted")))
    assert {position for position, count in uncommitted.items() if count > 1} == set(range(21, 41))
    with pytest.raises(KafkaError):  # the old one, if it was only slow, can do no more
        dying.commit_transaction()
    dying.close(timeout=1)


def test_a_transaction_has_a_bound_in_bytes_as_in_number(broker, topic, ledger, publisher, monkeypatch) -> None:
    """It waits in the producer's memory, and a slow line has to carry it within a minute."""
    sizes = [one.size for one in publisher._feed.after(0, 100)]
    monkeypatch.setattr(outbox, "TRANSACTION_BYTES", sum(sizes[:20]))

    publisher.run(lambda: publisher.published > 0)

    assert 20 == publisher.published
    publisher.run(lambda: False, once=True)
    assert list(range(1, 62)) == positions(consume(broker, topic))


def test_a_record_larger_than_the_bound_goes_alone(broker, topic, ledger, publisher, monkeypatch) -> None:
    monkeypatch.setattr(outbox, "TRANSACTION_BYTES", 1)

    publisher.run(lambda: publisher.published > 0)

    assert 1 == publisher.published


def test_the_order_of_a_chain_is_that_of_the_log(broker, topic, ledger, publisher) -> None:
    for n in range(1, 21):
        from domain.envelope import admit

        ledger.append([admit(released(n, at=MONDAY + timedelta(hours=n)))], now=MONDAY)
    publisher.run(lambda: False, once=True)

    chains = defaultdict(list)
    for record in consume(broker, topic):
        chains[record.key].append(int(dict(record.headers)["custody-position"]))
    assert all(found == sorted(found) for found in chains.values())
    assert 20 == sum(len(found) == 2 for found in chains.values())


def test_a_topic_that_holds_another_ledgers_log_is_refused(broker, topic, publisher, tmp_path) -> None:
    from tests.spots import FileSpot

    publisher.run(lambda: False, once=True)
    other = unsigned_ledger(FileSpot(tmp_path / "other.db"))
    other.append(submissions(61, start=101), now=MONDAY)

    with pytest.raises(IntegrityProblem, match="another event at position"):
        publisher_of(broker, LogFeed(other, topic)).run(lambda: False, once=True)
    other.close()


def test_a_topic_that_nobody_made_is_named(broker, ledger) -> None:
    with pytest.raises(LedgerUnavailable, match="no such topic"):
        publisher_of(broker, LogFeed(ledger, "custody.not.made")).run(lambda: False, once=True)


def test_dead_letters_go_beside_their_topic_as_they_came_with_the_reason_and_each_once(broker, topic, ledger) -> None:
    new_topic(broker, name=f"{topic}.dlq")
    elsewhere = booked(900, facility="mn-nowhere-jail")
    chain = record_of(elsewhere)[0]
    produce(broker, topic, [record_of(elsewhere, note=b"\xff"), (chain, booked(901), [])])
    take_in(broker, topic, ledger)

    for _ in range(2):
        publisher_of(broker, LetterFeed(ledger)).run(lambda: False, once=True)

    found = consume(broker, f"{topic}.dlq")
    first, second = (dict(record.headers) for record in found)
    assert [(chain, elsewhere), (chain, booked(901))] == [(record.key, record.value) for record in found]
    assert (b"unknown_facility", b"behind_dead_letter") == (first["ledger-dlq-reason"], second["ledger-dlq-reason"])
    assert (topic.encode(), b"0", b"\xff") == (first["ledger-dlq-topic"], first["ledger-dlq-offset"], first["note"])


def test_a_letter_that_no_topic_would_take_goes_out_as_its_reason_alone_and_those_behind_it_follow(
    broker, topic, ledger
) -> None:
    """A topic's bound is that of a batch, and ours has more headers than the agency's had."""
    new_topic(broker, name=f"{topic}.dlq")
    large = b'{"x":"' + b"a" * 1_048_400 + b'"}'
    produce(broker, topic, [(b"episode/a", large, [])])
    take_in(broker, topic, ledger)
    produce(broker, topic, [(b"episode/b", None, [])])
    take_in(broker, topic, ledger)

    publisher = publisher_of(broker, LetterFeed(ledger))
    publisher.run(lambda: False, once=True)

    found = {dict(record.headers)["ledger-dlq-letter"]: record for record in consume(broker, f"{topic}.dlq")}
    headers = dict(found[b"1"].headers)
    assert ((None, b""), (b"episode/b", None)) == tuple((found[n].key, found[n].value) for n in (b"1", b"2"))
    assert (b"too_large", b"1048417") == (headers["ledger-dlq-reason"], headers["ledger-dlq-left-out"])
    assert large == next(ledger.dead_letters()).letter.value


def test_a_letter_without_key_and_value_is_published_with_an_empty_value(broker, topic, ledger) -> None:
    new_topic(broker, name=f"{topic}.dlq")
    produce_neither(broker, topic)
    take_in(broker, topic, ledger)

    publisher_of(broker, LetterFeed(ledger)).run(lambda: False, once=True)

    (record,) = consume(broker, f"{topic}.dlq")
    assert (None, b"", b"tombstone") == (record.key, record.value, dict(record.headers)["ledger-dlq-reason"])


def test_a_letter_of_a_record_that_says_it_is_of_another_age_is_published(broker, ledger) -> None:
    topic = new_topic(broker, message_timestamp_after_max_ms=str(2**63 - 1))
    new_topic(broker, name=f"{topic}.dlq")
    produce_in_another_time(broker, topic, (b"episode/a", None, []), time_ms=2**62)
    take_in(broker, topic, ledger)

    publisher_of(broker, LetterFeed(ledger)).run(lambda: False, once=True)

    (record,) = consume(broker, f"{topic}.dlq")
    assert b"9999-12-31T23:59:59.999000Z" == dict(record.headers)["ledger-dlq-timestamp"]
