"""The read models kept beside a ledger: `custody.db.models/custody-3.db`, and which generation answers.

custody.db.models/
    custody.live        "3"       the generation that answers
    custody-3.db
    custody-4.db                  being built; a swap makes it the one that answers, and removes 3
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from adapters.read_models.sqlite_model import SqliteModel
from adapters.store.ledger import Ledger
from adapters.store.opening import explained
from domain.errors import InputRefused
from projections.folding.table import Fold


class Models:
    """The generations of every read model of one ledger."""

    def __init__(self, folder: Path, folds: Mapping[str, Fold]) -> None:
        self.folder, self.folds = folder, folds

    def fold(self, name: str) -> Fold:
        """Return a fold by name; raise InputRefused(unknown_read_model)."""
        if name not in self.folds:
            known = ", ".join(sorted(self.folds))
            raise InputRefused("unknown_read_model", f"there is no read model {name[:80]!r}", mend=f"one of: {known}")
        return self.folds[name]

    def generations(self, name: str) -> list[int]:
        """Return the numbers of the generations that are there, oldest first."""
        numbers = (path.stem.removeprefix(f"{name}-") for path in self.folder.glob(f"{name}-*.db"))
        return sorted(int(number) for number in numbers if number.isdigit())

    def live_generation(self, name: str) -> int | None:
        """Return the generation that answers, None if none was ever built whole."""
        try:
            number = int((self.folder / f"{name}.live").read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None
        return number if self._path(name, number).exists() else None

    def open(self, name: str, generation: int) -> SqliteModel:
        """Open one generation."""
        return SqliteModel(self._path(name, generation), self.fold(name))

    def live(self, name: str, ledger: Ledger) -> SqliteModel | None:
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

    def create(self, name: str) -> tuple[int, SqliteModel]:
        """Make an empty new generation, in the place of any that was begun and never finished."""
        with explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            live = self.live_generation(name)
            for number in self.generations(name):
                if live is None or number > live:
                    self._remove(name, number)
            number = (live or 0) + 1
            return number, SqliteModel.create(self._path(name, number), self.fold(name))

    def swap(self, name: str) -> int | None:
        """Let the newest generation that is whole answer, and remove those before it; return its number."""
        generations = self.generations(name)
        whole = [number for number in generations if self._is_ready(name, number)]
        if not whole:
            return None
        with explained(self.folder):
            pointer = self.folder / f".{name}.live"
            with pointer.open("w", encoding="ascii") as file:
                file.write(str(whole[-1]))
                file.flush()
                os.fsync(file.fileno())
            pointer.replace(self.folder / f"{name}.live")
            for number in generations:
                if number < whole[-1]:
                    self._remove(name, number)
        return whole[-1]

    def _is_ready(self, name: str, number: int) -> bool:
        model = self.open(name, number)
        is_ready = model.standing().is_ready
        model.close()
        return is_ready

    def _path(self, name: str, number: int) -> Path:
        return self.folder / f"{name}-{number}.db"

    def _remove(self, name: str, number: int) -> None:
        path = self._path(name, number)
        for suffix in ("", "-wal", "-shm"):
            path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
