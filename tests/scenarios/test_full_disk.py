"""A disk that fills under read models: the old ones go on answering, and once there is space all is made up for.

The folder of the read models is a small file system of its own where one can be mounted; elsewhere a limit on the size
of a file stands in for the end of the disk, and the write fails in the same place.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from adapters.composition import services
from adapters.read_models.answers import in_memory
from adapters.store.ledger import Ledger, system_clock
from tests.scenarios.processes import winter

ROOMY_BYTES = 64 << 20
SPARE_BYTES = 64 << 10
LIMITED = (
    "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}));"
    "from adapters.cli.main import status; sys.exit(status(sys.argv[1:]))"
)


class MountedDisk:
    """A file system in memory, of any size."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def mount(self) -> bool:
        """Mount it, if this user may."""
        self._folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={ROOMY_BYTES}", "none", self._folder]
        return subprocess.run(command, capture_output=True).returncode == 0

    def fill(self) -> None:
        self._resize(self.used() + SPARE_BYTES)

    def grow(self) -> None:
        self._resize(ROOMY_BYTES)

    def _resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", self._folder], check=True)

    def used(self) -> int:
        return sum(path.stat().st_blocks * 512 for path in self._folder.iterdir())

    def custody(self, ledger: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _run([sys.executable, "-m", "adapters.cli", "--ledger", str(ledger), *arguments])

    def unmount(self) -> None:
        subprocess.run(["umount", self._folder], check=True)


class LimitedFiles(MountedDisk):
    """A limit on how long a file may become."""

    _limit = ROOMY_BYTES

    def _resize(self, size: int) -> None:
        self._limit = size if size == ROOMY_BYTES else SPARE_BYTES

    def custody(self, ledger: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _run([sys.executable, "-c", LIMITED.format(self._limit), "--ledger", str(ledger), *arguments])

    def unmount(self) -> None:
        pass


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(params=[MountedDisk, LimitedFiles])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MountedDisk]:
    """A small disk; a limit on files is also tried where a disk can be mounted, so that it works elsewhere."""
    folder = tmp_path / "custody.db.models"
    chosen = request.param(folder)
    if request.param is MountedDisk and not chosen.mount():
        chosen = LimitedFiles(folder)
    elif request.param is LimitedFiles:
        folder.mkdir()
    yield chosen
    chosen.unmount()


def assert_full(done: subprocess.CompletedProcess[str]) -> None:
    assert 4 == done.returncode, done.stderr
    assert "Traceback" not in done.stderr
    assert any(f"[{code}]" in done.stderr for code in ("disk_full", "disk_error")), done.stderr
    assert "to mend it: " in done.stderr


def test_a_disk_that_fills_under_a_rebuild_or_a_live_fold_stops_no_answer_and_loses_nothing(
    tmp_path: Path, disk: MountedDisk
) -> None:
    path = tmp_path / "custody.db"
    ledger = Ledger.create(path)
    ledger.append(list(winter(1)), now=system_clock())
    disk.custody(path, "projections", "rebuild").check_returncode()
    state = ["state", "mn-hennepin-jail", "--at", "2026-01-20", "--json"]
    before = disk.custody(path, *state)
    used = disk.used()

    disk.fill()
    assert_full(disk.custody(path, "projections", "rebuild"))
    assert disk.used() <= used + SPARE_BYTES
    assert before.stdout == disk.custody(path, *state).stdout

    ledger.append(list(winter(2)), now=system_clock())
    assert_full(disk.custody(path, "projections", "follow", "--once"))
    with_more = disk.custody(path, *state)
    assert (0, 4_000) == (with_more.returncode, orjson.loads(with_more.stdout)["known"])

    disk.grow()
    disk.custody(path, "projections", "follow", "--once").check_returncode()
    assert with_more.stdout == disk.custody(path, *state).stdout
    assert_as_if_rebuilt(path, ledger)
    disk.custody(path, "projections", "rebuild").check_returncode()
    assert_as_if_rebuilt(path, ledger)
    ledger.close()


def assert_as_if_rebuilt(path: Path, ledger: Ledger) -> None:
    models = services(path).models()
    for name in models.folds:
        live = models.live(name, ledger)
        assert live is not None
        with closing(live), closing(in_memory(models, ledger, name, ledger.position())) as anew:
            assert (ledger.position(), anew.digest()) == (live.position, live.digest())
