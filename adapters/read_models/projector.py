"""Carrying the log into read models: live from where one stands, or whole into a new one. The fold is the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from adapters.read_models.let_go import LetGo
from adapters.read_models.model import Model
from adapters.store.ledger import Ledger
from projections.folding.folder import KEYS_KEPT, Changes, Folder
from projections.folding.pages import Pages, Step

PAGE_LIVE = 2_000
PAGE_REBUILD = 10_000
KEYS_IN_MEMORY = 120_000  # of all models that are built in one process

NO_ROOT = ""  # of no log: nobody goes on with a model that is built in part

Progress = Callable[[int], None]


class OnError(StrEnum):
    """What to do with an event that a fold cannot take: set it aside and go on, or stop there."""

    PARK = "park"
    STOP = "stop"


class Page(NamedTuple):
    """What folding a page of the log did: events of the log passed, rows written, and how long it took."""

    events: int
    rows: int
    seconds: float


class Projector:
    """Keeps one read model up with the log. What it has in memory serves the next page, so keep it while following."""

    def __init__(self, ledger: Ledger, model: Model, on_error: OnError = OnError.PARK) -> None:
        self._ledger, self._model, self._on_error = ledger, model, on_error
        self._folder: Folder | None = None
        self.position = 0
        self._start()

    def _start(self) -> Folder:
        self.position = self._model.position
        self._pages = Pages([self._model.fold], self._ledger, self._model.awaited())
        self._folder = _folder(self._pages, self._model, self._on_error)
        return self._folder

    def catch_up(self, upto: int) -> None:
        """Fold what the log has up to a position; each page is stored whole or not at all."""
        while self.position < upto:
            self.page(upto)

    def page(self, upto: int) -> Page:
        """Fold and store the next page. If that fails, the next call goes on from what the model then has."""
        began = time.monotonic()
        folder = self._folder or self._start()
        after, ends = self.position, min(self.position + PAGE_LIVE, upto)
        self._folder = None  # until the page is stored
        [steps] = _read(self._ledger, self._pages, after, ends)
        folder.fold(steps)
        changes = folder.settle_stored()
        if not self._model.write(changes, ends, self._ledger.root_at(ends), after=after):
            self._start()  # another process stored it first
            return Page(0, 0, time.monotonic() - began)
        self._folder, self.position = folder, ends
        return Page(ends - after, _rows(changes), time.monotonic() - began)


def build_together(
    ledger: Ledger,
    models: Sequence[Model],
    upto: int,
    on_error: OnError = OnError.PARK,
    progress: Progress = lambda _: None,
) -> None:
    """Fold the whole log into empty models, and make them ready.

    Each event is read once for all of them; few rows are stored before it is known what closes them.
    """
    pages = Pages([model.fold for model in models], ledger)
    kept = KEYS_IN_MEMORY // len(models)
    folders = [_folder(pages, model, on_error, LetGo(model), kept) for model in models]
    for after in range(0, upto, PAGE_REBUILD):
        ends = min(after + PAGE_REBUILD, upto)
        for model, folder, steps in zip(models, folders, _read(ledger, pages, after, ends), strict=True):
            folder.fold(steps)
            model.write(folder.settle_closed(), ends, NO_ROOT, after=after)
        progress(ends)
    root = ledger.root_at(upto)
    for model, folder in zip(models, folders, strict=True):
        for changes in folder.settle_rest():
            model.write(changes, upto, root, after=upto)
        model.finish()


def _folder(
    pages: Pages,
    model: Model,
    on_error: OnError,
    let_go: LetGo | None = None,
    keys_kept: int = KEYS_KEPT,
) -> Folder:
    stop, next_ids = on_error is OnError.STOP, model.next_ids()
    return Folder(
        model.fold,
        pages.history,
        model,
        next_ids=next_ids,
        let_go=let_go,
        keys_kept=keys_kept,
        stop_on_error=stop,
    )


def _read(ledger: Ledger, pages: Pages, after: int, ends: int) -> list[list[Step]]:
    return pages.steps(ledger.raw_events(after=after, upto=ends, topics=pages.types))


def _rows(changes: Changes) -> int:
    return sum(map(len, changes.inserted.values())) + sum(map(len, changes.closed.values()))
