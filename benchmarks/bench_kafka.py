"""From Kafka to a durable ledger, signatures checked, against bare consumption of the same records in the same run.

    python -m benchmarks.bench_kafka [--events 20000] [--rounds 3] [--json]

One real broker holds the signed events of a simulated month. `bare` polls them with kafka-python and does nothing else:
the raw limit. `sqlite` and `postgres` are one `custody kafka intake` worker, with a process that checks signatures for
each core; durable when counted. Prints medians and ratios. Everything, the broker too, shares this machine's cores.
"""

from __future__ import annotations

import os
import uuid
from base64 import b64encode
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from kafka import KafkaAdminClient, KafkaProducer
from prometheus_client import CollectorRegistry

from adapters.intake.checking import Checker, ParallelChecker
from adapters.intake.door import Door
from adapters.intake.offered import Offered
from adapters.kafka.clients import group_consumer
from adapters.kafka.intake import IntakeWorker
from adapters.kafka.meters import IntakeMeter
from adapters.kafka.records import SIGNATURE
from adapters.kafka.settings import KafkaSettings
from adapters.places.register import minnesota_register
from adapters.store.ledger import system_clock
from adapters.store.place import Place, ledger_place
from adapters.trust.keys import SigningKey
from benchmarks.bench_intake import BATCH, ledger_with, new_key, signed_events
from benchmarks.compare import medians, options, show
from deploy.kafka.brokers import running
from domain.envelope import admit
from tests.postgres import Server, kinds
from tests.postgres import running as running_postgres

TOPIC = "custody.bench"
PARTITIONS = 6


def fill(settings: KafkaSettings, events: Sequence[Offered]) -> None:
    """Publish the events as an agency does that sends no more headers than it has to."""
    with closing(KafkaAdminClient(**settings.client())) as client:
        client.create_topics({TOPIC: {"num_partitions": PARTITIONS, "replication_factor": 1}}, wait_for_metadata=True)
    with closing(KafkaProducer(**settings.client(), acks="all", linger_ms=20, batch_size=128 * 1024)) as producer:
        for one in events:
            assert one.body is not None
            assert one.signature is not None
            key = admit(one.body, one.signature).stream.encode()
            producer.send(TOPIC, key=key, value=one.body, headers=[(SIGNATURE, b64encode(one.signature))])
        producer.flush(120)


def bare(_: Path, settings: KafkaSettings, count: int) -> None:
    """Poll everything and drop it."""
    consumer = group_consumer(settings, group=uuid.uuid4().hex, instance=None, batch=BATCH)
    consumer.subscribe(topics=[TOPIC])
    read = 0
    while read < count:
        read += sum(map(len, consumer.poll(timeout_ms=250).values()))
    consumer.close()


def taken_in(place: Place, settings: KafkaSettings, key: SigningKey, checker: Checker, count: int) -> None:
    """Record everything, with one worker."""
    ledger = ledger_with(place, key)
    group = uuid.uuid4().hex
    consumer = group_consumer(settings, group=group, instance=None, batch=BATCH)
    consumer.subscribe(topics=[TOPIC])
    door = Door(ledger, checker, system_clock)
    worker = IntakeWorker(consumer, group, ledger, door, IntakeMeter(CollectorRegistry()), print)
    worker.run(lambda: worker.counted.total() >= count)
    assert worker.counted["stored"] == count, worker.counted
    consumer.close()
    ledger.close()


def into_postgres(
    _: Path, server: Server, settings: KafkaSettings, key: SigningKey, checker: Checker, count: int
) -> None:
    """Record everything in a database."""
    with server.database() as address:
        taken_in(ledger_place(address), settings, key, checker, count)


def main() -> None:
    """Measure and print."""
    chosen = options(__doc__, events=20_000, rounds=3)
    key = new_key()
    events = signed_events(key, chosen.events)
    register, cores = minnesota_register(), os.cpu_count() or 1
    with (
        running(1) as cluster,
        running_postgres(kinds()[0]) as server,
        ParallelChecker(register, processes=cores) as checker,
    ):
        settings = KafkaSettings(bootstrap_servers=cluster.bootstrap)
        fill(settings, events)
        checker.start(events[:BATCH], {key.public.key_id: key.public}, 0)()  # so that its processes are there
        given = {"settings": settings, "key": key, "checker": checker, "count": len(events)}
        runs = {
            "bare": partial(bare, settings=settings, count=len(events)),
            "sqlite": lambda folder: taken_in(folder / "ledger.db", **given),
            "postgres": partial(into_postgres, server=server, **given),
        }
        found = medians(runs, events=len(events), rounds=chosen.rounds)
    result = {
        "events": chosen.events,
        "cores": cores,
        "events_per_second": found,
        "sqlite_to_bare": round(found["sqlite"] / found["bare"], 2),
        "postgres_to_bare": round(found["postgres"] / found["bare"], 2),
    }
    show(result, as_json=chosen.json)


if __name__ == "__main__":
    main()
