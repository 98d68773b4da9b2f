"""How long each page takes behind a log of many events, from a request to its first byte, and to its last.

    python -m benchmarks.bench_pages --events 100000          simulates a ledger with kept read models, then asks
    python -m benchmarks.bench_pages --ledger custody.db      asks of one that is there

Real server, one client, one request at a time, other facilities and cases each time; after one round to warm up. "New"
asks as of another moment each time, so that no page was made before; "again" asks for the same pages once more. Times
are in milliseconds; `GET /healthz` in the same run is the least that a request can take. "Processor" is what the server
spends on a new page, in the mean: it says more than the others where the machine has something else to do.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
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
MOMENT = datetime.fromisoformat("2026-06-20T12:00:00-05:00")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200, help="of each page")
    parser.add_argument("--ledger", help="instead of a simulated one")
    asked = parser.parse_args()
    with ledger_of(asked.ledger, asked.events) as ledger:
        paths = pages(ledger)
        with (
            serving(ledger, "--open-as", "oversight") as served,
            httpx.Client(base_url=served.address, timeout=120) as client,
        ):
            known = client.get("/rules", params={"at": stamp(0)}, follow_redirects=True).url.params["known"]
            print(
                f"{'page':<16}{'new p50':>9}{'p99':>8}{'first byte p50':>16}{'p99':>8}{'again p50':>11}{'p99':>8}"
                f"{'processor':>11}"
            )
            for name, several in paths.items():
                timed(client, [whole_url(path, stamp(0), known) for path in several])
                new = [
                    whole_url(path, stamp(number), known)
                    for number, path in enumerate(islice(cycle(several), asked.requests), 1)
                ]
                before = processor_ms(served.process.pid)
                first, whole = timed(client, new)
                spent = (processor_ms(served.process.pid) - before) / len(new)
                _, again = timed(client, new)
                print(
                    f"{name:<16}{median(whole):>9.1f}{p99(whole):>8.1f}{median(first):>16.1f}{p99(first):>8.1f}"
                    f"{median(again):>11.1f}{p99(again):>8.1f}{spent:>11.1f}"
                )


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


def pages(ledger: str) -> dict[str, list[str]]:
    """Return the paths of each page at other places and cases."""
    at = stamp(0)
    with open_questions(ledger) as ask:
        kept = [row for facility in FACILITIES for row in ask.rows("overholds", facility=facility) if row["is_kept"]]
        episodes = [row["episode"] for row in kept if row["valid_to"] and row["valid_to"] < at][:CASES]
    return {
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


def stamp(number: int) -> str:
    """Return a moment, so many minutes after another."""
    return (MOMENT + timedelta(minutes=number)).isoformat()


def whole_url(path: str, at: str, known: str) -> str:
    """Return the path with both clocks, as the page itself gives it."""
    if path == "/healthz":
        return path
    path, _, rest = path.partition("?")
    return f"{path}?{urlencode({'at': at, 'known': known})}{'&' if rest else ''}{rest}"


def timed(client: httpx.Client, urls: list[str]) -> tuple[list[float], list[float]]:
    """Ask, and return the milliseconds to the first byte and to the last."""
    first, whole = [], []
    for url in urls:
        began = time.perf_counter()
        with client.stream("GET", url) as answer:
            assert answer.status_code == httpx.codes.OK, url
            first.append((time.perf_counter() - began) * 1000)
            answer.read()
        whole.append((time.perf_counter() - began) * 1000)
    return first, whole


def processor_ms(process: int) -> float:
    """Return the processor time that a process has used, as Linux counts it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def p99(times: list[float]) -> float:
    return quantiles(times, n=100)[98] if len(times) > 1 else times[0]


if __name__ == "__main__":
    main()
