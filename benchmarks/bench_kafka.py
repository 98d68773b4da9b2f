"""From Kafka to a durable ledger, signatures checked, against bare consumption of the same records in the same run.

    python -m benchmarks.bench_kafka [--events 40000] [--rounds 3] [--json]

One real broker holds the events of a simulated month twice: in one topic `each` is signed, in the other one signature
covers 64 `together`. `bare` polls them with kafka-python and does nothing else: the raw limit. `sqlite` and `postgres`
are one `custody kafka intake` worker, with a process that checks events for each core; `alone` has none of these.
`workers_sqlite` and `workers_postgres` are two such workers without. What is timed begins when all have their
partitions, and ends when all events are durable. Prints medians and ratios, and the processor time that an event costs
where one process does all the work. Everything, the broker too, shares this machine's cores.
"""

from __future__ import annotations

import os
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Event, Semaphore
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
from benchmarks.compare import Ready, measured_once_ready, options, show
from deploy.kafka.brokers import running
from domain.envelope import admit
from domain.events.catalogue import CATALOGUE
from domain.plain import data_form
from tests.postgres import Server, kinds
from tests.postgres import running as running_postgres

TOPICS = {"each": "custody.bench.each", "together": "custody.bench.together"}
PARTITIONS, WORKERS = 6, 2

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Source:
    """A topic that holds so many events."""

    settings: KafkaSettings
    topic: str
    events: int

    def joined(self, group: str, members: int = 1, others: Callable[[], bool] = lambda: True) -> Any:
        """Return one of the members of a group, once it has its share of the partitions and the others theirs."""
        consumer = group_consumer(self.settings, group=group, instance=None, batch=BATCH)
        consumer.subscribe(topics=[self.topic])
        while len(consumer.assignment()) != PARTITIONS // members or not others():
            consumer.poll(timeout_ms=50)
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


@contextmanager
def bare(_: Path, source: Source) -> Iterator[Work]:
    """Poll everything and drop it."""
    with closing(source.joined(uuid.uuid4().hex)) as consumer:
        consumer.seek_to_beginning()

        def work() -> None:
            read = 0
            while read < source.events:
                read += sum(map(len, consumer.poll(timeout_ms=250).values()))

        yield work


@contextmanager
def one_worker(place: Place, source: Source, key: SigningKey, checker: Checker) -> Iterator[Work]:
    """Record everything, with one worker."""
    group = uuid.uuid4().hex
    with closing(ledger_with(place, key)) as ledger, closing(source.joined(group)) as consumer:
        yield partial(record, ledger, consumer, group, source, checker)


def record(ledger: Ledger, consumer: Any, group: str, source: Source, checker: Checker) -> None:
    """Be one worker, until all is recorded."""
    door = Door(ledger, checker, system_clock)
    worker = IntakeWorker(consumer, group, ledger, door, IntakeMeter(CollectorRegistry()), print)
    worker.run(lambda: ledger.position() > source.events)  # the first event is the key's


@contextmanager
def several_workers(place: Place, source: Source, key: SigningKey) -> Iterator[Work]:
    """Record everything, with workers that are processes of their own and check what they read themselves."""
    ledger_with(place, key).close()
    context, group = get_context("spawn"), uuid.uuid4().hex
    ready, done, begin = context.Semaphore(0), context.Semaphore(0), context.Event()
    shared = (place, source, group, ready, begin, done)
    processes = [context.Process(target=worker_process, args=shared) for _ in range(WORKERS)]
    for process in processes:
        process.start()

    def work() -> None:
        begin.set()
        for _ in processes:
            done.acquire()

    for _ in processes:
        ready.acquire()
    yield work
    for process in processes:
        process.join()


def worker_process(place: Place, source: Source, group: str, ready: Semaphore, begin: Event, done: Semaphore) -> None:
    """Join the group, say so, and record once all have joined."""
    look_seldom()
    for cls in CATALOGUE.values():
        data_form(cls)  # as a worker has them that has run for a while
    told: list[None] = []

    def others() -> bool:
        if not told:
            told.append(ready.release())
        return begin.is_set()

    with closing(Ledger.open_to_write(place)) as ledger, closing(source.joined(group, WORKERS, others)) as consumer:
        record(ledger, consumer, group, source, SerialChecker(minnesota_register()))
        done.release()


@contextmanager
def in_file(folder: Path, run: Callable[[Place], AbstractContextManager[Work]]) -> Iterator[Work]:
    """Record in a new file."""
    with run(folder / "ledger.db") as work:
        yield work


@contextmanager
def in_postgres(_: Path, run: Callable[[Place], AbstractContextManager[Work]], server: Server) -> Iterator[Work]:
    """Record in a new database."""
    with server.database() as address, run(ledger_place(address)) as work:
        yield work


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
        runs: dict[str, Ready] = {}
        for form, events in signed_events(key, chosen.events).items():
            source = Source(settings, TOPICS[form], len(events))
            fill(source, events)
            checker.start(events[:BATCH], {key.public.key_id: key.public}, 0)()  # so that its processes are there
            alone, helped = (
                partial(one_worker, source=source, key=key, checker=one) for one in (SerialChecker(register), checker)
            )
            workers = partial(several_workers, source=source, key=key)
            runs |= {
                f"bare_{form}": partial(bare, source=source),
                f"alone_{form}": partial(in_file, run=alone),
                f"sqlite_{form}": partial(in_file, run=helped),
                f"postgres_{form}": partial(in_postgres, run=helped, server=server),
                f"workers_sqlite_{form}": partial(in_file, run=workers),
                f"workers_postgres_{form}": partial(in_postgres, run=workers, server=server),
            }
        results = measured_once_ready(runs, chosen.events, chosen.rounds)
    found = {name: one.events_per_second for name, one in results.items()}
    names = ("alone", "sqlite", "postgres", "workers_sqlite", "workers_postgres")
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
