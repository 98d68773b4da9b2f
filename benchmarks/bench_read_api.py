"""Questions over HTTP: how long each takes beside a request that does nothing, on a log with kept read models.

    python -m benchmarks.bench_read_api [--events 1000000] [--rounds 200] [--json]

A real server in a process of its own over SQLite; one client asks one question after the other over one connection,
each in turn with a request to /healthz. What is about persons is recorded durably before it is shown: that is in the
time.
Every request names another facility or case than the one before, as known now, or a position never asked about before.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from benchmarks.compare import options, show
from tests.serving import serving

PERIOD = ("--from", "2025-01-01", "--until", "2026-01-31")
AT = "2026-01-10T12:00"
NOTHING = "/healthz"
SIZE = 100


def custody(*arguments: object) -> None:
    """Run a command."""
    subprocess.run([sys.executable, "-m", "adapters.cli", *map(str, arguments)], check=True, capture_output=True)


def paths(client: httpx.Client, requests: int) -> dict[str, list[str]]:
    """Return so many requests of each kind, about places and cases that the ledger has."""
    last = client.get("/v1/tree").json()["size"]
    facilities = [row["id"] for row in client.get("/v1/facilities").json() if row["kind"] == "county_jail"]
    size = {"size": min(1_000, max(100, requests))}
    cases = [row["episode"] for row in client.get("/v1/tables/overholds", params=size).json()["rows"]]
    detained = [row["episode"] for row in client.get("/v1/tables/detainers", params=size).json()["rows"]]
    cases += [episode for episode in detained if episode]

    def each(write: Callable[[int], str]) -> list[str]:
        return [write(number) for number in range(requests)]

    return {
        "tree": each(lambda n: f"/v1/tree?known={last - n}"),
        "state": each(lambda n: f"/v1/facilities/{facilities[n % len(facilities)]}/state?at={AT}"),
        "state as known earlier": each(
            lambda n: f"/v1/facilities/{facilities[n % len(facilities)]}/state?at={AT}&known={last // 2 + n}"
        ),
        "page of a table": each(lambda n: f"/v1/tables/custody?size={SIZE}&known={last - n}"),
        "page of a table at a facility": each(
            lambda n: f"/v1/tables/handoffs?size={SIZE}&facility={facilities[n % len(facilities)]}"
        ),
        "event": each(lambda n: f"/v1/events/{last - n * 7}"),
        "trail": each(lambda n: f"/v1/trail?ref=episode/{cases[n % len(cases)]}"),
        "history of a case": each(lambda n: f"/v1/history?ref=episode/{cases[n % len(cases)]}"),
        "overholds at a facility": each(
            lambda n: f"/v1/overholds?size=20&at={AT}&facility={facilities[n % len(facilities)]}"
        ),
    }


def measured(client: httpx.Client, wanted: Sequence[str]) -> tuple[list[float], list[float]]:
    """Return the milliseconds of each request, and of one that does nothing beside each."""
    asked, nothing = [], []
    for path in wanted:
        for where, into in ((path, asked), (NOTHING, nothing)):
            began = time.perf_counter()
            client.get(where).raise_for_status()
            into.append((time.perf_counter() - began) * 1_000)
    return asked, nothing


def percentile(milliseconds: Sequence[float], share: float) -> float:
    """Return the value that this share is not above."""
    return round(sorted(milliseconds)[max(0, int(len(milliseconds) * share) - 1)], 2)


def main() -> None:
    """Measure and print."""
    chosen = options(__doc__, events=1_000_000, rounds=200)
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "custody.db"
        custody("--ledger", ledger, "simulate", "--events", chosen.events, "--seed", 1, *PERIOD)
        custody("--ledger", ledger, "projections", "rebuild")
        found: dict[str, Any] = {}
        with (
            serving(str(ledger), "--open-as", "auditor") as served,
            httpx.Client(base_url=served.address, timeout=60) as client,
        ):
            for name, wanted in paths(client, chosen.rounds).items():
                asked, nothing = measured(client, wanted)
                found[name] = {
                    "p50_ms": percentile(asked, 0.5),
                    "p99_ms": percentile(asked, 0.99),
                    "nothing_p50_ms": percentile(nothing, 0.5),
                    "p50_to_nothing": round(percentile(asked, 0.5) / percentile(nothing, 0.5), 1),
                }
    show({"events": chosen.events, "requests": chosen.rounds, **found}, as_json=chosen.json)


if __name__ == "__main__":
    main()
