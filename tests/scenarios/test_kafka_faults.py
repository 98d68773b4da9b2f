"""Brokers and workers fail; afterwards the ledger has exactly what was acknowledged, once, each chain in its order.

Three real brokers, which the tests kill, and workers as users run them. The short form runs with all tests; the long
one (`make kafka-faults`) kills workers five hundred times and leaves a broker down for a minute:

    CUSTODY_FAULT_KILLS=500 CUSTODY_FAULT_DOWN_SECONDS=60
"""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from adapters.store.ledger import Ledger
from adapters.store.verification import verify
from deploy.kafka.brokers import Broker, Cluster, running
from domain.envelope import admit
from tests.adapters.kafka.workers import unsigned_ledger
from tests.builders import MONDAY, booked, released
from tests.kafka_brokers import DROPPED_SOCKETS, WAIT_SECONDS, new_topic, until
from tests.postgres import kinds
from tests.spots import DatabaseSpot, Spot

KILLS = int(os.environ.get("CUSTODY_FAULT_KILLS", "6"))
DOWN_SECONDS = float(os.environ.get("CUSTODY_FAULT_DOWN_SECONDS", "4"))
SESSION_SECONDS = 3
CHAIN_EVENTS = 4
ROOT = Path(__file__).parents[2]

BACKENDS = ("file", kinds()[0])  # and the newest PostgreSQL at hand
IS_LONG = "CUSTODY_FAULT_KILLS" in os.environ

ASKING = """
import sys
from adapters.kafka.clients import plain_consumer
from adapters.kafka.outbox import partitions_of
from adapters.kafka.settings import KafkaSettings
consumers = [plain_consumer(KafkaSettings(bootstrap_servers=sys.argv[1])) for _ in range(10)]
print("connected", flush=True)
sys.stdin.readline()
for consumer in consumers:
    print(len(partitions_of(consumer, sys.argv[2])), flush=True)
    consumer.close()
"""

pytestmark = pytest.mark.filterwarnings(*DROPPED_SOCKETS)


@pytest.fixture(autouse=True)
def _dropped_sockets_are_collected_here() -> Iterator[None]:
    yield
    gc.collect()


def on(backend: str) -> pytest.MarkDecorator:
    """Run on one backend; in the long form on both."""
    return pytest.mark.parametrize("spot", BACKENDS if IS_LONG else [backend], indirect=True)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running(3) as brokers:
        yield brokers


@pytest.fixture
def ledger(spot: Spot) -> Iterator[Ledger]:
    made = unsigned_ledger(spot)
    yield made
    made.close()


@pytest.fixture
def topic(cluster: Cluster) -> str:
    return new_topic(cluster.bootstrap, partitions=4, copies=3)


class Sending:
    """Sends chains of events until told to stop, and knows what was acknowledged."""

    def __init__(self, cluster: Cluster, topic: str, *, pause_seconds: float = 0.0) -> None:
        self._topic = topic
        self._pause_seconds = pause_seconds
        self._stop = Event()
        self._sent: list[tuple[bytes, Any]] = []
        self._producer = KafkaProducer(
            bootstrap_servers=cluster.bootstrap, acks="all", enable_idempotence=True, linger_ms=5
        )
        self._thread = Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            events = [booked(number)] + [
                released(number, at=MONDAY + timedelta(hours=hour)) for hour in range(1, CHAIN_EVENTS)
            ]
            for event in events:
                self._sent.append(
                    (event, self._producer.send(self._topic, key=admit(event).stream.encode(), value=event))
                )
            time.sleep(self._pause_seconds)

    def acknowledged(self) -> list[bytes]:
        """Stop, wait for every answer, and return what was acknowledged, in the order it was sent."""
        self._stop.set()
        self._thread.join()
        self._producer.flush(WAIT_SECONDS)
        for _, future in self._sent:
            future.get(timeout=WAIT_SECONDS)  # all of them: the producer tries again until the brokers are back
        self._producer.close(timeout=5)
        return [event for event, _ in self._sent]


class Workers:
    """Processes that run `custody kafka intake`."""

    def __init__(self, cluster: Cluster, topic: str, address: str, log: Path) -> None:
        self._command = [sys.executable, "-m", "adapters.cli", "--ledger", address, "kafka", "intake", topic]
        self._command += ["--group", f"group.{topic}", "--session-seconds", str(SESSION_SECONDS)]
        self._environment = {
            **os.environ,
            "CUSTODY_KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap,
            "PYTHONPATH": str(ROOT),
        }
        self._log = log.open("wb")
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *, static: bool = False) -> subprocess.Popen[bytes]:
        instance = ["--instance", name] if static else []
        self.running[name] = subprocess.Popen(
            [*self._command, *instance], env=self._environment, stdout=self._log, stderr=self._log
        )
        return self.running[name]

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def end(self) -> list[int]:
        for process in self.running.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        found = []
        for process in self.running.values():
            try:
                found.append(process.wait(WAIT_SECONDS))
            except subprocess.TimeoutExpired:
                process.kill()
                found.append(process.wait())
        self.running.clear()
        self._log.close()
        return found


