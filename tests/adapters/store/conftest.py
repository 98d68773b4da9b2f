"""Every behaviour that is not about files is asked of a file and of every PostgreSQL at hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.store.ledger import Ledger
from tests.spots import Spot


@pytest.fixture
def ledger(spot: Spot) -> Iterator[Ledger]:
    """A new ledger, open to write."""
    made = spot.ledger()
    yield made
    made.close()
