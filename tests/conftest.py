"""Fixtures that tests of several folders share: PostgreSQL servers, started once a process when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.postgres import Server, running


@pytest.fixture(scope="session")
def server_of() -> Iterator[Callable[[str], Server]]:
    """Return the server of a kind, of `tests.postgres.kinds()`."""
    with ExitStack() as running_servers:
        yield cache(lambda kind: running_servers.enter_context(running(kind)))
