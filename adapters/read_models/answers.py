"""Which rows answer a question: those of the model that is kept, brought up to the log first; else folded in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.read_models.model import Model
from adapters.read_models.models import Models
from adapters.read_models.projector import Progress, Projector, build_together
from adapters.read_models.sqlite_model import MEMORY, SqliteModel
from adapters.store.ledger import Ledger
from domain.errors import LedgerUnavailable


@contextmanager
def answering(
    models: Models, ledger: Ledger, name: str, upto: int, progress: Progress = lambda _: None
) -> Iterator[Model]:
    """Yield a model that stands at the position, or further on: its rows know what was known then."""
    model = kept(models, ledger, name, upto) or in_memory(models, ledger, name, upto, progress)
    try:
        yield model
    finally:
        model.close()


def kept(models: Models, ledger: Ledger, name: str, upto: int) -> Model | None:
    """Return the model that is kept, caught up with a position; None if there is none, or it cannot be written."""
    model = None
    try:
        model = models.live(name, ledger)
        if model is not None and model.position < upto:
            Projector(ledger, model).catch_up(upto)
    except LedgerUnavailable:  # on read-only media, or a full disk: the log still has everything
        if model is not None:
            model.close()
        return None
    return model


def in_memory(models: Models, ledger: Ledger, name: str, upto: int, progress: Progress = lambda _: None) -> SqliteModel:
    """Fold a model in memory, and keep nothing."""
    return in_file(models, ledger, name, upto, MEMORY, progress)


def in_file(
    models: Models, ledger: Ledger, name: str, upto: int, path: Path, progress: Progress = lambda _: None
) -> SqliteModel:
    """Fold a model into a new file, which the caller removes: one of many millions of rows need not fit in memory."""
    model = SqliteModel.create(path, models.fold(name))
    build_together(ledger, [model], upto, progress=progress)
    return model
