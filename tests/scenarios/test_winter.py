"""The winter of 2025-26 replayed: a table in the published shape is imported, and the counts are those published.

The rows are made here; the sums that they must come back to are ICE's: the published table by facility and lift reason.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.cli.main import status
from adapters.importers.tables import column_name
from adapters.simulator import places
from domain.events.detainer import LIFT_REASONS
from tests.spots import Spot

SURGE = Path(places.__file__).parent / places.LIFT_TABLE
CLAIMS = Path(places.__file__).parents[1] / "importers/data/claims.yaml"
FIRST, LAST = date(2025, 12, 1), date(2026, 3, 11)
BOOKED, DECLINED = "Booked into Detention", "Detainer Declined by LEA"
GONE = "No longer in State, Local, or Federal Custody"
OWN_COLUMN = (BOOKED, DECLINED, GONE)
OTHERS = [words for words, _ in LIFT_REASONS if words not in OWN_COLUMN]
COLUMNS = (
    "Detainer Prepare Date",
    "Facility State",
    "Detainer Facility",
    "Detainer Lift Reason",
    "Detainer Type",
    "EID DTA ID",
    "Anonymized Identifier",
)


@dataclass(frozen=True)
class Shape:
    """How a program writes the table."""

    column: Callable[[str], str] = str
    day: Callable[[date], str] = date.isoformat
    blanks: tuple[str, ...] = ("", "NA")
    delimiter: str = ","
    encoding: str = "utf-8"


SHAPES = {
    "raw columns": Shape(),
    "snake_case columns": Shape(column=column_name),
    "a spreadsheet's": Shape(
        column=lambda name: name.replace(" ", "").upper(),
        day=lambda day: f"{day.month}/{day.day}/{day.year}",
        blanks=("-", "(blank)", "N/A", " "),
        delimiter=";",
        encoding="utf-8-sig",
    ),
}
FORM = "I247A - Immigration Detainer - Notice of Action (as of May 2025)"
# What 5.3 of the published analysis has by kind: total, booked, declined, no longer in custody, blank, other.
BY_KIND = {
    "county_jail": (564, 119, 240, 46, 101, 58),
    "state_prison": (185, 3, 27, 5, 146, 4),
    "federal_prison": (79, 4, 21, 0, 50, 4),
    "federal_marshals": (33, 19, 2, 0, 12, 0),
    "city_lockup": (15, 6, 1, 6, 0, 2),
    "elsewhere": (6, 1, 1, 1, 1, 2),
}


def published() -> Counter[tuple[str, str | None]]:
    """How many detainers each facility has for each lift reason; None is blank, "other" every other one."""
    found: Counter[tuple[str, str | None]] = Counter()
    with SURGE.open(newline="") as file:
        for row in csv.DictReader(file):
            for name in (*OWN_COLUMN, "NA", "other"):
                if row[name] not in ("NA", "0"):
                    found[row["detention_facility"], None if name == "NA" else name] = int(row[name])
    return found


def table(path: Path, shape: Shape) -> Path:
    """Write such a table: every day of the winter, the first and the last among them, every lift reason."""
    days = cycle([FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)])
    others, blanks = cycle(OTHERS), cycle(shape.blanks)
    with path.open("w", newline="", encoding=shape.encoding) as file:
        writer = csv.writer(file, delimiter=shape.delimiter)
        writer.writerow([shape.column(name) for name in COLUMNS])
        for number, (facility, reason) in enumerate(published().elements()):
            words = next(blanks) if reason is None else next(others) if reason == "other" else reason
            row = [shape.day(next(days)), "MINNESOTA", facility, words, FORM, f"dta-{number}", f"person-{number}"]
            writer.writerow(row)
        for day in (FIRST - timedelta(days=1), LAST + timedelta(days=1)):
            writer.writerow([shape.day(day), "MINNESOTA", "NOBLES CO. JAIL", "", FORM, f"out-{day}", ""])
    return path


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_winter_comes_back_as_it_was_published(
    spot: Spot, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], shape: Shape
) -> None:
    spot.ledger().close()

    def custody(*arguments: str) -> Any:
        capfdbinary.readouterr()
        assert 0 == status(["--ledger", str(spot.place), *arguments, "--json"])
        return orjson.loads(capfdbinary.readouterr().out)

    def grouped(*by: str) -> Counter[tuple[str | None, ...]]:
        found: Counter[tuple[str | None, ...]] = Counter()
        for row in custody("counts", "--from", str(FIRST), "--until", str(LAST), "--by", ",".join(by)):
            if row["id"] == "N0":
                found[tuple(row["by"][name] for name in by)] += row["value"]
        return found

    report = custody("import", "ice-detainers", str(table(tmp_path / "detainers.csv", shape)))
    totals = {row["id"]: row["value"] for row in custody("counts", "--from", str(FIRST), "--until", str(LAST))}
    in_memory = grouped("custodian_kind", "lift_reason")
    by_facility = grouped("facility_as_printed", "lift_reason")
    custody("projections", "rebuild")

    assert (884, 0, 0) == (report["read"], report["refused_count"], report["flagged_count"])
    assert (882, 310, 310 - 50 - 12) == (totals["N0"], totals["N1"], totals["N2"])
    assert published() == _folded(by_facility)
    assert BY_KIND == _by_kind(_folded(in_memory))
    assert in_memory == grouped("custodian_kind", "lift_reason")  # from the kept models
    assert 882 == sum(grouped("month").values())
    assert 14 == len({reason for _, reason in in_memory if reason})

    custody("import", "claims", str(CLAIMS))
    differs = {row["claim"]: row["chosen"]["difference"] for row in custody("claims")}
    assert {0} == {differs[name] for name in ("foia-882-prepared", "foia-310-no-outcome", "foia-112-federal")}


def _folded(counted: Counter[tuple[str | None, ...]]) -> Counter[tuple[str | None, str | None]]:
    found: Counter[tuple[str | None, str | None]] = Counter()
    for (where, reason), value in counted.items():
        found[where, reason if reason is None or reason in OWN_COLUMN else "other"] += value
    return found


def _by_kind(counted: Counter[tuple[str | None, str | None]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, Counter[str | None]] = {kind: Counter() for kind in BY_KIND}
    for (kind, reason), value in counted.items():
        found[kind if kind in BY_KIND else "elsewhere"][reason] += value
    columns = (*OWN_COLUMN, None, "other")
    return {kind: (its.total(), *(its[reason] for reason in columns)) for kind, its in found.items()}
