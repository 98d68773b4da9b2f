"""Joins of a consumer group that end between two polls."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from kafka import KafkaAdminClient

from adapters.kafka.clients import group_consumer
from adapters.kafka.settings import KafkaSettings
from tests.kafka_brokers import new_topic, until

SESSION_MS = 30_000
POLL_MS = 100


@contextmanager
def member(broker: str, topic: str) -> Iterator[Any]:
    settings = KafkaSettings(bootstrap_servers=broker)
    one = group_consumer(settings, group=topic, instance=None, batch=10, session_ms=SESSION_MS)
    one.subscribe(topics=[topic])
    yield one
    one.close(timeout_ms=5_000)


def joined(*members: Any) -> bool:
    """Poll, and say whether nobody has to join."""
    for one in members:
        one.poll(timeout_ms=POLL_MS)
    return not any(one._coordinator.need_rejoin() for one in members)


def test_a_leader_gets_new_partitions_also_if_they_were_shared_out_between_two_of_its_polls(broker: str) -> None:
    topic = new_topic(broker, partitions=1)
    with member(broker, topic) as leader:
        until(lambda: joined(leader))
        with member(broker, topic) as other:
            until(lambda: joined(leader, other))
            with closing(KafkaAdminClient(bootstrap_servers=broker)) as admin:
                admin.create_partitions({topic: 4})

            until(lambda: bool(leader.topics()) and not joined(leader))  # it waits for the other one
            for _ in range(20):
                other.poll(timeout_ms=POLL_MS)
            time.sleep(1)  # what the leader asked for has been answered

            until(lambda: joined(leader, other) and len(leader.assignment() | other.assignment()) == 4)
            assert leader.assignment()
