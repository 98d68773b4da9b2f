"""Tables on a terminal: wide enough, a table; too narrow for its numbers, a list for each row."""

from __future__ import annotations

import sys

import pytest

from adapters.cli.output import print_table

COLUMNS = ("model", "state", "generation", "position", "rows")
ROWS = [["custody", "answers", 3, 1_234_567, 89_991], ["handoffs", "absent", None, 0, 0]]


@pytest.mark.parametrize("width", [80, 48])
def test_a_table_that_fits_has_a_line_for_each_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    shown = printed(capsys, monkeypatch, width)

    assert 3 == len(shown)
    assert ["custody", "answers", "3", "1234567", "89991"] == shown[1].split()


def test_on_a_terminal_too_narrow_for_its_numbers_each_row_is_a_list(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = printed(capsys, monkeypatch, 30)

    assert "model       custody" == shown[0]
    assert "position    1234567" == shown[3]
    assert ["", "model       handoffs"] == shown[5:7]
    assert max(map(len, shown)) <= 30


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int) -> list[str]:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    print_table(COLUMNS, ROWS, empty="")
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]
