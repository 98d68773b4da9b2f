"""Group commit: many submitters, one durable transaction, a receipt each; and what they hear when it cannot be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from adapters.intake.door import Door
from adapters.intake.group_commit import GroupCommit
from adapters.intake.offered import Accepted, Answer
from adapters.store.ledger import Ledger
from adapters.store.verification import verify
from domain.canonical import leaf_hash
from domain.errors import LedgerUnavailable, TooBusy
from tests.signing import Agency, door_to
from tests.spots import FileSpot

WAIT_SECONDS = 120


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger.create(tmp_path / "custody.db")
    yield made
    made.close()


@pytest.fixture
def agency(ledger: Ledger) -> Agency:
    made = Agency()
    made.enrolled(ledger)
    return made


class HeldDoor(Door):
    """A door that waits before it writes."""

    def __init__(self, ledger: Ledger) -> None:
        real = door_to(ledger)
        super().__init__(ledger, real._checker, real._clock)
        self.reached, self.may_write = Event(), Event()

    def finish(self, *arguments, **named):
        self.reached.set()
        assert self.may_write.wait(WAIT_SECONDS)
        return super().finish(*arguments, **named)


def heads(ledger: Ledger) -> int:
    return int(ledger.facts.rows("SELECT count(*) AS n FROM tree_heads")[0]["n"])


def results(futures: list[Future[list[Answer]]]) -> list[str]:
    """Return what each event came to: "accepted", or the error's code."""
    return [code for future in futures for code in _codes(future)]


def _codes(future: Future[list[Answer]]) -> list[str]:
    error = future.exception(WAIT_SECONDS)
    answers = [error] if error else future.result()
    return ["accepted" if isinstance(one, Accepted) else getattr(one, "code", repr(one)) for one in answers]


def test_many_threads_share_few_transactions_and_each_gets_its_own_receipt(ledger: Ledger, agency: Agency) -> None:
    offered = [agency.books(number) for number in range(200)]
    before = heads(ledger)

    with GroupCommit(door_to(ledger), linger_seconds=0.05) as group, ThreadPoolExecutor(20) as threads:
        accepted = list(threads.map(lambda one: group.submit([one]).result(WAIT_SECONDS)[0], offered))

    stored = {event.position: event for event in ledger.recorded()}
    for one, answer in zip(offered, accepted, strict=True):
        assert one.body is not None
        assert answer.receipt.leaf == leaf_hash(one.body)
        assert answer.id == stored[answer.receipt.position].envelope.id
    assert heads(ledger) - before < len(offered) / 2
    assert [] == verify(ledger, lambda done: None).problems


def test_a_bad_event_hears_of_it_and_its_neighbours_are_stored(ledger: Ledger, agency: Agency) -> None:
    bad = agency.books(2)._replace(signature=bytes(64))

    with GroupCommit(door_to(ledger)) as group:
        together = group.submit([agency.books(1), bad, agency.books(3)])

    assert ["accepted", "bad_signature", "accepted"] == results([together])


def test_what_comes_together_is_one_transaction_and_each_who_submits_gets_their_own_answers(
    ledger: Ledger, agency: Agency
) -> None:
    before = heads(ledger)
    with GroupCommit(door_to(ledger), batch_max=5, linger_seconds=0.5) as group:
        threes = [[agency.books(3 * number + one) for one in range(3)] for number in range(3)]
        many = [agency.books(number) for number in range(20, 28)]
        futures = [group.submit(offered) for offered in (*threes, many)]

    for offered, future in zip((*threes, many), futures, strict=True):
        leaves = [answer.receipt.leaf for answer in future.result() if isinstance(answer, Accepted)]
        assert leaves == [leaf_hash(one.body or b"") for one in offered]
    assert 4 == heads(ledger) - before


def test_a_full_queue_refuses_at_once_all_of_what_does_not_fit_and_takes_more_when_there_is_room(
    ledger: Ledger, agency: Agency
) -> None:
    door = HeldDoor(ledger)
    with GroupCommit(door, waiting_max=3, batch_max=1, linger_seconds=0) as group:
        first = group.submit([agency.books(1)])
        door.reached.wait(WAIT_SECONDS)  # it is out of the queue, and the writer is held
        waiting = group.submit([agency.books(number) for number in (2, 3)])
        with pytest.raises(TooBusy) as busy:
            group.submit([agency.books(number) for number in (4, 5)])
        last = group.submit([agency.books(6)])
        door.may_write.set()

    assert "queue_full" == busy.value.code
    assert ["accepted"] * 4 == results([first, waiting, last])
    assert 5 == ledger.position()


