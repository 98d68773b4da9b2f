"""The processes of a rebuild: what is left when one of them is killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from adapters.composition import services
from adapters.read_models.projector import OnError
from adapters.read_models.rebuilding import build_all
from adapters.store.ledger import Ledger, system_clock
from domain.errors import LedgerUnavailable
from tests.builders import submissions
from tests.scenarios.processes import started

NAMES = ("custody", "detainers")
PATIENCE_SECONDS = 120


def killed_at_work(share: Sequence[str]) -> dict[str, int]:
    """Stand in for a build that the system kills, for want of memory say."""
    os.kill(os.getpid(), signal.SIGKILL)
    return dict.fromkeys(share, 1)


def endless(share: Sequence[str]) -> dict[str, int]:
    """Stand in for a long build; say where it runs."""
    Path(f"{share[0]}.pid").write_text(str(os.getpid()), encoding="ascii")
    time.sleep(600)
    return dict.fromkeys(share, 1)


def rebuild(
    folder: Path, run: Callable[[Sequence[str]], dict[str, int]], progress: Callable[[int], None] = lambda done: None
) -> None:
    """Rebuild two models with one process beside this one, whatever processors there are."""
    here = services(folder / "custody.db")
    models = here.models()
    with closing(here.reading()) as ledger, models.rebuilding(NAMES), patch("os.cpu_count", return_value=2):
        build_all(models, ledger, NAMES, OnError.PARK, run, progress)


def rebuild_for_ever(folder: Path) -> None:
    os.chdir(folder)
    rebuild(folder, endless)


def test_a_rebuild_of_which_a_process_is_killed_says_so(tmp_path: Path) -> None:
    Ledger.create(tmp_path / "custody.db").close()

    with pytest.raises(LedgerUnavailable, match="ended from outside") as ended:
        rebuild(tmp_path, killed_at_work)

    assert "rebuild_ended" == ended.value.code


def test_the_processes_of_a_rebuild_end_with_the_one_that_began_it_however_that_ends(tmp_path: Path) -> None:
    Ledger.create(tmp_path / "custody.db").close()
    process = started(rebuild_for_ever, tmp_path)
    workers = begun_in(tmp_path)

    process.kill()
    process.join()
    process.close()

    assert workers
    assert all_end(workers)


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), LedgerUnavailable("disk_full", "no space left")])
def test_a_rebuild_that_fails_or_is_interrupted_ends_the_processes_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    with closing(Ledger.create(tmp_path / "custody.db")) as ledger:
        ledger.append(submissions(3), now=system_clock())
    monkeypatch.chdir(tmp_path)
    workers: list[int] = []

    def fail(done: int) -> None:
        workers.extend(begun_in(tmp_path))
        raise failure

    with pytest.raises(type(failure)):
        rebuild(tmp_path, endless, fail)

    assert workers
    assert all_end(workers)
    assert not list((tmp_path / "custody.db.models").glob("*.db"))


def begun_in(folder: Path) -> list[int]:
    """Wait until processes of a rebuild say where they run, and return that."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not (said := [path for path in folder.glob("*.pid") if path.read_text()]) and time.monotonic() < ends:
        time.sleep(0.05)
    return [int(path.read_text()) for path in said]


def all_end(pids: Sequence[int]) -> bool:
    """Wait until none of these processes runs, and say whether that is so."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while any(map(is_alive, pids)) and time.monotonic() < ends:
        time.sleep(0.05)
    return not any(map(is_alive, pids))


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that ended and that nobody has asked about yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
