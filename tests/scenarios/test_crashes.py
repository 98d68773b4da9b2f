"""Killing the program in the middle: what was reported as stored is stored, and a rerun finishes the rest."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from adapters.intake.intake import BATCH_EVENTS
from adapters.store.ledger import Ledger
from adapters.store.verification import verify
from tests.builders import MONDAY, booked

EVENTS = 30_000

CHILD = """
import sys
from adapters.cli.main import status
import adapters.importers.run as run
settle = run.Report.settle
def spoken(self, settled):
    settle(self, settled)
    print(self.stored, flush=True)
run.Report.settle = spoken
sys.exit(status(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("input") / "events.jsonl"
    with path.open("wb") as file:
        for number in range(1, EVENTS + 1):
            file.write(booked(number, at=MONDAY + timedelta(minutes=number)) + b"\n")
    return path


def killed_import(ledger: Path, events: Path, after_batches: int) -> int:
    """Run an import, kill -9 it once so many batches were reported, return the last count it reported."""
    command = [sys.executable, "-c", CHILD, "--ledger", str(ledger), "import", "events", str(events)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(after_batches)]
        os.kill(child.pid, signal.SIGKILL)
        lines += child.stdout.readlines()
    return max(int(line) for line in lines if line.strip().isdecimal())


@pytest.mark.parametrize("after_batches", [1, 3, 6])
def test_kill_nine_in_an_import_loses_nothing_reported_and_the_rerun_finishes(
    tmp_path: Path, events: Path, after_batches: int
) -> None:
    path = tmp_path / "custody.db"
    reported = killed_import(path, events, after_batches)

    survivor = Ledger.open_to_write(path)
    stored = survivor.position()
    survivor.close()
    rerun = subprocess.run(
        [sys.executable, "-m", "adapters.cli", "--ledger", path, "import", "events", events, "--json"],
        capture_output=True,
        check=True,
    )
    report = orjson.loads(rerun.stdout)

    assert 0 < reported <= stored < EVENTS
    assert (EVENTS - stored, stored) == (report["stored"], report["already_there"])
    reader = Ledger.open_to_read(path)
    assert [] == verify(reader, lambda done: None).problems
    assert EVENTS == reader.position()
    reader.close()


def test_killing_at_random_moments_never_leaves_a_broken_ledger(tmp_path: Path, events: Path) -> None:
    path = tmp_path / "custody.db"
    command = [sys.executable, "-m", "adapters.cli", "--ledger", path, "import", "events", events]
    hits = 0
    for attempt in range(6):
        before = stored(path)
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while stored(path) == before and child.poll() is None:
            time.sleep(0.005)
        time.sleep(0.02 * attempt)  # from just after a transaction to somewhere in a later one
        child.kill()
        child.wait()
        reader = Ledger.open_to_write(path)
        assert [] == verify(reader, lambda done: None).problems
        hits += 0 < reader.position() < EVENTS
        reader.close()
    assert hits, "no kill fell into the middle of the import: nothing was tried"


def stored(path: Path) -> int:
    """Return how many events are in a ledger that another process writes, 0 while it is being made."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT coalesce(max(position), 0) FROM stored_events").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_a_disk_that_fills_gives_four_and_keeps_every_whole_batch(tmp_path: Path, events: Path) -> None:
    """A limit on file size stands in for the end of the disk: the write fails in the same place."""
    path = tmp_path / "custody.db"
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, 6_000_000));"
        "from adapters.cli.main import status; sys.exit(status(sys.argv[1:]))"
    )
    full = subprocess.run(
        [sys.executable, "-c", limited, "--ledger", path, "import", "events", events],
        capture_output=True,
        text=True,
    )

    assert 4 == full.returncode
    assert "Traceback" not in full.stderr
    assert "custody: the ledger cannot be used" in full.stderr
    reader = Ledger.open_to_write(path)
    assert 0 < reader.position() < EVENTS
    assert reader.position() % BATCH_EVENTS == 0
    assert [] == verify(reader, lambda done: None).problems
    reader.close()
