"""From Kafka to a durable ledger, signatures checked, against bare consumption of the same records in the same run.

    python -m benchmarks.bench_kafka [--events 40000] [--rounds 3] [--json]

One real broker holds the events of a simulated month twice: in one topic `each` is signed, in the other one signature
covers 64 `together`. `bare` polls them with kafka-python and does nothing else: the raw limit. `sqlite` and `postgres`
are one `custody kafka intake` worker, with a process that checks events for each core; `alone` has none of these.
Durable when counted. Prints medians and ratios, and the processor time that an event costs where one process does all
the work. Everything, the broker too, shares this machine's cores.
"""

from __future__ import annotations

import os
import uuid
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from prometheus_client import CollectorRegistry

from adapters.collector import look_seldom
from adapters.intake.checking import Checker, ParallelChecker, SerialChecker
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
from benchmarks.compare import measured, options, show
from deploy.kafka.brokers import running
from domain.envelope import admit
from tests.postgres import Server, kinds
from tests.postgres import running as running_postgres

TOPICS = {"each": "custody.bench.each", "together": "custody.bench.together"}
PARTITIONS = 6


@dataclass(frozen=True, slots=True)
class Source:
    """A topic that holds so many events."""

    settings: KafkaSettings
    topic: str
    events: int

    def consumer(self, group: str) -> Any:
        """Return a member of a group that reads it."""
        consumer = group_consumer(self.settings, group=group, instance=None, batch=BATCH)
        consumer.subscribe(topics=[self.topic])
        return consumer


def fill(source: Source, events: Sequence[Offered]) -> None:
    """Publish the events as an agency does that sends no more headers than it has to."""
    with closing(KafkaAdminClient(**source.settings.client())) as client:
        topic = {source.topic: {"num_partitions": PARTITIONS, "replication_factor": 1}}
        client.create_topics(topic, wait_for_metadata=True)
    bundled = {"acks": "all", "linger_ms": 20, "batch_size": 128 * 1024}
    with closing(KafkaProducer(**source.settings.client(), **bundled)) as producer:
        for one in events:
            assert one.body is not None
            assert one.signature is not None
            key = admit(one.body, one.signature).stream.encode()
            producer.send(source.topic, key=key, value=one.body, headers=[(SIGNATURE, b64encode(one.signature))])
        producer.flush(120)


def bare(_: Path, source: Source) -> None:
    """Poll everything and drop it."""
    consumer = source.consumer(uuid.uuid4().hex)
    read = 0
    while read < source.events:
        read += sum(map(len, consumer.poll(timeout_ms=250).values()))
    consumer.close()


def taken_in(place: Place, source: Source, key: SigningKey, checker: Checker) -> None:
    """Record everything, with one worker."""
    ledger = ledger_with(place, key)
    group = uuid.uuid4().hex
    consumer = source.consumer(group)
    door = Door(ledger, checker, system_clock)
    worker = IntakeWorker(consumer, group, ledger, door, IntakeMeter(CollectorRegistry()), print)
    worker.run(lambda: worker.counted.total() >= source.events)
    assert worker.counted["stored"] == source.events, worker.counted
    consumer.close()
    ledger.close()


def into_file(folder: Path, record: Callable[[Place], None]) -> None:
    """Record in a new file."""
    record(folder / "ledger.db")


def into_postgres(_: Path, record: Callable[[Place], None], server: Server) -> None:
    """Record in a new database."""
    with server.database() as address:
        record(ledger_place(address))


def main() -> None:
    """Measure and print."""
    chosen = options(__doc__, events=40_000, rounds=3)
    look_seldom()  # as the program does
    key = new_key()
    register, cores = minnesota_register(), os.cpu_count() or 1
    with (
        running(1) as cluster,
        running_postgres(kinds()[0]) as server,
        ParallelChecker(register, processes=cores) as checker,
    ):
        settings = KafkaSettings(bootstrap_servers=cluster.bootstrap)
        runs: dict[str, Callable[[Path], object]] = {}
        for form, events in signed_events(key, chosen.events).items():
            source = Source(settings, TOPICS[form], len(events))
            fill(source, events)
            checker.start(events[:BATCH], {key.public.key_id: key.public}, 0)()  # so that its processes are there
            alone, helped = (
                partial(taken_in, source=source, key=key, checker=one) for one in (SerialChecker(register), checker)
            )
            runs |= {
                f"bare_{form}": partial(bare, source=source),
                f"alone_{form}": partial(into_file, record=alone),
                f"sqlite_{form}": partial(into_file, record=helped),
                f"postgres_{form}": partial(into_postgres, record=helped, server=server),
            }
        results = measured(runs, events=chosen.events, rounds=chosen.rounds)
    found = {name: one.events_per_second for name, one in results.items()}
    names = ("alone", "sqlite", "postgres")
    result = {
        "events": chosen.events,
        "cores": cores,
        "events_per_second": found,
        "processor_us": {name: one.processor_us for name, one in results.items() if name.startswith(("bare", "alone"))},
        "together_to_each": {name: round(found[f"{name}_together"] / found[f"{name}_each"], 2) for name in names},
        "together_to_bare": {name: round(found[f"{name}_together"] / found["bare_together"], 2) for name in names},
    }
    show(result, as_json=chosen.json)


if __name__ == "__main__":
    main()
