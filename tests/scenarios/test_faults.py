"""Killing whatever folds, at random moments: after each, every read model has the rows of one that was never killed.

    make faults KILLS=200 SEED=1

The kills are shared out over both kinds of process and all places. What is random is the moment, from the seed.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing.context import ForkServerProcess

import pytest

from adapters.composition import services
from adapters.read_models.models import Models
from adapters.store.ledger import system_clock
from tests.postgres import kinds
from tests.scenarios.processes import appending, command, rebuild, started, winter
from tests.spots import DatabaseSpot, Spot

KILLS = int(os.environ.get("CUSTODY_KILLS", "16"))
SEED = int(os.environ.get("CUSTODY_SEED", "1"))
SHARE = max(1, KILLS // (2 * (1 + len(kinds()))))
ATTEMPTS_MAX = 10  # a rebuild may be over before it is killed
PATIENCE_SECONDS = 120


def until(happened: Callable[[], bool], process: ForkServerProcess) -> None:
    """Wait for something, or for the process to end, and then for no more than a moment."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not happened() and process.is_alive() and time.monotonic() < ends:
        time.sleep(0.002)


def killed(process: ForkServerProcess) -> bool:
    """Kill a process, and say whether it had not ended before."""
    process.kill()
    process.join()
    was_at_work = process.exitcode == -signal.SIGKILL
    process.close()
    return was_at_work


@contextmanager
def following(place: str) -> Iterator[ForkServerProcess]:
    """Follow in another process until the block ends; then it ends in order when asked to."""
    process = started(command, "--ledger", place, "projections", "follow")
    try:
        yield process
        assert process.is_alive(), f"who follows gave up: {process.exitcode}"
        process.terminate()
        process.join(PATIENCE_SECONDS)
        assert 0 == process.exitcode
    finally:
        process.kill()
        process.join()
        process.close()


def address_of(spot: Spot) -> str:
    return spot.address if isinstance(spot, DatabaseSpot) else str(spot.place)


def filled(spot: Spot) -> Models:
    """Make a ledger with a few events, and every read model of it."""
    with closing(spot.ledger()) as ledger:
        ledger.append(list(winter(1, 1_000)), now=system_clock())
    models = services(spot.place).models()
    rebuild(spot.place, tuple(models.folds))
    return models


def position_of(models: Models, name: str) -> int:
    with closing(models.open(name, models.live_generation(name) or 0)) as model:
        return model.position


def test_a_live_fold_that_is_killed_at_any_moment_goes_on_with_the_rows_of_a_rebuild(spot: Spot) -> None:
    chance = random.Random(SEED)
    models, hits = filled(spot), 0
    with appending(spot.place) as load:
        for _ in range(SHARE):
            name = chance.choice(tuple(models.folds))
            before = position_of(models, name)
            process = started(command, "--ledger", address_of(spot), "projections", "follow")
            until(lambda: position_of(models, name) > before, process)  # noqa: B023 - asked at once
            time.sleep(chance.uniform(0, 0.1))
            hits += killed(process)

            load.assert_every_model_is_as_if_rebuilt()
        load.assert_nothing_acknowledged_is_lost()
    assert SHARE == hits


def test_a_rebuild_that_is_killed_at_any_moment_leaves_the_old_models_or_the_new_ones(spot: Spot) -> None:
    chance = random.Random(SEED)
    models, hits = filled(spot), 0
    names = tuple(models.folds)
    with appending(spot.place) as load, following(address_of(spot)):
        for number in range(ATTEMPTS_MAX * SHARE):
            if hits and number >= SHARE:
                break
            name = chance.choice(names)
            live = models.live_generation(name)
            process = started(rebuild, spot.place, names)
            if number % 3 == 0:  # in the swap, or between two of them
                until(lambda: models.live_generation(name) != live, process)  # noqa: B023 - asked at once
                time.sleep(chance.uniform(0, 0.01))
            else:
                until(lambda: len(models.generations(name)) > 1, process)  # noqa: B023 - same
                time.sleep(chance.uniform(0, 0.3))
            hits += killed(process)

            load.assert_every_model_is_as_if_rebuilt()
        load.assert_nothing_acknowledged_is_lost()
    assert hits, "no kill fell into the middle of a rebuild: nothing was tried"

    rebuild(spot.place, names)
    assert dict.fromkeys(names, 1) == {name: len(models.generations(name)) for name in names}


def test_a_server_that_crashes_under_load_stops_neither_who_appends_nor_who_follows(database: DatabaseSpot) -> None:
    models = filled(database)
    built = position_of(models, "custody")
    with appending(database.place) as load, following(database.address) as follower:
        until(lambda: position_of(models, "custody") > built, follower)  # while it starts, an error rightly ends it
        for _ in range(3):
            before = load.acknowledged.value
            until(lambda: load.acknowledged.value > before + 20, load.process)  # noqa: B023 - asked at once
            database.server.restart()
            before = load.acknowledged.value
            until(lambda: load.acknowledged.value > before, load.process)  # noqa: B023 - same

            assert load.acknowledged.value > before
            assert follower.is_alive()
            load.assert_nothing_acknowledged_is_lost()
            load.assert_every_model_is_as_if_rebuilt()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_follows_ends_in_order_when_asked_to(spot: Spot, number: signal.Signals) -> None:
    filled(spot)
    process = started(command, "--ledger", address_of(spot), "projections", "follow")
    with closing(spot.ledger()) as ledger:
        upto = ledger.append(list(winter(2, 10)), now=system_clock())[-1].position
    models = services(spot.place).models()
    until(lambda: position_of(models, "custody") >= upto, process)
    os.kill(process.pid or 0, number)
    process.join(PATIENCE_SECONDS)

    assert 0 == process.exitcode
    process.close()
