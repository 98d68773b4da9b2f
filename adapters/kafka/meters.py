"""What a running worker tells a Prometheus server: lag, throughput, and whether the ledger can be reached."""

from __future__ import annotations

import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from domain.errors import LedgerUnavailable

HOST = "127.0.0.1"


class IntakeMeter:
    """Counts what an intake worker does. One registry is passed in, so that several may live in one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        place = ["topic", "partition"]
        self._events = Counter(
            "custody_kafka_read_events", "Records read, by what came of them", ["answer"], registry=registry
        )
        self._seconds = Histogram("custody_kafka_batch_seconds", "Judging and storing a batch", registry=registry)
        self._lag = Gauge("custody_kafka_lag_records", "Records not yet read", place, registry=registry)
        self._age = Gauge(
            "custody_kafka_lag_seconds", "Age of the record last read when it was stored", place, registry=registry
        )
        self._away = Gauge("custody_kafka_store_away", "1 while the ledger cannot be written", registry=registry)

    def settled(self, counted: Mapping[str, int], seconds: float) -> None:
        """Count a batch that is stored."""
        for answer, count in counted.items():
            self._events.labels(answer).inc(count)
        self._seconds.observe(seconds)
        self._away.set(0)

    def lag(self, topic: str, partition: int, records: int, record_ms: int) -> None:
        """Note how far behind a partition is, and how old what was just stored."""
        self._lag.labels(topic, partition).set(records)
        self._age.labels(topic, partition).set(max(0.0, time.time() - record_ms / 1000))

    def away(self) -> None:
        """Note that the ledger cannot be written."""
        self._away.set(1)


class PublishMeter:
    """Counts what a publisher does."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._records = Counter("custody_kafka_published_records", "Records published", ["topic"], registry=registry)
        self._position = Gauge("custody_kafka_published_number", "Last number published", ["topic"], registry=registry)

    def published(self, topic: str, records: int, number: int) -> None:
        """Count records that are visible to consumers."""
        self._records.labels(topic).inc(records)
        self._position.labels(topic).set(number)


def serve(registry: CollectorRegistry, port: int | None) -> None:
    """Let a Prometheus server read the registry on this machine's own address, if there is a port to.

    Raise LedgerUnavailable(port_taken).
    """
    if port is None:
        return
    try:
        start_http_server(port, addr=HOST, registry=registry)
    except OSError as error:
        what, mend = f"nothing can listen there: {error.strerror}", "name a free port with --metrics-port"
        raise LedgerUnavailable("port_taken", what, where=f"{HOST}:{port}", mend=mend) from None
