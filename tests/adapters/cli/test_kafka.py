"""`custody kafka` and `custody dlq`, as programs call them."""

from __future__ import annotations

import socket

import pytest

from adapters.store.ledger import Ledger, system_clock
from domain.envelope import admit
from projections.agency_keys import unsigned_allowed_event
from tests.adapters.kafka.workers import record_of
from tests.builders import booked, released
from tests.kafka_brokers import consume, new_topic, produce

ELSEWHERE = booked(1, facility="mn-nowhere-jail")


@pytest.fixture
def kafka(broker, path, custody, monkeypatch):
    """The command line with a ledger that takes unsigned events, and a broker to talk to."""
    ledger = Ledger.create(path)
    ledger.append([admit(unsigned_allowed_event(system_clock()))], now=system_clock())
    ledger.close()
    monkeypatch.setenv("CUSTODY_KAFKA_BOOTSTRAP_SERVERS", broker)
    return custody


@pytest.mark.parametrize("command", [("intake", "custody.intake.us-ice"), ("publish",)])
def test_a_port_for_metrics_on_which_another_listens_is_named(custody, monkeypatch, command) -> None:
    custody("init")
    monkeypatch.setenv("CUSTODY_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ran = custody("kafka", *command, "--metrics-port", port, "--json")

    error = ran.json["error"]
    assert (4, "port_taken", f"127.0.0.1:{port}") == (ran.status, error["code"], error["where"])


def test_events_go_in_are_published_and_what_is_set_aside_can_be_seen_and_let_go(kafka, broker) -> None:
    topic, out = new_topic(broker), new_topic(broker)
    new_topic(broker, name=f"{topic}.dlq")
    behind = (record_of(ELSEWHERE)[0], booked(2), [])
    produce(broker, topic, [record_of(booked(3)), record_of(released(3)), record_of(ELSEWHERE), behind])

    taken = kafka("kafka", "intake", topic, "--once", "--json")
    lag = kafka("kafka", "lag", "--json")
    published = kafka("kafka", "publish", "--topic", out, "--once", "--json")
    listed = kafka("dlq", "list", "--json")
    shown = kafka("dlq", "show", 1, "--json")

    assert (3, {"stored": 2, "already_there": 0, "refused": 1, "held": 1, "position": 3}) == (taken.status, taken.json)
    assert (0, 3) == (sum(row["lag"] for row in lag.json), len(lag.json))
    assert {out: {"published": 3, "upto": 3}, "dead-letters": {"published": 2, "upto": 2}} == published.json
    assert (3, 2) == (len(consume(broker, out)), len(consume(broker, f"{topic}.dlq")))
    assert [("unknown_facility", 1, "open"), ("behind_dead_letter", 0, "open")] == [
        (line["code"], line["waiting"], line["state"]) for line in listed.json
    ]
    assert {
        "letter",
        "topic",
        "partition",
        "offset",
        "key",
        "code",
        "field",
        "reason",
        "holds",
        "state",
        "waiting",
    } == set(listed.json[0])
    assert ELSEWHERE.decode() == shown.json["value"]


def test_replay_says_what_is_refused_again_and_drop_lets_the_others_pass(kafka, broker) -> None:
    topic = new_topic(broker)
    good = booked(2)
    produce(broker, topic, [record_of(ELSEWHERE), (record_of(ELSEWHERE)[0], good, [])])
    kafka("kafka", "intake", topic, "--once")

    refused = kafka("dlq", "replay", "--all", "--json")
    dropped = kafka("dlq", "drop", 1, "--json")
    replayed = kafka("dlq", "replay", "2", "--json")

    assert (3, [(1, None, "unknown_facility")]) == (
        refused.status,
        [(one["letter"], one["position"], one["code"]) for one in refused.json],
    )
    assert refused.json[0]["mend"]
    assert {"letter": 1, "state": "dropped"} == dropped.json
    assert [(2, "headers_disagree")] == [(one["letter"], one["code"]) for one in replayed.json]  # its key is another's
    assert 2 == kafka("dlq", "replay").status
    assert [2, 2, 2] == [kafka("dlq", "show", number).status for number in (9, 0, 2**70)]
    assert [2, 2] == [kafka("dlq", command, 2**70).status for command in ("replay", "drop")]


def test_a_key_of_any_length_leaves_the_list_of_letters_readable(kafka, broker) -> None:
    topic = new_topic(broker)
    produce(broker, topic, [(b"k" * 500_000, b"{}", [])])
    kafka("kafka", "intake", topic, "--once")

    listed = kafka("dlq", "list")

    assert "k" * 20 in listed.out
    assert len(listed.out) < 2_000
    assert ["k" * 500_000] == [line["key"] for line in kafka("dlq", "list", "--json").json]


def test_a_command_that_is_not_told_where_kafka_is_says_so(custody, path, monkeypatch) -> None:
    monkeypatch.delenv("CUSTODY_KAFKA_BOOTSTRAP_SERVERS", raising=False)
    custody("init")

    ran = custody("kafka", "intake", "some.topic", "--json")

    assert (2, "bad_kafka_setting") == (ran.status, ran.json["error"]["code"])
    assert "CUSTODY_KAFKA_BOOTSTRAP_SERVERS" in ran.err


def test_a_worker_needs_a_ledger_and_makes_none(custody, path, broker, monkeypatch) -> None:
    monkeypatch.setenv("CUSTODY_KAFKA_BOOTSTRAP_SERVERS", broker)

    assert 4 == custody("kafka", "intake", "some.topic", "--once").status
    assert not path.exists()


def test_a_topic_that_nobody_made_is_named(kafka) -> None:
    ran = kafka("kafka", "intake", "custody.not.made", "--once", "--json")

    assert (4, "topic_missing") == (ran.status, ran.json["error"]["code"])


def test_topics_are_applied_from_a_file(kafka, tmp_path) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text(f"replication_factor: 1\ntopics:\n  - {{name: t.{tmp_path.name}, partitions: 1}}\n")

    assert [(0, "made"), (0, "kept")] == [
        (ran.status, ran.json[0]["done"])
        for ran in (kafka("kafka", "topics", "apply", file, "--json") for _ in range(2))
    ]
