"""HTTP to durable ledger: how long one event takes at a steady rate, and how many come through in batches.

    python -m benchmarks.bench_http [--events 20000] [--rounds 3] [--json]

A real server in a process of its own, signed events (Ed25519), SQLite with synchronous=FULL. Single events are sent at
200 a second over four connections; beside them, in the same run, as many requests to /healthz, which do nothing.
Batches are 1,000 envelopes a request over two connections; beside them, the same events through the same way in
without HTTP, in this process.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import orjson

from adapters.composition import services
from adapters.http.serving import opened
from adapters.intake.offered import Offered
from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
from adapters.trust.keys import SigningKey, load_signing_key
from adapters.trust.signed import Signed, wrapped
from benchmarks.compare import options, show
from domain.canonical import canonical_bytes
from tests.serving import serving

RATE = 200
SINGLES = 2_000
CONNECTIONS = 4
BATCH = 1_000
SOURCE = "synthetic:bench"
EVENT = {"Content-Type": "application/vnd.dsse+json"}
LINES = {"Content-Type": "application/x-ndjson"}


def custody(*arguments: object) -> None:
    """Run a command."""
    subprocess.run([sys.executable, "-m", "adapters.cli", *map(str, arguments)], check=True, capture_output=True)


@contextmanager
def enrolled() -> Iterator[tuple[Path, SigningKey]]:
    """Yield an empty ledger in which one key may say anything."""
    with tempfile.TemporaryDirectory() as folder:
        ledger, key = Path(folder) / "custody.db", Path(folder) / "bench.pem"
        custody("--ledger", ledger, "init")
        custody("agency", "keygen", key)
        custody("--ledger", ledger, "agency", "enroll", "bench", f"{key}.pub", "--synthetic", "--any-facility")
        yield ledger, load_signing_key(key)


def signed(bodies: Sequence[bytes], key: SigningKey) -> list[Signed]:
    """Let one agency say all of these."""
    found = []
    for number, body in enumerate(bodies, 1):
        named = {"source": SOURCE, "agencykey": key.public.key_id, "sequence": str(number)}
        event = canonical_bytes({**orjson.loads(body), **named})
        found.append(Signed(event, key.sign(event), key.public.key_id))
    return found


def paced(count: int, ask: Callable[[int], httpx.Response]) -> list[float]:
    """Ask so many times at the rate, from some threads; return the milliseconds each took, from when it was due."""
    began = time.perf_counter()

    def one(number: int) -> float:
        due = began + number / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        sent = time.perf_counter()
        ask(number).raise_for_status()
        return (time.perf_counter() - sent) * 1_000

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return list(pool.map(one, range(count)))


def percentile(milliseconds: Sequence[float], share: float) -> float:
    """Return the value that this share is not above."""
    return round(sorted(milliseconds)[int(len(milliseconds) * share) - 1], 2)


def singles(messages: Sequence[bytes], ledger: Path) -> dict[str, Any]:
    """Send events one by one, and as many requests that do nothing."""
    with serving(str(ledger)) as served, httpx.Client(base_url=served.address, timeout=30) as client:
        events = paced(len(messages), lambda n: client.post("/v1/events", content=messages[n], headers=EVENT))
        nothing = paced(len(messages), lambda n: client.get("/healthz"))
    return {
        "event_p50_ms": percentile(events, 0.5),
        "event_p99_ms": percentile(events, 0.99),
        "nothing_p50_ms": percentile(nothing, 0.5),
        "nothing_p99_ms": percentile(nothing, 0.99),
    }


def batched(messages: Sequence[bytes], ledger: Path) -> float:
    """Send events in batches over two connections; return events a second."""
    bodies = [b"\n".join(messages[at : at + BATCH]) for at in range(0, len(messages), BATCH)]
    with serving(str(ledger)) as served, httpx.Client(base_url=served.address, timeout=60) as client:
        began = time.perf_counter()
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda body: client.post("/v1/events", content=body, headers=LINES), bodies))
        seconds = time.perf_counter() - began
    assert sum(answer.json()["stored"] for answer in answers) == len(messages)
    return len(messages) / seconds


def direct(messages: Sequence[Signed], ledger: Path) -> float:
    """Record the same events without HTTP; return events a second."""
    with opened(services(ledger), 0) as parts:
        began = time.perf_counter()
        offered = [Offered(one.body, one.signature, "bench", row) for row, one in enumerate(messages)]
        for at in range(0, len(offered), BATCH):
            parts.intake.submit(offered[at : at + BATCH]).result()
        return len(messages) / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    chosen = options(__doc__, events=20_000, rounds=3)
    period = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    bodies = list(simulate(events=chosen.events, seed=1, register=minnesota_register(), **period))
    rates: dict[str, list[float]] = {"batched": [], "direct": []}
    latencies: list[dict[str, Any]] = []
    for _ in range(chosen.rounds):
        with enrolled() as (ledger, key):
            messages = signed(bodies, key)
            latencies.append(singles([wrapped(one) for one in messages[:SINGLES]], ledger))
        with enrolled() as (ledger, key):
            rates["batched"].append(batched([wrapped(one) for one in signed(bodies, key)], ledger))
        with enrolled() as (ledger, key):
            rates["direct"].append(direct(signed(bodies, key), ledger))
    medians = {name: round(statistics.median(found)) for name, found in rates.items()}
    single = {name: statistics.median(found[name] for found in latencies) for name in latencies[0]}
    result = {"events": chosen.events, "single": single, "events_per_second": medians}
    show({**result, "batched_to_direct": round(medians["batched"] / medians["direct"], 2)}, as_json=chosen.json)


if __name__ == "__main__":
    main()
