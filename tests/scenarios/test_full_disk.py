"""A disk that fills under read models or a server: what answered answers, and given space all is made up for.

The folder of the read models is a small file system of its own where one can be mounted; elsewhere a limit on the size
of a file stands in for the end of the disk, and the write fails in the same place.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson
import psycopg
import pytest

from adapters.cli.main import status
from adapters.composition import services
from adapters.read_models.answers import in_memory
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import Place, ledger_place
from adapters.store.recording import Receipt
from adapters.store.verification import verify
from domain.envelope import Submission
from domain.errors import LedgerUnavailable
from tests.postgres import Server, running_in, server_folder
from tests.scenarios.processes import winter
from tests.scenarios.small_disks import ROOMY_BYTES, SPARE_BYTES, SmallDisk
from tests.serving import PATIENCE_SECONDS

SERVER_BYTES = 256 << 20
LIMITED = (
    "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}));"
    "from adapters.cli.main import status; sys.exit(status(sys.argv[1:]))"
)


class MountedDisk(SmallDisk):
    """A disk under the read models."""

    def custody(self, ledger: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _run([sys.executable, "-m", "adapters.cli", "--ledger", str(ledger), *arguments])


class LimitedFiles(MountedDisk):
    """A limit on how long a file may become."""

    _limit = ROOMY_BYTES

    def used(self) -> int:
        return sum(path.stat().st_blocks * 512 for path in self.folder.iterdir())

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


def assert_as_if_rebuilt(path: Place, ledger: Ledger, *names: str) -> None:
    models = services(path).models()
    for name in names or models.folds:
        live = models.live(name, ledger)
        assert live is not None
        with closing(live), closing(in_memory(models, ledger, name, ledger.position())) as anew:
            assert (ledger.position(), anew.digest()) == (live.position, live.digest())


@dataclass
class SmallServer:
    """A PostgreSQL server with its data on a small disk, and what a command may say when that is full."""

    server: Server
    disk: SmallDisk
    codes: set[str]

    def grow(self) -> None:
        """Give the disk room, and start the server again if it has ended, or will for want of room a moment ago."""
        self.disk.grow()
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            assert time.monotonic() < until, "the server does not come back"
            if self.server.process is not None and self.server.process.poll() is not None:
                self.server.start()
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.server.address).close()
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture(params=["data", "data and log"])
def small(request: pytest.FixtureRequest) -> Iterator[SmallServer]:
    """A server on a small disk: to mount one needs root's rights, or sudo without a password."""
    with server_folder() as folder:
        disk = SmallDisk(folder / "data", SERVER_BYTES)
        assert disk.mount(), "no small disk can be mounted: run this as root, or let this user run `sudo -n mount`"
        try:
            apart = [f"--waldir={folder / 'writes'}"] if request.param == "data" else []
            ending = set() if apart else {"connection_lost", "cannot_connect", "server_busy"}
            with running_in(folder, "--wal-segsize=1", *apart) as server:
                yield SmallServer(server, disk, {"disk_full", *ending})
        finally:
            disk.unmount()


def test_a_server_whose_disk_fills_honours_every_receipt_and_folds_as_if_rebuilt(
    small: SmallServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with small.server.database() as address:
        place = ledger_place(address)

        def projections(*arguments: str) -> int:
            return status(["--ledger", address, "projections", *arguments, "--model", "custody"])

        def assert_refused(*arguments: str) -> None:
            assert 4 == projections(*arguments)
            assert small.codes & set(re.findall(r"\[(\w+)\]", capsys.readouterr().err))

        ledger = Ledger.create(place)
        events = list(winter(1, 1_500))
        given = receipts(ledger, events[:300])
        assert 0 == projections("rebuild")

        small.disk.fill()
        assert filling(ledger, events[300:], given).code in small.codes
        small.grow()
        assert 300 < len(given) < len(events)
        assert given.items() <= receipts(ledger, events).items()

        small.disk.fill()
        assert_refused("follow", "--once")
        small.grow()
        assert 0 == projections("follow", "--once")
        assert_as_if_rebuilt(place, ledger, "custody")

        ledger.append(list(winter(2, 500)), now=system_clock())
        small.disk.fill()
        assert_refused("rebuild")
        small.grow()
        assert 0 == projections("follow", "--once")
        assert_as_if_rebuilt(place, ledger, "custody")
        assert 0 == projections("rebuild")
        assert_as_if_rebuilt(place, ledger, "custody")
        assert [] == verify(ledger, lambda done: None).problems
        ledger.close()


def filling(ledger: Ledger, events: Sequence[Submission], given: dict[int, bytes]) -> LedgerUnavailable:
    """Append events, some at a time, and add to the receipts until the disk is full; return what is said then."""
    for at in range(0, len(events), 50):
        try:
            given |= receipts(ledger, events[at : at + 50])
        except LedgerUnavailable as error:
            return error
    pytest.fail("the disk did not fill")


def receipts(ledger: Ledger, events: Sequence[Submission]) -> dict[int, bytes]:
    """Append events, new or not, and return the leaf hash that each position has a receipt for."""
    outcomes = ledger.append(events, now=system_clock())
    return {outcome.position: outcome.leaf for outcome in outcomes if isinstance(outcome, Receipt)}
