"""From Kafka to a durable ledger, signatures checked, against bare consumption of the same records in the same run.

    python -m benchmarks.bench_kafka [--events 40000] [--rounds 3] [--json]

One real broker holds the events of a simulated month twice: in one topic `each` is signed, in the other one signature
covers 64 `together`. `bare` polls them with kafka-python and does nothing else: the raw limit. `sqlite` and `postgres`
are one `custody kafka intake` worker, with a process that checks events for each core; `sqlite_alone` has none of these;
`postgres_workers` are as many workers as cores, which check themselves and share the partitions. Durable when counted.
Prints medians and ratios, and the processor time that an event costs where one process does all the work. Everything,
the broker too, shares this machine's cores.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
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
from adapters.store.ledger import Ledger, system_clock
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
LOOK_SECONDS = 0.02
ALONE = re.compile("bare|sqlite_alone")


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


def work(source: Source, group: str, ledger: Ledger, checker: Checker, is_done: Callable[[Counter[str]], bool]) -> int:
    """Take events in until it is done; return how many were stored."""
    consumer = source.consumer(group)
    door = Door(ledger, checker, system_clock)
    worker = IntakeWorker(consumer, group, ledger, door, IntakeMeter(CollectorRegistry()), print)
    worker.run(lambda: is_done(worker.counted))
    consumer.close()
    ledger.close()
    return worker.counted["stored"]


def one_worker(place: Place, source: Source, key: SigningKey, checker: Checker) -> None:
    """Record everything, with one worker."""
    is_done = lambda counted: counted.total() >= source.events  # noqa: E731 - a name for the line below
    stored = work(source, uuid.uuid4().hex, ledger_with(place, key), checker, is_done)
    assert stored == source.events


def several_workers(place: Place, source: Source, key: SigningKey, pool: ProcessPoolExecutor, workers: int) -> None:
    """Record everything, with workers that share the partitions, each in a process of its own."""
    ledger_with(place, key).close()
    begun = [pool.submit(share, place, source, f"group.{place}") for _ in range(workers)]
    assert sum(one.result() for one in begun) == source.events


def share(place: Place, source: Source, group: str) -> int:
    """Take events in until the ledger has all, and return how many this worker stored."""
    ledger = Ledger.open_to_write(place)
    looked, full = 0.0, False

    def is_done(_: Counter[str]) -> bool:
        nonlocal looked, full
        if time.monotonic() - looked > LOOK_SECONDS:
            looked, full = time.monotonic(), ledger.position() > source.events  # the key's enrolment is there too
        return full

    return work(source, group, ledger, SerialChecker(minnesota_register()), is_done)


def in_postgres(record: Callable[[Place], None], _: Path, server: Server) -> None:
    """Record in a new database."""
    with server.database() as address:
        record(ledger_place(address))


def in_file(record: Callable[[Place], None], folder: Path) -> None:
    """Record in a new file."""
    record(folder / "ledger.db")


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
        ProcessPoolExecutor(cores, mp_context=get_context("spawn"), initializer=look_seldom) as pool,
    ):
        settings = KafkaSettings(bootstrap_servers=cluster.bootstrap)
        runs: dict[str, Callable[[Path], object]] = {}
        for form, events in signed_events(key, chosen.events).items():
            source = Source(settings, TOPICS[form], len(events))
            fill(source, events)
            checker.start(events[:BATCH], {key.public.key_id: key.public}, 0)()  # so that its processes are there
            alone = partial(one_worker, source=source, key=key, checker=SerialChecker(register))
            one = partial(one_worker, source=source, key=key, checker=checker)
            several = partial(several_workers, source=source, key=key, pool=pool, workers=cores)
            runs |= {
                f"bare_{form}": partial(bare, source=source),
                f"sqlite_alone_{form}": partial(in_file, alone),
                f"sqlite_{form}": partial(in_file, one),
                f"postgres_{form}": partial(in_postgres, one, server=server),
                f"postgres_workers_{form}": partial(in_postgres, several, server=server),
            }
        results = measured(runs, events=chosen.events, rounds=chosen.rounds)
    found = {name: one.events_per_second for name, one in results.items()}
    stores = ("sqlite_alone", "sqlite", "postgres", "postgres_workers")
    result = {
        "events": chosen.events,
        "cores": cores,
        "events_per_second": found,
        "processor_us": {name: one.processor_us for name, one in results.items() if ALONE.match(name)},
        "together_to_each": {name: round(found[f"{name}_together"] / found[f"{name}_each"], 2) for name in stores},
        "together_to_bare": {name: round(found[f"{name}_together"] / found["bare_together"], 2) for name in stores},
    }
    show(result, as_json=chosen.json)


if __name__ == "__main__":
    main()
