"""Places for ledgers: a file, and a database on every PostgreSQL at hand, each started when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import Server, kinds, running
from tests.spots import DatabaseSpot, FileSpot, Spot

settings.register_profile("unhurried", deadline=None)  # no test asserts how long something takes
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """The address of one real broker of Kafka, started when first asked for."""
    from tests.kafka_brokers import one_broker  # most tests need no client of Kafka

    with one_broker() as address:
        yield address


@pytest.fixture(scope="session")
def server_of() -> Iterator[Callable[[str], Server]]:
    """Return the server of a kind, of `tests.postgres.kinds()`."""
    with ExitStack() as running_servers:
        yield cache(lambda kind: running_servers.enter_context(running(kind)))


@pytest.fixture(params=kinds())
def database(request: pytest.FixtureRequest, server_of: Callable[[str], Server]) -> Iterator[DatabaseSpot]:
    """An empty database, on each server in turn."""
    server = server_of(request.param)
    with server.database() as address:
        yield DatabaseSpot(server, address)


@pytest.fixture(params=["file", *kinds()])
def spot(request: pytest.FixtureRequest, tmp_path: Path, server_of: Callable[[str], Server]) -> Iterator[Spot]:
    """A place for a ledger, of each kind in turn."""
    if request.param == "file":
        yield FileSpot(tmp_path / "custody.db")
        return
    server = server_of(request.param)
    with server.database() as address:
        yield DatabaseSpot(server, address)
