"""Read models kept for tests: built under their locks, and let answer."""

from __future__ import annotations

from adapters.read_models.models import Models
from adapters.read_models.projector import OnError
from adapters.read_models.rebuilding import build
from adapters.store.ledger import Ledger


def keep(models: Models, ledger: Ledger, *names: str) -> None:
    """Build these models, or all, and let them answer."""
    for name in names or models.folds:
        with models.rebuilding([name]):
            build(models, ledger, name, OnError.PARK)
            models.swap(name)
