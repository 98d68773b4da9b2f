"""Recording a simulation with three processes: what happens when one of them is not there any more."""

from __future__ import annotations

import multiprocessing
import threading
import time
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
    assert no_children_within(10)
    ledger.close()


def no_children_within(seconds: float) -> bool:
    until = time.monotonic() + seconds
    while multiprocessing.active_children() and time.monotonic() < until:
        time.sleep(0.05)
    return not multiprocessing.active_children()
