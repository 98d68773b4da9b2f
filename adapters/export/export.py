"""`custody export`: the tables as known at a position, and a manifest that says what they are.

    {"format":"custody export 1","files_are":"parquet","position":350,"root":"a74a72bf…","rows":"history",
     "models":[{"model":"custody","version":"1.5d41402abc4b","digest":"9f86d081…","parked":[]},...],
     "tables":[{"table":"holds","about":"holds by their own times; …","rows":12,
                "columns":{"episode":"string","valid_from":"timestamp[us, tz=UTC]",...}},...],
     "files":[{"path":"holds/part-00001.parquet","table":"holds","rows":12,"bytes":4102,"sha256":"e3b0c442…"},...]}

`rows` is "history" (every row ever known by the position) or "as_known" (only those known at it). `root` is what
`verify` prints for so many events, `digest` what `projections status --digest` does. Nothing in it tells when, where or
by whom it was made: the same log and position, exported by the same version, give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from adapters.export.events import EVENTS, events_source
from adapters.export.files import Format, HashedFile, Written, write_source
from adapters.export.folder import FORMAT, MANIFEST, written_aside
from adapters.export.sources import Reference, Source, model_source, reference_source
from adapters.read_models.answers import in_file, kept
from adapters.read_models.model import Model
from adapters.read_models.models import Models
from adapters.store.ledger import Ledger
from adapters.store.sqlite import remove_database
from domain.errors import InputRefused

Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]  # what is being done, out of how many
FOLDING = ".folding.db"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export: which tables (all, if none is named), as known at a position, with history or without."""

    names: Sequence[str]
    upto: int
    is_history: bool
    form: Format


class Export:
    """The tables of one ledger, ready to be written."""

    def __init__(self, ledger: Ledger, models: Models, references: Mapping[str, Reference], wanted: Wanted) -> None:
        self._ledger, self._models, self._references, self._wanted = ledger, models, references, wanted
        self._described: list[dict[str, Any]] = []
        self._names = self._chosen()

    def write(self, folder: Path, bar: Bar, *, replace: bool) -> dict[str, Any]:
        """Write everything into a new folder, and return the manifest; raise as `written_aside` does."""
        files: list[Written] = []
        tables: list[dict[str, Any]] = []
        with written_aside(folder, replace=replace) as aside:
            with closing(self._sources(aside, bar)) as sources:
                for source in sources:
                    with bar(f"exporting {source.name}", source.total) as progress:
                        its = list(write_source(aside, source, self._wanted.form, progress))
                    files += its
                    tables.append(_table(source, its))
            manifest = self._manifest(tables, files)
            with HashedFile(aside / MANIFEST) as file:
                file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        return manifest

    def _chosen(self) -> set[str]:
        """Return the names of the tables to write; raise InputRefused(unknown_table)."""
        of_models = [table.name for fold in self._models.folds.values() for table in fold.tables]
        every = [EVENTS, *of_models, *self._references]
        for name in self._wanted.names:
            if name not in every:
                known = ", ".join(every)
                raise InputRefused("unknown_table", f"there is no table {name[:80]!r}", mend=f"one of: {known}")
        return set(self._wanted.names or every)

    def _sources(self, aside: Path, bar: Bar) -> Generator[Source, None, None]:
        if EVENTS in self._names:
            yield events_source(self._ledger, self._wanted.upto)
        for name, reference in self._references.items():
            if name in self._names:
                yield reference_source(reference)
        for name, fold in self._models.folds.items():
            tables = [table for table in fold.tables if table.name in self._names]
            if tables:
                with self._answering(name, aside / FOLDING, bar) as model:
                    for table in tables:
                        yield model_source(model, table, self._wanted.upto, is_history=self._wanted.is_history)
                    self._described.append(self._model(model))

    @contextmanager
    def _answering(self, name: str, path: Path, bar: Bar) -> Iterator[Model]:
        """Yield a model that stands at the position or further on: the one that is kept, else one folded for this."""
        model: Model | None = kept(self._models, self._ledger, name, self._wanted.upto)
        if model is None:
            with bar(f"folding {name}", self._wanted.upto) as progress:
                model = in_file(self._models, self._ledger, name, self._wanted.upto, path, progress)
        try:
            yield model
        finally:
            model.close()
            remove_database(path)

    def _manifest(self, tables: list[dict[str, Any]], files: list[Written]) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "files_are": str(self._wanted.form),
            "position": self._wanted.upto,
            "root": self._ledger.root_at(self._wanted.upto),
            "rows": "history" if self._wanted.is_history else "as_known",
            "models": self._described,
            "tables": tables,
            "files": [file._asdict() for file in files],
        }

    def _model(self, model: Model) -> dict[str, Any]:
        upto = self._wanted.upto
        return {
            "model": model.fold.name,
            "version": model.fold.version,
            "digest": model.digest(upto),
            "parked": [{"position": at, "what": what} for at, what in model.parked() if at <= upto],
        }


def _table(source: Source, files: Sequence[Written]) -> dict[str, Any]:
    columns = {field.name: str(field.type) for field in source.schema}
    return {"table": source.name, "about": source.about, "rows": sum(file.rows for file in files), "columns": columns}
