"""Carrying the log into read models: live from where one stands, or whole into a new one. The fold is the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from adapters.read_models.model import Model
from adapters.store.ledger import Ledger
from projections.folding.folder import Changes, Folder

PAGE_LIVE = 2_000
PAGE_REBUILD = 20_000

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
        model = self._model
        self.position = model.position
        self._folder = Folder(
            model.fold,
            self._ledger,
            model,
            next_ids=model.next_ids(),
            awaited=model.awaited(),
            complete=self.position == 0,
            stop_on_error=self._on_error is OnError.STOP,
        )
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
        self._fold(folder, after, ends)
        changes = folder.settle_stored()
        if not self._model.write(changes, ends, self._ledger.leaf_at(ends), after=after):
            self._start()  # another process stored it first
            return Page(0, 0, time.monotonic() - began)
        self._folder, self.position = folder, ends
        return Page(ends - after, _rows(changes), time.monotonic() - began)

    def build(self, upto: int, progress: Progress = lambda _: None) -> None:
        """Fold the whole log into an empty model and make it ready; rows are stored once nothing will close them."""
        folder = self._folder or self._start()
        while self.position < upto:
            after, ends = self.position, min(self.position + PAGE_REBUILD, upto)
            self._fold(folder, after, ends)
            self._model.write(folder.settle_closed(), ends, self._ledger.leaf_at(ends), after=after)
            self.position = ends
            progress(ends)
        self._model.write(folder.settle_rest(), upto, self._ledger.leaf_at(upto), after=upto)
        self._model.finish()

    def _fold(self, folder: Folder, after: int, ends: int) -> None:
        rows = self._ledger.raw_events(after=after, upto=ends, topics=folder.types)
        if rows:
            folder.fold(rows)


def _rows(changes: Changes) -> int:
    return sum(map(len, changes.inserted.values())) + sum(map(len, changes.closed.values()))
