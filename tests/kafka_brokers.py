"""Real Kafka for tests: what `KAFKA_BOOTSTRAP_SERVERS` names, else Docker's, else Apache Kafka on this machine's Java.

Where there is none of the three, the tests fail and say so: they are never skipped. Tests that kill brokers start three
of their own on this machine's Java, whatever else there is. Every test makes topics of its own and leaves them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from deploy.kafka.brokers import running

GIVEN = "KAFKA_BOOTSTRAP_SERVERS"
# kafka-python drops the sockets with which it could not reach a broker, and leaves them to be collected: a test that
# ends brokers carries these marks, and collects them before the next test.
DROPPED_SOCKETS = ("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
WAIT_SECONDS = 150
DOCKER_IMAGE = "confluentinc/cp-kafka:8.1.0"  # testcontainers' module starts Confluent's images only


@contextmanager
def one_broker() -> Iterator[str]:
    """Yield the address of a broker."""
    if given := os.environ.get(GIVEN):
        yield given
    elif docker_answers():
        from testcontainers.community.kafka import KafkaContainer

        with KafkaContainer(DOCKER_IMAGE).with_kraft() as container:
            yield container.get_bootstrap_server()
    else:
        with running(1) as cluster:
            yield cluster.bootstrap


def docker_answers() -> bool:
    """Say whether an engine answers; the client may be installed without one."""
    return (
        shutil.which("docker") is not None and subprocess.run(["docker", "info"], capture_output=True).returncode == 0
    )


def new_topic(address: str, *, partitions: int = 3, copies: int = 1, name: str = "", **configs: str) -> str:
    """Make a topic of a test's own."""
    name = name or f"custody.test.{uuid.uuid4().hex[:12]}"
    with closing(KafkaAdminClient(bootstrap_servers=address)) as client:
        named = {key.replace("_", "."): value for key, value in configs.items()}
        options = {"num_partitions": partitions, "replication_factor": copies, "configs": named}
        client.create_topics({name: options}, wait_for_metadata=True)
    return name


def produce(
    address: str, topic: str, records: Sequence[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]]
) -> None:
    """Send (key, value, headers), in order, and wait until all are acknowledged."""
    with closing(
        KafkaProducer(bootstrap_servers=address, enable_idempotence=True, acks="all", linger_ms=5)
    ) as producer:
        sent = [producer.send(topic, key=key, value=value, headers=headers) for key, value, headers in records]
        producer.flush(WAIT_SECONDS)
        for future in sent:
            future.get(timeout=WAIT_SECONDS)


def consume(address: str, topic: str, *, isolation: str = "read_committed") -> list[Any]:
    """Return every record of a topic, partition by partition.

    A producer's commit returns before its marks stand in every partition. Until they do, who reads committed records
    is told of an earlier end: so the ends are asked for as one who reads all, and waited for.
    """
    found: list[Any] = []
    with (
        closing(KafkaConsumer(bootstrap_servers=address, isolation_level="read_uncommitted")) as watcher,
        closing(
            KafkaConsumer(bootstrap_servers=address, isolation_level=isolation, enable_auto_commit=False)
        ) as consumer,
    ):
        partitions = [TopicPartition(topic, number) for number in sorted(watcher.partitions_for_topic(topic) or ())]
        ends = watcher.end_offsets(partitions)
        give_up = time.monotonic() + WAIT_SECONDS
        for partition in partitions:
            consumer.assign([partition])
            consumer.seek_to_beginning(partition)
            while consumer.position(partition) < ends[partition]:
                assert time.monotonic() < give_up, f"{partition} was not read to {ends[partition]}"
                found += consumer.poll(timeout_ms=500).get(partition, [])
    return found


def until(what: Callable[[], bool]) -> None:
    """Wait until something is so; fail if it does not come to pass."""
    end = time.monotonic() + WAIT_SECONDS
    while not what():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.05)
