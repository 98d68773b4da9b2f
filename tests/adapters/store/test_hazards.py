"""One test for each hazard of the `eventsourcing` library that the design lists, against our store."""

from __future__ import annotations

import multiprocessing
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from adapters.store.ledger import Ledger, system_clock
from adapters.store.mapper import CustodyMapper
from adapters.store.place import Place
from domain.errors import IntegrityProblem, LedgerUnavailable
from projections.amendments import Amendments
from projections.replay import replay
from tests.builders import submissions

WRITES = 60


def test_a_ledger_refuses_to_start_where_database_functions_would_hide_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "y")

    with pytest.raises(LedgerUnavailable, match="POSTGRES_ENABLE_DB_FUNCTIONS"):
        Ledger.create(tmp_path / "custody.db")


def test_a_batch_of_twenty_thousand_events_is_one_transaction_and_does_not_hang(ledger: Ledger) -> None:
    outcomes = ledger.append(submissions(20_000), now=system_clock())

    assert outcomes[-1].position == ledger.position() == 20_000
    assert ledger.facts.rows("SELECT count(*) AS n FROM tree_heads")[0]["n"] == 1


def test_a_follower_sees_what_this_and_other_processes_append(ledger: Ledger) -> None:
    here, elsewhere = ledger, Ledger.open_to_write(ledger.place)
    here.append(submissions(1), now=system_clock())
    seen: list[int] = []

    def follow() -> None:
        with here.facts.subscribe(gt=0) as subscription:
            for notification in subscription:
                seen.append(notification.id)
                if notification.id == 3:
                    return

    follower = Thread(target=follow, daemon=True)
    follower.start()
    here.append(submissions(1, start=2), now=system_clock())
    elsewhere.append(submissions(1, start=3), now=system_clock())
    follower.join(timeout=120)

    assert [1, 2, 3] == seen
    elsewhere.close()


def append_one_by_one(place: Place, start: int) -> None:
    ledger = Ledger.open_to_write(place)
    for event in submissions(WRITES, start=start):
        ledger.append([event], now=system_clock())
    ledger.close()


def test_four_writing_processes_leave_no_gap_and_who_follows_them_misses_nothing(ledger: Ledger) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=append_one_by_one, args=(ledger.place, 1000 * n)) for n in range(1, 5)]
    seen: list[int] = []

    for writer in writers:
        writer.start()
    with ledger.facts.subscribe(gt=0) as subscription:
        for notification in subscription:
            seen.append(notification.id)
            if len(seen) == len(writers) * WRITES:
                break
    for writer in writers:
        writer.join(timeout=120)

    assert [0] * len(writers) == [writer.exitcode for writer in writers]
    assert list(range(1, len(writers) * WRITES + 1)) == seen == [event.position for event in ledger.recorded()]


def test_positions_survive_a_dump_and_restore(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "custody.db")
    ledger.append(submissions(20), now=system_clock())
    ledger.close()
    with closing(sqlite3.connect(ledger.place)) as connection, connection:
        script = "\n".join(line for line in connection.iterdump() if "CREATE TRIGGER" not in line.split("\n")[0])
    with closing(sqlite3.connect(":memory:")) as restored, restored:
        restored.executescript(script)
        found = restored.execute("SELECT position, event_id FROM stored_events ORDER BY position").fetchall()

    reopened = Ledger.open_to_read(tmp_path / "custody.db")
    assert [(event.position, event.envelope.id) for event in reopened.recorded()] == found
    reopened.close()


class ChokesOnTheSecond:
    """A fold that cannot take position 2."""

    name = "chokes"

    def __init__(self) -> None:
        self.seen: list[int] = []

    def apply(self, event) -> None:
        if event.position == 2:
            raise ZeroDivisionError("poison")
        self.seen.append(event.position)

    def snapshot(self) -> list[int]:
        return self.seen


def test_an_event_that_breaks_a_fold_is_parked_and_the_fold_goes_on(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path / "custody.db")
    ledger.append(submissions(3), now=system_clock())
    fold = ChokesOnTheSecond()

    result = replay(ledger.recorded(), Amendments(), [fold], lambda done: None)

    assert [1, 3] == fold.seen
    assert [(2, "chokes")] == [(parked["position"], parked["read_model"]) for parked in result.parked]
    ledger.close()


def test_a_stored_topic_never_imports_a_module() -> None:
    from eventsourcing.persistence import StoredEvent

    hostile = StoredEvent("episode/x", 1, "antigravity:fly", b"{}")

    with pytest.raises(IntegrityProblem, match="not in the catalogue"):
        CustodyMapper().to_domain_event(hostile)

    assert "antigravity" not in sys.modules
