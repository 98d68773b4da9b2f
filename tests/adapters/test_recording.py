"""Recording a simulation with two processes: what happens when one of them is not there any more."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest

from adapters.simulator.recording import Scenario, record_simulation
from adapters.store.ledger import Ledger, system_clock
from adapters.store.verification import verify
from domain.errors import InputRefused, LedgerUnavailable

FIRST, LAST = date(2025, 12, 1), date(2026, 3, 11)
LONG = 2_000_000


def test_a_process_that_is_killed_ends_the_simulation_with_an_error_and_keeps_what_is_stored(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.db")
    started = threading.Event()

    def kill_one() -> None:
        started.wait(60)
        multiprocessing.active_children()[0].kill()

    killer = threading.Thread(target=kill_one)
    killer.start()
    with pytest.raises(LedgerUnavailable) as ended:
        record_simulation(Scenario(LONG, 1, FIRST, LAST), ledger, system_clock, lambda done: started.set())
    killer.join()

    assert ended.value.code == "simulation_ended"
    assert 0 < ledger.position() < LONG
    assert verify(ledger, lambda done: None).as_json()["ok"]
    ledger.close()


def test_an_error_of_the_process_that_makes_events_arrives_and_no_process_is_left(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "ledger.db")

    with pytest.raises(InputRefused) as refused:
        record_simulation(Scenario(5, 1, LAST, FIRST), ledger, system_clock, lambda done: None)

    assert refused.value.code == "bad_period"
    assert ledger.position() == 0
    assert within(10, lambda: multiprocessing.active_children() == [])
    ledger.close()


def test_no_process_is_left_when_the_one_that_stores_is_killed(tmp_path: Path) -> None:
    simulate = ["--ledger", str(tmp_path / "ledger.db"), "simulate", "--events", str(LONG), "--seed", "1"]
    command = [sys.executable, "-m", "adapters.cli", *simulate]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as ours:
        assert within(60, lambda: len(in_session(ours.pid)) >= 2)
        ours.kill()

    assert within(60, lambda: in_session(ours.pid) == [])


def in_session(session: int) -> list[int]:
    """Return the processes of a session that are not just waiting to be reaped."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            state, _, _, of_session = stat.read_text().rpartition(")")[2].split()[:4]
            if int(of_session) == session and state != "Z":
                found.append(int(stat.parent.name))
    return found


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return holds()
