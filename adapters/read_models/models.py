"""The read models kept for a ledger, their generations, and which of these answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager

from adapters.read_models.model import Model
from adapters.store.ledger import Ledger
from domain.errors import InputRefused, LedgerUnavailable
from projections.folding.table import Fold


class Models(ABC):
    """The generations of every read model of one ledger."""

    def __init__(self, folds: Mapping[str, Fold]) -> None:
        self.folds = folds

    def fold(self, name: str) -> Fold:
        """Return a fold by name; raise InputRefused(unknown_read_model)."""
        if name not in self.folds:
            known = ", ".join(sorted(self.folds))
            raise InputRefused("unknown_read_model", f"there is no read model {name[:80]!r}", mend=f"one of: {known}")
        return self.folds[name]

    def live(self, name: str, ledger: Ledger) -> Model | None:
        """Open the generation that answers, None if there is none that this program and this log can go on with."""
        generation = self.live_generation(name)
        if generation is None:
            return None
        model = self.open(name, generation)
        standing = model.standing()
        if standing.version == model.fold.version and standing.tip == ledger.leaf_at(standing.position):
            return model
        model.close()
        return None

    @abstractmethod
    def generations(self, name: str) -> list[int]:
        """Return the numbers of the generations that are there, oldest first."""

    @abstractmethod
    def live_generation(self, name: str) -> int | None:
        """Return the generation that answers, None if none was ever built whole."""

    @abstractmethod
    def open(self, name: str, generation: int) -> Model:
        """Open one generation."""

    @abstractmethod
    def building(self, name: str) -> AbstractContextManager[tuple[int, Model]]:
        """Yield the number of a new generation, and its empty model; nobody else builds this model meanwhile.

        What was begun and never finished is removed first. Raise LedgerUnavailable(already_building).
        """

    @abstractmethod
    def swap(self, name: str) -> int | None:
        """Let the newest generation that is whole answer, and remove those before it; return its number."""


def already_building(name: str, where: str) -> LedgerUnavailable:
    """Say that another process builds this model just now."""
    return LedgerUnavailable(
        "already_building", f"another process is building {name!r}", where=where, mend="wait for it, or stop it"
    )
