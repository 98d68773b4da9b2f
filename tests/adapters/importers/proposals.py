"""What the tests of importers share: a context, and proposals that have passed the gate."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from adapters.importers.port import ImportContext, Importer, RowOutcome
from adapters.places.register import minnesota_register
from domain.envelope import Envelope, admit

SAMPLES = Path(str(files("adapters.importers").joinpath("samples")))


def context(facility: str | None = None, agency: str | None = None, mapping: Path | None = None) -> ImportContext:
    return ImportContext(minnesota_register(), lambda _: iter(()), facility, agency, mapping)


@dataclass
class Proposals:
    """All outcomes of one file; every body has passed the gate."""

    outcomes: list[RowOutcome]
    events: list[Envelope[Any]]

    @property
    def bodies(self) -> list[bytes]:
        return [body for outcome in self.outcomes for body in outcome.bodies]

    @property
    def flags(self) -> list[tuple[int, str]]:
        return [(flag.row, flag.code) for outcome in self.outcomes for flag in outcome.flags]

    @property
    def refusals(self) -> list[tuple[int, str, str]]:
        return [(one.row, one.field, one.code) for outcome in self.outcomes for one in outcome.refusals]

    def of(self, type_name: str) -> list[Envelope[Any]]:
        return [event for event in self.events if event.type == type_name]


def proposed(importer: Importer, path: Path, where: ImportContext | None = None) -> Proposals:
    outcomes = list(importer.propose(path, where or context()))
    return Proposals(outcomes, [admit(body).envelope for outcome in outcomes for body in outcome.bodies])


def csv_file(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> Path:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(stream.getvalue().encode())
    return path
