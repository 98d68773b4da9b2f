"""The read models kept beside a ledger's file, a file for each generation.

custody.db.models/
    custody.live        "3": the generation that answers
    custody-3.db
    custody-4.db        being built; a swap makes it the one that answers, and removes 3
    custody.lock        locked while one is being built
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from adapters.read_models.models import Models, already_building
from adapters.read_models.sqlite_model import SqliteModel
from adapters.store.opening import explained
from adapters.store.sqlite import remove_database
from domain.errors import LedgerUnavailable
from projections.folding.table import Fold

UNFINISHED = {"model_damaged"}  # who built it was killed before it held anything


class FileModels(Models):
    """The generations of every read model of one ledger, in a folder."""

    def __init__(self, folder: Path, folds: Mapping[str, Fold]) -> None:
        super().__init__(folds)
        self._folder = folder

    def generations(self, name: str) -> list[int]:
        """Return the numbers of the generations that are there, oldest first."""
        with explained(self._folder):
            numbers = (path.stem.removeprefix(f"{name}-") for path in self._folder.glob(f"{name}-*.db"))
            return sorted(int(number) for number in numbers if number.isdigit())

    def live_generation(self, name: str) -> int | None:
        """Return the generation that answers, None if none was ever built whole."""
        with explained(self._folder):
            try:
                number = int((self._folder / f"{name}.live").read_text(encoding="ascii"))
            except (FileNotFoundError, ValueError):
                return None
            return number if self._path(name, number).exists() else None

    def open(self, name: str, generation: int) -> SqliteModel:
        """Open one generation."""
        return SqliteModel(self._path(name, generation), self.fold(name))

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Let nobody else build this model meanwhile; a process that ends, however it ends, holds no lock."""
        with explained(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / f"{name}.lock").open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise already_building(name, str(self._folder)) from None
            yield

    def swap(self, name: str) -> int | None:
        """Let the newest generation that is whole answer, and remove those before it; return its number."""
        generations = self.generations(name)
        whole = [number for number in generations if self._is_ready(name, number)]
        if not whole:
            return None
        with explained(self._folder):
            pointer = self._folder / f".{name}.live"
            with pointer.open("w", encoding="ascii") as file:
                file.write(str(whole[-1]))
                file.flush()
                os.fsync(file.fileno())
            pointer.replace(self._folder / f"{name}.live")
            for number in generations:
                if number < whole[-1]:
                    self._remove(name, number)
        return whole[-1]

    def _is_ready(self, name: str, number: int) -> bool:
        try:
            with closing(self.open(name, number)) as model:
                return model.standing().is_ready
        except LedgerUnavailable as error:
            if error.code not in UNFINISHED:  # it is whole perhaps, and the disk does not let us see
                raise
            return False

    def _create(self, name: str, generation: int) -> SqliteModel:
        return SqliteModel.create(self._path(name, generation), self.fold(name))

    def _path(self, name: str, number: int) -> Path:
        return self._folder / f"{name}-{number}.db"

    def _remove(self, name: str, generation: int) -> None:
        with explained(self._folder):
            remove_database(self._path(name, generation))
