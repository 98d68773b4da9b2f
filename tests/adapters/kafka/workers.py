"""Ledgers, records and workers for the tests of Kafka."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry

from adapters.intake.checking import SerialChecker
from adapters.intake.door import Door
from adapters.kafka.clients import group_consumer
from adapters.kafka.intake import IntakeWorker
from adapters.kafka.meters import IntakeMeter
from adapters.kafka.records import Headers, headers_of
from adapters.kafka.settings import KafkaSettings
from adapters.places.register import minnesota_register
from adapters.store.ledger import Ledger, system_clock
from domain.envelope import admit
from projections.agency_keys import unsigned_allowed_event
from tests.spots import Spot

SESSION_MS = 6_000
Record = tuple[bytes | None, bytes | None, Headers]


def unsigned_ledger(spot: Spot) -> Ledger:
    """Return a new ledger that takes unsigned events; what comes next has position 2."""
    ledger = spot.ledger()
    now = system_clock()
    ledger.append([admit(unsigned_allowed_event(now))], now=now)
    return ledger


def record_of(body: bytes, **more: bytes) -> Record:
    """Return the record that an agency would send: its key is the event's subject."""
    return admit(body).stream.encode(), body, [*headers_of(body, None), *more.items()]


@contextmanager
def working(
    address: str, topics: Sequence[str], ledger: Ledger, *, group: str = "intake", batch: int = 500
) -> Iterator[IntakeWorker]:
    """Yield a worker that has subscribed."""
    settings = KafkaSettings(bootstrap_servers=address)
    consumer = group_consumer(settings, group=group, instance=None, batch=batch, session_ms=SESSION_MS)
    consumer.subscribe(topics=topics)
    door = Door(ledger, SerialChecker(minnesota_register()), system_clock)
    try:
        yield IntakeWorker(consumer, group, ledger, door, IntakeMeter(CollectorRegistry()), lambda _: None)
    finally:
        consumer.close(timeout_ms=5_000)


def take_in(address: str, topic: str, ledger: Ledger, *, group: str | None = None, batch: int = 500) -> dict[str, int]:
    """Read a topic to its end, and return what came of its records."""
    with working(address, [topic], ledger, group=group or f"group.{topic}", batch=batch) as worker:
        worker.run(lambda: False, once=True)
        return dict(worker.counted)
