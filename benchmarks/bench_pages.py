"""How long each page takes behind a log of many events, from a request to its first byte, and to its last.

    python -m benchmarks.bench_pages --events 100000          simulates a ledger with kept read models, then asks
    python -m benchmarks.bench_pages --ledger custody.db      asks of one that is there

Real server, one client, one request at a time, other facilities and cases each time; after one round to warm up. Times
are in milliseconds; `GET /healthz` in the same run is the least that a request can take.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import httpx

from adapters.cli.main import status
from adapters.questions.ask import open_questions
from tests.serving import serving

ROOT = Path(__file__).parents[1]
FACILITIES = ("mn-hennepin-jail", "mn-ramsey-jail", "mn-anoka-jail", "mn-nobles-jail", "mn-freeborn-jail")
POINTS = ("hold_past_release", "release_notice", "hand_over", "serve_admin_warrant")
CASES = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200, help="of each page")
    parser.add_argument("--ledger", help="instead of a simulated one")
    asked = parser.parse_args()
    with ledger_of(asked.ledger, asked.events) as ledger:
        at, paths = pages(ledger)
        with serving(ledger, "--open-as", "oversight") as served, httpx.Client(base_url=served.address) as client:
            print(f"{'page':<16}{'p50':>8}{'p99':>8}{'first byte p50':>16}{'p99':>8}")
            for name, several in paths.items():
                timed(client, [with_clock(path, at) for path in several], len(several))
                first, whole = timed(client, [with_clock(path, at) for path in several], asked.requests)
                print(f"{name:<16}{median(whole):>8.1f}{p99(whole):>8.1f}{median(first):>16.1f}{p99(first):>8.1f}")


@contextmanager
def ledger_of(given: str | None, events: int) -> Iterator[str]:
    """Yield a ledger: the one given, or a month of a state with the demo's sheets, claims and stories."""
    if given:
        yield given
        return
    with TemporaryDirectory() as folder:
        ledger = str(Path(folder) / "custody.db")
        data = ROOT / "adapters/importers/data"
        for command in (
            ("import", "ice-287g", str(data / "mn_287g_sheet_observations.csv")),
            ("simulate", "--events", str(events), "--seed", "1", "--from", "2026-01-01", "--until", "2026-06-30"),
            ("import", "events", str(ROOT / "deploy/stories.jsonl")),
            ("import", "claims", str(data / "claims.yaml")),
            ("rules", "publish", "us-mn"),
            ("projections", "rebuild"),
            ("counts", "release", "2026-Q1"),
        ):
            assert status(["--ledger", ledger, *command]) == 0
        yield ledger


def pages(ledger: str) -> tuple[str, dict[str, list[str]]]:
    """Return a moment, and the paths of each page at other places and cases."""
    at = "2026-06-20T12:00:00-05:00"
    with open_questions(ledger) as ask:
        kept = [row for facility in FACILITIES for row in ask.rows("overholds", facility=facility) if row["is_kept"]]
        episodes = [row["episode"] for row in kept if row["valid_to"] and row["valid_to"] < at][:CASES]
    return at, {
        "healthz": ["/healthz"],
        "map": [f"/?point={point}" for point in POINTS],
        "facility": [f"/facilities/{facility}" for facility in FACILITIES],
        "case": [f"/cases/episode/{episode}" for episode in episodes],
        "determination": [f"/determinations/hold_past_release/episode/{episode}" for episode in episodes],
        "claims": ["/claims"],
        "findings": [f"/findings?facility={facility}" for facility in FACILITIES],
        "rules": ["/rules"],
        "what if": [f"/whatif?facility={facility}&fact=agreement_wso&value=no" for facility in FACILITIES],
        "public": ["/public"],
    }


def with_clock(path: str, at: str) -> str:
    return path if path == "/healthz" else path + ("&" if "?" in path else "?") + urlencode({"at": at})


def timed(client: httpx.Client, paths: list[str], requests: int) -> tuple[list[float], list[float]]:
    """Ask, and return the milliseconds to the first byte and to the last, of the canonical URL."""
    canonical = [str(client.get(path, follow_redirects=True).url) for path in paths]
    first, whole = [], []
    for url in islice(cycle(canonical), requests):
        began = time.perf_counter()
        with client.stream("GET", url) as answer:
            assert answer.status_code == httpx.codes.OK, url
            first.append((time.perf_counter() - began) * 1000)
            answer.read()
        whole.append((time.perf_counter() - began) * 1000)
    return first, whole


def p99(times: list[float]) -> float:
    return quantiles(times, n=100)[98] if len(times) > 1 else times[0]


if __name__ == "__main__":
    main()
