"""Every behaviour that is not about files is asked of a file and of every PostgreSQL at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.store.ledger import Ledger
from tests.adapters.store.spots import DatabaseSpot, FileSpot, Spot
from tests.postgres import Server, kinds


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


@pytest.fixture
def ledger(spot: Spot) -> Iterator[Ledger]:
    """A new ledger, open to write."""
    made = spot.ledger()
    yield made
    made.close()
