"""What a network, a server and a killed writer can do to an append in PostgreSQL."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection as Pipe
from threading import Thread

import pytest

from adapters.store import postgres_connections, postgres_log
from adapters.store.ledger import Ledger, system_clock
from adapters.store.mapper import Fact
from adapters.store.place import Place, ledger_place
from adapters.store.recording import Receipt, Reject
from adapters.store.verification import verify
from domain.errors import LedgerUnavailable
from tests.adapters.store.unreliable import losing_a_commit
from tests.builders import submissions
from tests.spots import DatabaseSpot

REJECT = Reject("schema", "data.subject", "wrong", "file.jsonl", 1, b"{}", b"\x00" * 32)


@pytest.mark.parametrize("done", [True, False], ids=["after it was done", "before it was done"])
def test_a_commit_whose_answer_is_lost_is_neither_rejected_nor_doubled(database: DatabaseSpot, done: bool) -> None:
    known, *events = submissions(4)
    ours = database.ledger()
    ours.append([known], now=system_clock())

    with losing_a_commit(database.address, done=done) as address:
        ledger = Ledger(ledger_place(address), reading=False)
        outcomes = ledger.append([known, *events], now=system_clock(), rejects=[REJECT])
        ledger.close()

    assert [(1, False), (2, True), (3, True), (4, True)] == [(o.position, o.is_new) for o in outcomes]
    assert 4 == ours.position()
    assert 1 == len(ours.facts.rows("SELECT * FROM rejects"))
    ours.close()


@pytest.mark.parametrize("done", [True, False], ids=["after it was done", "before it was done"])
def test_an_aggregate_saved_over_a_lost_commit_is_saved_once(database: DatabaseSpot, done: bool) -> None:
    event = submissions(1)[0]
    database.ledger().close()

    with losing_a_commit(database.address, done=done) as address:
        ledger = Ledger(ledger_place(address), reading=False)
        recordings = ledger.save(Fact(event.stream, 1, event), now_us=0)
        ledger.close()

    assert [1] == [recording.notification.id for recording in recordings]


def begin_and_hang(place: Place, pipe: Pipe) -> None:
    """Write a batch, say so, and never commit."""
    log = Ledger.open_to_write(place).facts
    with log.connections.transaction(writing=True) as cursor:
        postgres_log._append(cursor, submissions(500), 0, [None] * 500, keys_upto=None)
        pipe.send("written")
        time.sleep(600)


def test_a_writer_killed_in_its_transaction_leaves_nothing_and_holds_up_nobody(database: DatabaseSpot) -> None:
    ledger = database.ledger()
    here, there = multiprocessing.Pipe()
    writer = multiprocessing.get_context("spawn").Process(target=begin_and_hang, args=(database.place, there))
    writer.start()
    there.close()  # so that a writer that fails is not waited for
    assert "written" == here.recv()

    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    outcome = ledger.append(submissions(1, start=501), now=system_clock())[0]

    assert Receipt(1, outcome.leaf, outcome.recorded_us, is_new=True) == outcome
    assert [] == verify(ledger, lambda done: None).problems
    ledger.close()


def test_appends_go_on_over_a_restart_of_the_server_and_nothing_is_lost_or_doubled(database: DatabaseSpot) -> None:
    ledger, restarting = database.ledger(), Thread(target=database.server.restart)
    outcomes = ledger.append(submissions(1), now=system_clock())

    restarting.start()
    start = 2
    while restarting.is_alive() or start < 20:
        outcomes += ledger.append(submissions(1, start=start), now=system_clock())
        start += 1
    restarting.join()

    assert list(range(1, start)) == [outcome.position for outcome in outcomes if outcome.is_new]
    assert list(range(1, start)) == [event.position for event in ledger.recorded()]
    assert [] == verify(ledger, lambda done: None).problems
    ledger.close()


def test_who_follows_the_log_misses_nothing_over_a_restart_of_the_server(database: DatabaseSpot) -> None:
    ledger = database.ledger()
    seen: list[int] = []

    with ledger.facts.subscribe(gt=0) as subscription:
        ledger.append(submissions(2), now=system_clock())
        seen += [next(subscription).id, next(subscription).id]
        database.server.restart()
        ledger.append(submissions(2, start=3), now=system_clock())
        seen += [next(subscription).id, next(subscription).id]

    assert [1, 2, 3, 4] == seen
    ledger.close()


def test_a_server_that_stays_away_is_given_up_with_a_reason(
    database: DatabaseSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connections, "AWAY_SECONDS", 0.5)
    database.ledger().close()
    with losing_a_commit(database.address, done=False) as address:
        ledger = Ledger(ledger_place(address), reading=False)

    with pytest.raises(LedgerUnavailable) as error:
        ledger.append(submissions(1), now=system_clock())

    assert "cannot_connect" == error.value.code
    ledger.close()


def test_a_read_that_loses_its_server_says_so(database: DatabaseSpot) -> None:
    ledger = database.ledger()
    ledger.append(submissions(3), now=system_clock())

    with pytest.raises(LedgerUnavailable) as error:
        read_over_a_restart(ledger, database)

    assert "connection_lost" == error.value.code
    assert 3 == ledger.position()
    ledger.close()


def read_over_a_restart(ledger: Ledger, database: DatabaseSpot) -> None:
    with ledger.snapshot() as snapshot:
        database.server.restart()
        list(snapshot.events())
