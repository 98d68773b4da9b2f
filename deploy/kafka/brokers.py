"""Apache Kafka on this machine without Docker, from its Maven jars: `make kafka`, and the tests. Java 17 or newer.

    python -m deploy.kafka.brokers [--brokers 3] [--port 9092]     runs until it is stopped; its data go with it
    KAFKA_CLASSPATH="/opt/kafka/libs/*"                            jars that are there already, instead of Maven's

Every broker is also a controller (KRaft). No storage tool is needed: three lines of `meta.properties` are enough for a
quorum whose voters are named.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
JARS = HERE.parents[1] / ".kafka"
JAVA_MIN = 17
START_SECONDS = 90
STOP_SECONDS = 20
STARTS_MAX = 3  # a quorum may fail to form on a busy machine, and a port may be taken meanwhile
PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>
STARTED = "Kafka Server started"
CLUSTER_ID = "Y3VzdG9keS1sb2NhbC0wMQ"  # 22 characters: 16 bytes in URL-safe base64
HEAP = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")

SETTINGS = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
num.partitions=3
default.replication.factor={copies}
min.insync.replicas={in_sync}
offsets.topic.num.partitions=3
offsets.topic.replication.factor={copies}
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
unclean.leader.election.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=1000
controller.quorum.fetch.timeout.ms=2000
replica.lag.time.max.ms=3000
"""


class NoKafka(RuntimeError):
    """There is no Kafka to be had on this machine; says what to install."""


@dataclass
class Broker:
    """One broker. `node` counts from 1; its folder keeps data, settings and log."""

    node: int
    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process over its folder; `wait` says when it answers."""
        log = (self.folder / "log").open("wb")
        logging = f"-Dlog4j2.configurationFile=file:{HERE / 'log4j2.properties'}"
        command = ["java", *HEAP, logging, "-cp", classpath(), "kafka.Kafka", self.folder / "server.properties"]
        with log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one call, which takes no lock
            )

    def wait(self) -> None:
        """Wait until it says that it has started; raise RuntimeError with its log if it does not."""
        assert self.process is not None
        until = time.monotonic() + START_SECONDS
        while STARTED not in (said := (self.folder / "log").read_text(errors="replace")):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"broker {self.node} did not start:\n{said[-2000:]}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and wait; SIGKILL is what a power failure is like."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _end_with_parent() -> None:
    """Let Linux end a broker whose parent is gone, however that went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class Cluster:
    """Running brokers."""

    brokers: list[Broker]

    @property
    def bootstrap(self) -> str:
        """Return the addresses that clients begin with."""
        return ",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers)


@contextmanager
def running(
    count: int = 1, *, first_port: int | None = None, also: Callable[[int, int], str] = lambda *_: ""
) -> Iterator[Cluster]:
    """Yield so many brokers, started; nothing of them is left after.

    `also` is given a broker's port and its controller's, and returns settings that come after ours.
    """
    for attempt in range(1, STARTS_MAX + 1):
        folder = Path(tempfile.mkdtemp(prefix="custody-kafka-"))
        cluster = Cluster(_prepared(folder, count, first_port, also))
        try:
            for broker in cluster.brokers:  # a majority must run before any of them has started
                broker.start()
            for broker in cluster.brokers:
                broker.wait()
        except RuntimeError:
            _end(cluster, folder)
            if attempt == STARTS_MAX:
                raise
        else:
            break
    try:
        yield cluster
    finally:
        _end(cluster, folder)


def classpath() -> str:
    """Return the classpath of the jars, which Maven fetches once; raise NoKafka."""
    _check_java()
    if given := os.environ.get("KAFKA_CLASSPATH"):
        return given
    if shutil.which("mvn") is None:
        raise NoKafka("Maven is needed to fetch Apache Kafka: install it (Debian: `apt-get install maven`)")
    JARS.mkdir(exist_ok=True)
    pom = HERE / "pom.xml"
    whole = JARS / "pom.xml"  # written last: the jars beside it are those that it names
    with (JARS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists() or whole.read_bytes() != pom.read_bytes():
            shutil.rmtree(JARS / "lib", ignore_errors=True)
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={JARS / 'lib'}"]
            subprocess.run(["mvn", "-q", "-B", "-f", pom, *goal], check=True)
            shutil.copy(pom, whole)
    return f"{JARS / 'lib'}/*"


def _check_java() -> None:
    mend = f"install Java {JAVA_MIN} or newer (Debian: `apt-get install default-jre-headless maven`)"
    if shutil.which("java") is None:
        raise NoKafka(f"Apache Kafka needs Java: {mend}")
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < JAVA_MIN:
        raise NoKafka(f"this Java is too old for Apache Kafka: {mend}")


def _prepared(folder: Path, count: int, first_port: int | None, also: Callable[[int, int], str]) -> list[Broker]:
    """Write each broker's settings and meta.properties."""
    ports = [first_port + n for n in range(2 * count)] if first_port else free_ports(2 * count)
    voters = ",".join(f"{node}@127.0.0.1:{ports[count + node - 1]}" for node in range(1, count + 1))
    brokers = []
    for node in range(1, count + 1):
        broker = Broker(node, ports[node - 1], folder / str(node))
        data = broker.folder / "data"
        data.mkdir(parents=True)
        (data / "meta.properties").write_text(f"version=1\ncluster.id={CLUSTER_ID}\nnode.id={node}\n")
        settings = SETTINGS.format(
            node=node,
            voters=voters,
            port=broker.port,
            controller=ports[count + node - 1],
            data=data,
            copies=count,
            in_sync=count // 2 + 1,
        )
        more = also(broker.port, ports[count + node - 1])
        (broker.folder / "server.properties").write_text(f"{settings}{more}")
        brokers.append(broker)
    return brokers


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens at just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _end(cluster: Cluster, folder: Path) -> None:
    for broker in cluster.brokers:
        broker.stop(signal.SIGKILL)  # their data go with them: there is nothing to write down
    shutil.rmtree(folder)


def main() -> None:
    """Run brokers until stopped."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--port", type=int, default=9092)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running(chosen.brokers, first_port=chosen.port) as cluster:
            print(f"Apache Kafka answers at {cluster.bootstrap}; Ctrl-C stops it", flush=True)
            signal.pause()
    except NoKafka as problem:
        raise SystemExit(str(problem)) from None
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
