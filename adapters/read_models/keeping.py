"""Where the read models of a ledger are kept: beside its file, or in its database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adapters.read_models.file_models import FileModels
from adapters.read_models.models import Models
from adapters.store.place import Place
from projections.folding.table import Fold


def models_of(place: Place, folds: Mapping[str, Fold]) -> Models:
    """Return the read models of a ledger; a library is loaded when it is needed."""
    if isinstance(place, Path):
        return FileModels(place.with_name(f"{place.name}.models"), folds)
    from adapters.read_models.postgres_models import PostgresModels

    return PostgresModels(place, folds)
