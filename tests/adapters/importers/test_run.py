"""Running an import while somebody writes to the file: what is told, and that nothing ends in a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.importers.ice_detainers import IceDetainersImporter
from adapters.importers.run import Report, run_import
from adapters.store.ledger import Ledger, system_clock

from .proposals import context

HEADER = "Detainer Prepare Date,Detainer Facility,EID DTA ID\n"
ROWS = 20_000  # so that most of the file is read after the first row was imported


def table(path: Path) -> Path:
    path.write_text(HEADER + "".join(f"2026-02-11,NOBLES CO. JAIL,{n:06}\n" for n in range(ROWS)))
    return path


def imported(path: Path, change: Callable[[Path], None] | None) -> Report:
    """Import a table that somebody changes once its first row was read."""

    def progress(read: int) -> None:
        if read == 1 and change:
            change(path)

    ledger = Ledger.create(path.with_name("custody.db"))
    report = run_import(IceDetainersImporter(), [path], context(), ledger, system_clock, progress)
    assert report.stored == ledger.position()
    ledger.close()
    return report


def appended(path: Path) -> None:
    with path.open("a") as file:
        file.write("2026-02-11,NOBLES CO. JAIL,one-more\n")


def cut(path: Path) -> None:
    with path.open("r+") as file:
        file.truncate(path.stat().st_size // 2)


def in_another_encoding(path: Path) -> None:
    text = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(text.index(b"NOBLES", len(text) - 1_000))
        file.write(b"\xe9")


def test_a_file_that_nobody_touches_is_not_flagged(tmp_path: Path) -> None:
    report = imported(table(tmp_path / "detainers.csv"), None)

    assert (ROWS, ROWS, {}) == (report.read, report.stored, dict(report.flagged_codes))


@pytest.mark.parametrize("change", [appended, cut, in_another_encoding, Path.unlink])
def test_a_file_that_is_changed_while_it_is_read_is_flagged(tmp_path: Path, change: Callable[[Path], None]) -> None:
    report = imported(table(tmp_path / "detainers.csv"), change)

    assert {"file_changed": 1} == dict(report.flagged_codes)
    assert report.read == report.stored + report.refused_count


def test_a_row_that_is_no_text_any_more_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    report = imported(table(tmp_path / "detainers.csv"), in_another_encoding)

    assert {"wrong_encoding": 1} == dict(report.refused_codes)
    assert ROWS == report.read
