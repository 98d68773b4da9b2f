"""Records that Kafka takes, and that the library's producer would not send."""

from __future__ import annotations

from contextlib import closing

from kafka import KafkaProducer
from kafka.serializer import Serializer

from tests.adapters.kafka.workers import Record
from tests.kafka_brokers import WAIT_SECONDS


class NotText(str):
    """A header's name that is no UTF-8: as it is written, a byte for each character."""

    __slots__ = ()

    def encode(self, encoding: str = "latin-1", errors: str = "strict") -> bytes:  # noqa: ARG002
        """Return the bytes, whatever is asked for."""
        return super().encode("latin-1", errors)


class NoKey(Serializer):
    """Drops keys, after the producer has looked whether there is one."""

    def serialize(self, topic, headers, data) -> None:
        """Return nothing."""


def produce_neither(address: str, topic: str) -> None:
    """Send a record without key and value."""
    with closing(KafkaProducer(bootstrap_servers=address, key_serializer=NoKey())) as producer:
        producer.send(topic, key=b"-", value=None).get(timeout=WAIT_SECONDS)


def produce_compressed(address: str, topic: str, compression: str, record: Record) -> None:
    """Send a record in a compressed batch."""
    key, value, headers = record
    with closing(KafkaProducer(bootstrap_servers=address, compression_type=compression)) as producer:
        producer.send(topic, key=key, value=value, headers=headers).get(timeout=WAIT_SECONDS)


def produce_in_another_time(address: str, topic: str, record: Record, *, time_ms: int) -> None:
    """Send a record that says when it was sent."""
    key, value, headers = record
    with closing(KafkaProducer(bootstrap_servers=address)) as producer:
        producer.send(topic, key=key, value=value, headers=headers, timestamp_ms=time_ms).get(timeout=WAIT_SECONDS)
