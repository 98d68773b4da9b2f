"""HTTP to durable ledger: how long one event takes at a steady rate, and how many come through in batches.

    python -m benchmarks.bench_http [--events 20000] [--rounds 3] [--json]

A real server in a process of its own, signed events (Ed25519), SQLite with synchronous=FULL. Single events are sent at
200 a second over four connections; beside them, in the same run, as many requests to /healthz, which do nothing.
`batched` is 1,000 envelopes a request over two connections, of events that are signed `each`, or 64 `together`, with a
process for each core that checks signatures; `alone` has none of these (`--checkers 0`), nor have two `servers` over
one ledger, as behind a proxy. `direct` is the same events through the same way in without HTTP, in this process.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson

from adapters.collector import look_seldom
from adapters.composition import services
from adapters.http.serving import opened
from adapters.intake.offered import Accepted, Answer, Offered
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
CLIENTS = 2  # that send batches
SERVERS = 2  # over one ledger
WARMING = 4  # batches, until every process is there
SOURCE = "synthetic:bench"
EVENT = {"Content-Type": "application/vnd.dsse+json"}
LINES = {"Content-Type": "application/x-ndjson"}


Batch = TypeVar("Batch")


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


def signed(bodies: Sequence[bytes], key: SigningKey, form: str) -> list[Signed]:
    """Let one agency say all of these."""
    events = []
    for number, body in enumerate(bodies, 1):
        named = {"source": SOURCE, "agencykey": key.public.key_id, "sequence": str(number)}
        events.append(canonical_bytes({**orjson.loads(body), **named}))
    signatures = map(key.sign, events) if form == "each" else key.sign_all(events)
    return [Signed(event, one, key.public.key_id) for event, one in zip(events, signatures, strict=True)]


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


def rate(record: Callable[[Batch], int], batches: Sequence[Batch], events: int) -> float:
    """Record batches, two at a time, and return events a second; the first of them are not counted."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        stored = sum(pool.map(record, batches[:WARMING]))
        began, before = time.perf_counter(), stored
        stored += sum(pool.map(record, batches[WARMING:]))
        seconds = time.perf_counter() - began
    assert stored == events
    return (stored - before) / seconds


def batched(messages: Sequence[Signed], ledger: Path, checkers: int, servers: int = 1) -> float:
    """Send events in batches over two connections, to each server in turn; return events a second."""
    lines = [wrapped(one) for one in messages]
    bodies = [b"\n".join(lines[at : at + BATCH]) for at in range(0, len(lines), BATCH)]
    with ExitStack() as stack:
        posts = []
        for _ in range(servers):
            served = stack.enter_context(serving(str(ledger), "--checkers", str(checkers)))
            client = stack.enter_context(httpx.Client(base_url=served.address, timeout=60))
            posts.append(partial(client.post, "/v1/events", headers=LINES))
        turns = list(zip(bodies, cycle(posts), strict=False))
        return rate(lambda turn: int(turn[1](content=turn[0]).json()["stored"]), turns, len(messages))


def direct(messages: Sequence[Signed], ledger: Path, checkers: int) -> float:
    """Record the same events without HTTP; return events a second."""
    offered = [Offered(one.body, one.signature, "bench", row) for row, one in enumerate(messages)]
    batches = [offered[at : at + BATCH] for at in range(0, len(offered), BATCH)]
    with opened(services(ledger), checkers) as parts:
        submit = parts.intake.submit
        return rate(lambda batch: sum(map(is_stored, submit(batch).result())), batches, len(messages))


def is_stored(answer: Answer) -> bool:
    """Say whether an event was stored now."""
    return isinstance(answer, Accepted) and answer.receipt.is_new


def main() -> None:
    """Measure and print."""
    chosen = options(__doc__, events=20_000, rounds=3)
    look_seldom()  # as the program does
    period = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    bodies = list(simulate(events=chosen.events, seed=1, register=minnesota_register(), **period))
    cores = os.cpu_count() or 1
    runs = {
        f"{name}_{form}": (run, form, checkers)
        for form in ("each", "together")
        for name, run, checkers in (
            ("batched", batched, cores),
            ("alone", batched, 0),
            ("servers", partial(batched, servers=SERVERS), 0),
            ("direct", direct, cores),
        )
    }
    rates: dict[str, list[float]] = {name: [] for name in runs}
    latencies: list[dict[str, Any]] = []
    for _ in range(chosen.rounds):
        with enrolled() as (ledger, key):
            messages = signed(bodies[:SINGLES], key, "each")
            latencies.append(singles([wrapped(one) for one in messages], ledger))
        for name, (run, form, checkers) in runs.items():
            with enrolled() as (ledger, key):
                rates[name].append(run(signed(bodies, key, form), ledger, checkers))
    medians = {name: round(statistics.median(found)) for name, found in rates.items()}
    single = {name: statistics.median(found[name] for found in latencies) for name in latencies[0]}
    result = {
        "events": chosen.events,
        "cores": cores,
        "single": single,
        "events_per_second": medians,
        "together_to_each": round(medians["batched_together"] / medians["batched_each"], 2),
        "batched_to_direct": round(medians["batched_together"] / medians["direct_together"], 2),
    }
    show(result, as_json=chosen.json)


if __name__ == "__main__":
    main()
