"""The folder of an export is there whole or not at all, and nothing of anybody else's is ever touched."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.export.folder import explained
from domain.errors import LedgerUnavailable
from tests.builders import booked

KILLED = """
import os, signal, sys
from contextlib import contextmanager
from adapters.cli import export
from adapters.cli.main import status

@contextmanager
def bar(what, total):
    if what == "exporting notices":
        os.kill(os.getpid(), signal.SIGKILL)
    yield lambda done: None

export.progress_bar = bar
status(sys.argv[1:])
"""


@pytest.fixture
def ledger(custody, tmp_path: Path, path: Path) -> Path:
    lines = b"".join(booked(number) + b"\n" for number in range(1, 600))
    (tmp_path / "events.jsonl").write_bytes(lines)
    assert 0 == custody("import", "events", tmp_path / "events.jsonl").status
    return path


def test_an_export_prints_what_it_wrote_and_leaves_nothing_beside_it(custody, ledger, tmp_path) -> None:
    ran = custody("export", tmp_path / "out", "--json")

    assert (0, 599, "history") == (ran.status, ran.json["position"], ran.json["rows"])
    keys = {"folder", "format", "files_are", "position", "root", "rows", "models", "tables", "files"}
    assert keys == set(ran.json)
    assert custody("verify", "--json").json["root"] == ran.json["root"]
    assert {"out", "custody.db", "events.jsonl"} >= {one.name for one in tmp_path.iterdir() if "-" not in one.name}
    assert "as known at position 599" in custody("export", tmp_path / "again", "--format", "csv").out


def test_only_the_tables_that_are_named_are_written(custody, ledger, tmp_path) -> None:
    ran = custody("export", tmp_path / "out", "--only", "holds", "--only", "facilities", "--known", "3", "--json")

    assert (3, ["facilities", "holds"]) == (ran.json["position"], [one["table"] for one in ran.json["tables"]])
    assert {"facilities", "holds", "manifest.json"} == {one.name for one in (tmp_path / "out").iterdir()}


def test_an_export_that_is_there_is_replaced_only_if_asked_for(custody, ledger, tmp_path) -> None:
    first = custody("export", tmp_path / "out", "--known", "5", "--json")
    refused = custody("export", tmp_path / "out", "--json")
    replaced = custody("export", tmp_path / "out", "--replace", "--json")

    assert (2, "folder_exists") == (refused.status, refused.json["error"]["code"])
    assert (0, 5, 599) == (replaced.status, first.json["position"], replaced.json["position"])
    assert [] == [one.name for one in tmp_path.iterdir() if one.name.startswith(".")]


@pytest.mark.parametrize("stray", ["notes.txt", "events/notes.txt"])
def test_a_folder_with_anything_that_no_export_wrote_is_left_as_it_is(custody, ledger, tmp_path, stray) -> None:
    custody("export", tmp_path / "out")
    (tmp_path / "out" / stray).write_text("mine")

    refused = custody("export", tmp_path / "out", "--replace", "--json")

    assert (2, "not_an_export") == (refused.status, refused.json["error"]["code"])
    assert stray in refused.err
    assert "mine" == (tmp_path / "out" / stray).read_text()


def test_another_folder_or_a_file_is_left_as_it_is_and_an_empty_folder_is_used(custody, ledger, tmp_path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "manifest.json").write_text('{"format": "something else"}')
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()

    refused = [custody("export", tmp_path / name, "--replace", "--json") for name in ("full", "file")]

    assert ["not_an_export", "not_an_export"] == [ran.json["error"]["code"] for ran in refused]
    assert "mine" == (tmp_path / "file").read_text()
    assert 0 == custody("export", tmp_path / "empty", "--only", "holds").status


@pytest.mark.parametrize("folder", ["nowhere/out", "custody.db/out"])
def test_a_folder_in_no_folder_gives_four_and_says_so(custody, ledger, tmp_path, folder) -> None:
    ran = custody("export", tmp_path / folder, "--json")

    assert (4, "no_such_folder") == (ran.status, ran.json["error"]["code"])


def test_an_export_killed_on_the_way_leaves_no_folder_and_the_next_run_finishes_it(custody, ledger, tmp_path) -> None:
    whole = custody("export", tmp_path / "whole", "--json").json["files"]
    command = [sys.executable, "-c", KILLED, "--ledger", ledger, "export", tmp_path / "out"]

    assert -signal.SIGKILL == subprocess.run(command).returncode
    assert not (tmp_path / "out").exists()
    assert (tmp_path / ".out.exporting" / "events" / "part-00001.parquet").exists()
    assert whole == custody("export", tmp_path / "out", "--json").json["files"]
    assert not (tmp_path / ".out.exporting").exists()


def test_two_exports_into_one_folder_at_once_do_not_meet(custody, ledger, tmp_path) -> None:
    (tmp_path / ".out.exporting").mkdir()
    held = os.open(tmp_path / ".out.exporting", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)

    ran = custody("export", tmp_path / "out", "--json")
    os.close(held)

    assert (4, "already_exporting") == (ran.status, ran.json["error"]["code"])
    assert 0 == custody("export", tmp_path / "out").status


def test_a_disk_that_takes_no_more_is_said_and_nothing_is_left(ledger, tmp_path) -> None:
    command = [sys.executable, "-m", "adapters.cli", "--ledger", ledger, "export", tmp_path / "out", "--only", "events"]
    limited = ["bash", "-c", 'ulimit -f 40; exec "$@"', "-", *map(str, command)]

    ran = subprocess.run(limited, capture_output=True, text=True)

    assert 4 == ran.returncode
    assert "[disk_full]" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert [] == [one.name for one in tmp_path.iterdir() if "out" in one.name]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EROFS, "read_only"),
        (errno.EACCES, "no_permission"),
        (errno.ENOTDIR, "no_such_folder"),
        (errno.EIO, "export_failed"),
    ],
)
def test_every_error_of_the_system_has_a_code_of_its_own(number, code, tmp_path) -> None:
    with pytest.raises(LedgerUnavailable) as error, explained(tmp_path):
        raise OSError(number, os.strerror(number))

    assert (code, str(tmp_path)) == (error.value.code, error.value.where)
