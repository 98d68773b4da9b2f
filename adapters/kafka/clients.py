"""kafka-python's clients as we use them. What is set here is set because the default loses or repeats something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import (
    AuthorizationError,
    FencedInstanceIdError,
    KafkaError,
    ProducerFencedError,
    SaslAuthenticationFailedError,
)

from adapters.kafka.header_names import read_all_header_names
from adapters.kafka.joins import remember_joins
from adapters.kafka.settings import KafkaSettings
from domain.errors import LedgerUnavailable

READING = {
    "enable_auto_commit": False,  # the ledger keeps the offsets
    "auto_offset_reset": "earliest",
    "allow_auto_create_topics": False,  # topics are declared
    "isolation_level": "read_committed",
    "fetch_max_wait_ms": 100,
    "max_partition_fetch_bytes": 4 * 1024 * 1024,
}
SESSION_MS = 45_000
REBALANCE_MS = 60_000  # also how long a group waits for a member that died while partitions were shared out


def group_consumer(
    settings: KafkaSettings, *, group: str, instance: str | None, batch: int, session_ms: int = SESSION_MS
) -> Any:
    """Return a member of a consumer group; with `instance` a static one, whose restart moves no partition."""
    read_all_header_names()
    consumer = KafkaConsumer(
        **settings.client(),
        **READING,
        group_id=group,
        group_instance_id=instance,
        max_poll_records=batch,
        partition_assignment_strategy=[CooperativeStickyAssignor()],
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=min(3_000, session_ms // 4),
        max_poll_interval_ms=max(REBALANCE_MS, session_ms),
    )
    remember_joins(consumer)
    return consumer


def plain_consumer(settings: KafkaSettings) -> Any:
    """Return a consumer without a group, for partitions that are assigned to it by hand."""
    read_all_header_names()
    return KafkaConsumer(**settings.client(), **READING)


def transactional_producer(settings: KafkaSettings, transactional_id: str) -> Any:
    """Return a producer whose records become visible together or never; a newer one of the same id ends it."""
    return KafkaProducer(
        **settings.client(),
        transactional_id=transactional_id,
        enable_idempotence=True,
        acks="all",
        linger_ms=20,
        batch_size=128 * 1024,
        max_request_size=4 * 1024 * 1024,
        delivery_timeout_ms=120_000,
        allow_auto_create_topics=False,
    )


def plain_producer(settings: KafkaSettings) -> Any:
    """Return a producer that repeats nothing and reorders nothing within a partition."""
    return KafkaProducer(
        **settings.client(),
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        request_timeout_ms=10_000,
        delivery_timeout_ms=30_000,
        allow_auto_create_topics=False,
    )


def admin(settings: KafkaSettings) -> Any:
    """Return an administrator."""
    return KafkaAdminClient(**settings.client())


@contextmanager
def explained(settings: KafkaSettings) -> Iterator[None]:
    """Turn every error of Kafka within a block into LedgerUnavailable with a mend."""
    try:
        yield
    except KafkaError as error:
        raise unavailable(error, settings.bootstrap_servers) from error


def unavailable(error: KafkaError, where: str) -> LedgerUnavailable:
    """Say what Kafka refused."""
    said = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    if isinstance(error, AuthorizationError | SaslAuthenticationFailedError):
        mend = "check user, password and the rights of this user"
        return LedgerUnavailable("kafka_refused", f"Kafka lets this user not do it: {said}", where=where, mend=mend)
    if isinstance(error, FencedInstanceIdError | ProducerFencedError):
        mend = "let only one of them run, or give each --instance a name of its own"
        return LedgerUnavailable("kafka_fenced", f"another process took over: {said}", where=where, mend=mend)
    mend = "check that the brokers run and that their addresses are right"
    return LedgerUnavailable("kafka_unavailable", f"Kafka cannot be used: {said}", where=where, mend=mend)