def test_when_the_ledger_is_away_everybody_who_waits_hears_of_it_and_later_ones_are_stored(
    tmp_path: Path, ledger: Ledger, agency: Agency
) -> None:
    door = HeldDoor(ledger)
    place = FileSpot(tmp_path / "custody.db")
    with GroupCommit(door, batch_max=2, linger_seconds=0) as group:
        futures = [group.submit([agency.books(number)]) for number in range(7)]
        door.reached.wait(WAIT_SECONDS)
        place.run(place.failing_trigger)
        door.may_write.set()
        assert {"disk_error"} == set(results(futures))
        assert isinstance(futures[-1].exception(), LedgerUnavailable)
        place.run("DROP TRIGGER failing")
        assert ["accepted"] == results([group.submit([agency.books(9)])])

    assert 2 == ledger.position()


def test_leaving_stores_what_waits_and_nothing_is_taken_after(ledger: Ledger, agency: Agency) -> None:
    with GroupCommit(door_to(ledger), linger_seconds=5) as group:
        futures = [group.submit([agency.books(number)]) for number in range(5)]

    assert ["accepted"] * 5 == results(futures)
    with pytest.raises(LedgerUnavailable) as closed:
        group.submit([agency.books(9)])
    assert "intake_closed" == closed.value.code


def test_whoever_gave_up_before_its_turn_is_not_stored_and_stops_nobody(ledger: Ledger, agency: Agency) -> None:
    door = HeldDoor(ledger)
    with GroupCommit(door, batch_max=1, linger_seconds=0) as group:
        first = group.submit([agency.books(1)])
        door.reached.wait(WAIT_SECONDS)
        others = [group.submit([agency.books(number)]) for number in range(2, 7)]
        assert others[-1].cancel()
        door.may_write.set()

    assert ["accepted"] * 5 == results([first, *others[:-1]])
    assert 6 == ledger.position()


def test_an_error_of_our_own_reaches_who_waits_and_the_writer_goes_on(
    ledger: Ledger, agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = door_to(ledger)
    with GroupCommit(door, linger_seconds=0) as group:
        with monkeypatch.context() as patch:
            patch.setattr(door, "start", lambda offered: 1 / 0)
            broken = group.submit([agency.books(1)])
            assert isinstance(broken.exception(WAIT_SECONDS), ZeroDivisionError)
        assert ["accepted"] == results([group.submit([agency.books(2)])])


CHILD = """
import sys
from pathlib import Path
from threading import Thread
from adapters.intake.group_commit import GroupCommit
from adapters.store.ledger import Ledger
from tests.signing import Agency, door_to

ledger = Ledger.create(Path(sys.argv[1]))
agency = Agency()
agency.enrolled(ledger)
numbers = iter(range(1_000_000))
with GroupCommit(door_to(ledger)) as group:
    def work():
        for number in numbers:
            accepted = group.submit([agency.books(number)]).result()[0]
            sys.stdout.write(f"{accepted.receipt.position} {accepted.receipt.leaf.hex()}\\n")
            sys.stdout.flush()
    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


@pytest.mark.parametrize("receipts", [1, 40, 200])
def test_every_receipt_given_before_kill_nine_is_honoured_afterwards(tmp_path: Path, receipts: int) -> None:
    path = tmp_path / "custody.db"
    command = [sys.executable, "-c", CHILD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(receipts)]
        os.kill(child.pid, signal.SIGKILL)
        lines += child.stdout.readlines()

    given = dict(line.split() for line in lines if line.endswith("\n") and len(line.split()) == 2)
    survivor = Ledger.open_to_write(path)
    assert len(given) >= receipts
    assert given == {position: survivor.leaf_at(int(position)) for position in given}
    assert [] == verify(survivor, lambda done: None).problems
    survivor.close()
