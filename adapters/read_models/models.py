"""The read models kept for a ledger, their generations, and which of these answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress

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
        model = None
        try:
            model = self.open(name, generation)
            standing = model.standing()
        except LedgerUnavailable as error:
            if model is not None:
                model.close()
            if error.code == "model_gone" and generation != self.live_generation(name):  # swapped at this moment
                return self.live(name, ledger)
            raise
        if standing.version == model.fold.version and standing.tip == ledger.root_at(standing.position):
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
    def locked(self, name: str) -> AbstractContextManager[None]:
        """Let nobody else build this model meanwhile; raise LedgerUnavailable(already_building)."""

    @contextmanager
    def rebuilding(self, names: Iterable[str]) -> Iterator[None]:
        """Let nobody else build any of these models meanwhile; raise LedgerUnavailable(already_building).

        If the block fails, what it built and did not swap in is removed at once, so that it takes no space.
        """
        chosen = sorted(names)
        with ExitStack() as locks:
            for name in chosen:
                locks.enter_context(self.locked(name))
            try:
                yield
            except BaseException:
                with suppress(LedgerUnavailable):  # then the next rebuild removes it
                    for name in chosen:
                        self._discard(name)
                raise

    @contextmanager
    def building(self, name: str) -> Iterator[tuple[int, Model]]:
        """Yield the number of a new generation, and its empty model; the caller holds the lock.

        What was built and never swapped in is removed first: whoever built it may have been killed.
        """
        number = max(self.generations(name), default=0) + 1  # never that of one whose builder may still be running
        self._discard(name)
        with closing(self._create(name, number)) as model:
            yield number, model

    def _discard(self, name: str) -> None:
        """Remove the generations that are newer than the one that answers."""
        live = self.live_generation(name) or 0
        for number in self.generations(name):
            if number > live:
                self._remove(name, number)

    @abstractmethod
    def _create(self, name: str, generation: int) -> Model:
        """Make the empty model of a new generation."""

    @abstractmethod
    def _remove(self, name: str, generation: int) -> None:
        """Remove a generation, or what there is of it."""

    @abstractmethod
    def swap(self, name: str) -> int | None:
        """Let the newest generation that is whole answer, and remove those before it; return its number.

        The caller holds the lock: of two at once, one could let answer what the other has just removed.
        """


def already_building(name: str, where: str) -> LedgerUnavailable:
    """Say that another process builds this model just now."""
    return LedgerUnavailable(
        "already_building", f"another process is building {name!r}", where=where, mend="wait for it, or stop it"
    )