@pytest.fixture
def workers(cluster: Cluster, topic: str, spot: Spot, tmp_path: Path) -> Iterator[Workers]:
    address = spot.address if isinstance(spot, DatabaseSpot) else str(spot.place)
    made = Workers(cluster, topic, address, tmp_path / "workers.log")
    yield made
    statuses = made.end()
    log = (tmp_path / "workers.log").read_text()
    assert "Traceback" not in log
    assert set(statuses) <= {0, -signal.SIGTERM}, log[-2000:]  # one may not have begun yet


def check(ledger: Ledger, acknowledged: list[bytes]) -> None:
    """Nothing lost, nothing twice, nothing else; each chain in the order it was sent; nothing set aside."""
    until(lambda: ledger.position() > len(acknowledged))
    time.sleep(0.3)  # for what would come too much
    chains, found = defaultdict(list), defaultdict(list)
    for event in acknowledged:
        chains[admit(event).stream].append(event)
    for row in ledger.event_rows(after=1):
        found[admit(bytes(row["state"])).stream].append(bytes(row["state"]))
    assert chains == found
    assert [] == list(ledger.dead_letters())
    assert [] == verify(ledger, lambda _: None).problems


def leader_of(cluster: Cluster, topic: str, partition: int = 0) -> Broker:
    with closing(KafkaAdminClient(bootstrap_servers=cluster.bootstrap)) as client:
        described = client.describe_topics([topic])[0]["partitions"]
    leader = next(one["leader_id"] for one in described if one["partition_index"] == partition)
    return cluster.brokers[leader - 1]


def coordinator_of(cluster: Cluster, group: str) -> Broker:
    """Return the leader of the partition that keeps a group: Java's hash of its name, of three."""
    code = 0
    for character in group:
        code = (31 * code + ord(character)) & 0xFFFFFFFF
    return leader_of(cluster, "__consumer_offsets", (code & 0x7FFFFFFF) % 3)


def back(broker: Broker) -> None:
    broker.start()
    broker.wait()


@on(BACKENDS[0])
def test_the_leader_of_a_partition_dies_while_agencies_publish_and_stays_away(cluster, topic, ledger, workers) -> None:
    workers.start("a")
    sending = Sending(cluster, topic, pause_seconds=0.01)
    until(lambda: ledger.position() > 100)
    leader = leader_of(cluster, topic)
    leader.stop(signal.SIGKILL)
    time.sleep(DOWN_SECONDS)
    position = ledger.position()
    until(lambda: ledger.position() > position)  # the two others go on
    back(leader)

    check(ledger, sending.acknowledged())


def test_who_asks_just_after_a_broker_died_is_answered_by_another(cluster, topic) -> None:
    command = [sys.executable, "-c", ASKING, cluster.bootstrap, topic]
    dead = leader_of(cluster, topic)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as asking:
        assert asking.stdout is not None
        assert "connected\n" == asking.stdout.readline()
        dead.stop(signal.SIGKILL)
        said, _ = asking.communicate("now\n", WAIT_SECONDS)
    back(dead)

    assert ["4"] * 10 == said.split()


@on(BACKENDS[1])
def test_the_coordinator_of_the_group_dies_while_it_shares_out_partitions(cluster, topic, ledger, workers) -> None:
    workers.start("a")
    sending = Sending(cluster, topic, pause_seconds=0.02)
    until(lambda: ledger.position() > 20)
    coordinator = coordinator_of(cluster, f"group.{topic}")
    workers.start("b")
    time.sleep(1.2)  # it starts, and joins
    coordinator.stop(signal.SIGKILL)
    time.sleep(DOWN_SECONDS)
    back(coordinator)

    check(ledger, sending.acknowledged())


@on(BACKENDS[1])
def test_a_worker_that_was_frozen_past_its_session_stores_nothing_twice_when_it_wakes(
    cluster, topic, ledger, workers
) -> None:
    frozen = workers.start("a")
    sending = Sending(cluster, topic, pause_seconds=0.01)
    until(lambda: ledger.position() > 50)
    frozen.send_signal(signal.SIGSTOP)
    position = ledger.position()
    workers.start("b")
    until(lambda: ledger.position() > position + 200)  # its session has ended, and the other reads its partitions
    frozen.send_signal(signal.SIGCONT)
    time.sleep(1)

    check(ledger, sending.acknowledged())


@on(BACKENDS[1])
def test_workers_are_killed_again_and_again(cluster, topic, ledger, workers) -> None:
    randomness = random.Random(7)
    names = ["a", "b"]
    for name in names:
        workers.start(name, static=True)
    sending = Sending(cluster, topic, pause_seconds=0.02)
    for _ in range(KILLS):
        name = randomness.choice(names)
        position = ledger.position()
        until(lambda at=position: ledger.position() > at)  # somebody works
        time.sleep(randomness.uniform(0, 0.3))
        workers.kill(name)
        workers.start(name, static=True)

    check(ledger, sending.acknowledged())
