"""Carrying the log into read models: live from where one stands, or whole into a new one. The fold is the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum

from adapters.read_models.model import Model
from adapters.store.ledger import Ledger
from domain.errors import LedgerUnavailable
from projections.folding.folder import Changes, Folder

PAGE_LIVE = 2_000
PAGE_REBUILD = 20_000
ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.1
LASTING = ("no_permission", "read_only")  # no pause mends these

Progress = Callable[[int], None]


class OnError(StrEnum):
    """What to do with an event that a fold cannot take: set it aside and go on, or stop there."""

    PARK = "park"
    STOP = "stop"


class Projector:
    """Keeps one read model up with the log. What it has in memory serves the next page, so keep it while following."""

    def __init__(self, ledger: Ledger, model: Model, on_error: OnError = OnError.PARK) -> None:
        self._ledger, self._model, self._on_error = ledger, model, on_error
        self._folder, self._position = self._start()

    def _start(self) -> tuple[Folder, int]:
        model = self._model
        position = model.position
        folder = Folder(
            model.fold,
            self._ledger,
            model,
            next_ids=model.next_ids(),
            awaited=model.awaited(),
            complete=position == 0,
            stop_on_error=self._on_error is OnError.STOP,
        )
        return folder, position

    def catch_up(self, upto: int, progress: Progress = lambda _: None) -> None:
        """Fold what the log has up to a position; each page is stored whole or not at all."""
        while self._position < upto:
            after, ends = self._position, min(self._position + PAGE_LIVE, upto)
            self._fold(after, ends)
            if self._stored(self._folder.settle_stored(), after, ends):
                self._position = ends
            else:  # another process stored it first
                self._folder, self._position = self._start()
            progress(self._position)

    def build(self, upto: int, progress: Progress = lambda _: None) -> None:
        """Fold the whole log into an empty model and make it ready; rows are stored once nothing will close them."""
        while self._position < upto:
            after, ends = self._position, min(self._position + PAGE_REBUILD, upto)
            self._fold(after, ends)
            self._stored(self._folder.settle_closed(), after, ends)
            self._position = ends
            progress(ends)
        self._stored(self._folder.settle_rest(), upto, upto)
        self._model.finish()

    def _fold(self, after: int, ends: int) -> None:
        rows = self._ledger.raw_events(after=after, upto=ends, topics=self._folder.types)
        if rows:
            self._folder.fold(rows)

    def _stored(self, changes: Changes, after: int, ends: int) -> bool:
        """Store a page, again after a pause if the database is away or busy; False if another process was first."""
        tip = self._ledger.leaf_at(ends)
        for attempt in range(ATTEMPTS - 1):
            try:
                return self._model.write(changes, ends, tip, after=after)
            except LedgerUnavailable as error:
                if error.code in LASTING:
                    raise
                time.sleep(FIRST_PAUSE_SECONDS * 2**attempt)
        return self._model.write(changes, ends, tip, after=after)
