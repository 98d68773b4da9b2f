"""The header of a table: found under preambles, its names in one spelling, its required columns checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adapters.importers.port import Refusal
from domain.errors import InputRefused

HEADER_ROWS_MAX = 20
FOUND_SHOWN_MAX = 400

Known = Mapping[str, Sequence[str]]  # a column as its reader names it -> the other names it is published under
NO_OTHERS: Known = {}

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
NO_WORD = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One data row, counted from 1: its cells by column name, as printed, or what is wrong with it."""

    number: int
    cells: dict[str, str] = field(default_factory=dict)
    problem: Refusal | None = None


def column_name(printed: str) -> str:
    """Return the snake_case name of a printed column: `Detainer Prepare Date` -> `detainer_prepare_date`."""
    return NO_WORD.sub("_", CAMEL.sub("_", printed)).strip("_").lower()


def broken_row(number: int, code: str, reason: str, where: str = "row") -> TableRow:
    """Return a row that carries only its refusal."""
    return TableRow(number, {}, Refusal(number, where, code, reason))


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name))


class HeaderSearch:
    """Looks for the first row that holds all required columns, and remembers the nearest miss.

    Required and known columns are found by letters and digits alone: `EIDDTAID` is `eid_dta_id`.
    """

    def __init__(self, path: Path, required: Sequence[str], known: Known) -> None:
        self._path = path
        self._required = [column_name(name) for name in required]
        known = {**dict.fromkeys(self._required, ()), **known}
        self._meant = {_letters(one): name for name, others in known.items() for one in (name, *others)}
        self._nearest: tuple[int, int, list[str]] = (-1, -1, [])

    def match(self, printed: Sequence[str]) -> tuple[str, ...] | None:
        """Return the column names if this row is the header; raise InputRefused(repeated_column)."""
        names = self._named([column_name(cell) for cell in printed])
        hits = sum(name in names for name in self._required)
        if hits < len(self._required):
            width = sum(map(bool, names))
            self._nearest = max(self._nearest, (hits, width, names), key=lambda seen: seen[:2])
            return None
        self._check_unique(names)
        return tuple(name or f"column_{index}" for index, name in enumerate(names, 1))

    def _named(self, names: list[str]) -> list[str]:
        """Name each column as its reader does; one that bears that very name goes before those spelled otherwise."""
        taken = set(names)
        for index, name in enumerate(names):
            meant = self._meant.get(_letters(name), name)
            if meant not in taken:
                taken.add(meant)
                names[index] = meant
        return names

    def _check_unique(self, names: list[str]) -> None:
        repeated = sorted({name for name in names if name and names.count(name) > 1})
        if repeated:
            raise InputRefused(
                "repeated_column",
                f"the header names a column twice: {', '.join(repeated)[:FOUND_SHOWN_MAX]}",
                where=str(self._path),
                mend="rename or remove one of them; which of the two is meant cannot be guessed",
            )

    def not_found(self) -> InputRefused:
        """Build the error that names the columns missing and those of the nearest row."""
        names = self._nearest[2]
        missing = [name for name in self._required if name not in names]
        found = ", ".join(name for name in names if name)[:FOUND_SHOWN_MAX] or "none"
        what = f"no header with {', '.join(missing)} in the first {HEADER_ROWS_MAX} rows"
        return InputRefused(
            "missing_column",
            f"{what}; the nearest row has: {found}",
            where=str(self._path),
            mend="check that this is the right file for this importer, and that its header row was exported",
        )
