"""Each call to the disk fails, one at a time: every receipt is honoured, nothing is half there, a rerun does the rest.

    make faults

tries every call that a program makes on its files, `make test` one of each kind. A call fails once, as on a disk that
is going bad, or it and all after it, as on a disk that is full.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from adapters.agencies import enrol
from adapters.cli.main import status
from adapters.composition import services
from adapters.read_models.answers import in_memory
from adapters.store.ledger import Ledger, system_clock
from adapters.store.verification import verify
from adapters.trust.keys import load_public_key, make_key
from domain.errors import LedgerError
from domain.events.agency import Algorithm
from tests.builders import JAIL, MONDAY, booked, submissions
from tests.scenarios.disk_programs import importing, publishing, written_down
from tests.scenarios.failing_calls import GIVING, Call, Ended, Fault, Traced, faults_at, run
from tests.scenarios.processes import command
from tests.serving import PATIENCE_SECONDS, address_in, serving
from tests.signing import TYPES, Agency

IS_WHOLE = "CUSTODY_EVERY_CALL" in os.environ
BATCHES, BATCH = 3, 4
ERRORS = Path(__file__).parents[2] / "docs" / "errors.md"
CODES = re.compile(r"\[(\w+)\]")
KNOWN = set(re.findall(r"^\| `(\w+)`", ERRORS.read_text(), re.MULTILINE))


class Program(ABC):
    """A program, the folder that its disk is, and what must be so after it ran, however it ended."""

    target: Callable[..., None] = staticmethod(command)
    failed_with = 4

    def __init__(self, folder: Path) -> None:
        self.disk = folder / "disk"
        self.kept = folder / "kept"  # what lies on the disk before
        self.receipts = folder / "receipts"
        self.kept.mkdir()
        self.begin()

    def begin(self) -> None:  # noqa: B027 - some find an empty disk
        """Make what lies on the disk before, in `kept`."""

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        """Keep up what the program needs beside it."""
        yield

    @abstractmethod
    def arguments(self) -> Sequence[Any]:
        """Return what the program is called with."""

    @abstractmethod
    def check(self, ended: Ended) -> None:
        """Look at what the program left, run it again without a fault, and look again."""

    def tried(self, fault: Fault | None) -> Ended:
        """Run it on a fresh disk, and check."""
        shutil.rmtree(self.disk, ignore_errors=True)
        shutil.copytree(self.kept, self.disk)
        self.receipts.unlink(missing_ok=True)
        ended = run(self.target, *self.arguments(), within=self.disk, fault=fault)
        assert "Traceback" not in ended.said, ended.said
        assert "Exception ignored" not in ended.said, ended.said
        if ended.status:
            assert self.failed_with == ended.status, ended.said
            assert set(CODES.findall(ended.said)) & KNOWN, ended.said
        self.check(ended)
        return ended


class OnLedger(Program):
    """A program on a ledger."""

    @property
    def path(self) -> Path:
        return self.disk / "custody.db"

    def assert_receipts_are_honoured(self) -> list[str]:
        """Check the receipts and the whole ledger, and return the leaf hashes in order."""
        given = written_down(self.receipts)
        if not self.path.exists():
            assert {} == given
            return []
        with closing(Ledger.open_to_read(self.path)) as ledger:
            assert given == {position: ledger.leaf_at(position) for position in given}
            assert [] == verify(ledger, lambda done: None).problems
            return [leaf.hex() for leaf in ledger.facts.leaves(after=0, upto=ledger.position())]


class Importing(OnLedger):
    """`custody import`, which makes the ledger, appends some batches and merges its write-ahead log."""

    target = staticmethod(importing)

    def begin(self) -> None:
        self.files = []
        for number in range(BATCHES):
            path = self.kept.with_name(f"{number}.jsonl")
            numbers = range(number * BATCH, (number + 1) * BATCH)
            bodies = [booked(one, at=MONDAY + timedelta(minutes=one)) for one in numbers]
            path.write_bytes(b"".join(body + b"\n" for body in bodies))
            self.files.append(str(path))
        self.clean: list[str] = []

    def arguments(self) -> Sequence[Any]:
        return self.receipts, *self._words()

    def _words(self) -> list[str]:
        return ["--ledger", str(self.path), "import", "events", *self.files]

    def check(self, ended: Ended) -> None:
        stored = self.assert_receipts_are_honoured()
        self.clean = self.clean or stored
        assert len(stored) % BATCH == 0
        assert stored == self.clean[: len(stored)]
        assert len(stored) == len(self.clean) or ended.status
        if ended.fault is None or ended.fault.call.name not in GIVING:
            assert {path.name for path in self.disk.iterdir()} <= {"custody.db", "custody.db-wal", "custody.db-shm"}

        assert 0 == status(self._words())
        assert self.clean == self.assert_receipts_are_honoured()


class Publishing(OnLedger):
    """Signed events through the door and group commit, which goes on after a fault."""

    target = staticmethod(publishing)

    def begin(self) -> None:
        agency = Agency()
        with closing(Ledger.create(self.kept / "custody.db")) as ledger:
            agency.enrolled(ledger)
        self.batches = [[agency.books(one * BATCH + number) for number in range(BATCH)] for one in range(BATCHES)]

    def arguments(self) -> Sequence[Any]:
        return self.receipts, self.path, self.batches

    def check(self, ended: Ended) -> None:
        stored = self.assert_receipts_are_honoured()
        assert len(stored) == 1 + BATCHES * BATCH or ended.status

        again = run(self.target, *self.arguments(), within=self.disk)
        assert 0 == again.status, again
        leaves = self.assert_receipts_are_honoured()
        assert BATCHES * BATCH == len(written_down(self.receipts))
        assert 1 + BATCHES * BATCH == len(set(leaves)) == len(leaves)


class WithModel(OnLedger):
    """A program on the read models of a ledger: whatever happens, there is one that answers as it should."""

    words: Sequence[str]

    def begin(self) -> None:
        path = self.kept / "custody.db"
        with closing(Ledger.create(path)) as ledger:
            ledger.append(submissions(BATCH), now=system_clock())
            assert 0 == status(["--ledger", str(path), "projections", "rebuild", "--model", "custody"])
            ledger.append(submissions(BATCH, start=BATCH + 1), now=system_clock())

    def arguments(self) -> Sequence[Any]:
        return "--ledger", str(self.path), "projections", *self.words, "--model", "custody"

    def check(self, ended: Ended) -> None:
        self.assert_receipts_are_honoured()
        assert self.assert_it_answers() in ((BATCH, 2 * BATCH) if ended.status else (2 * BATCH,))
        assert 0 == status(list(self.arguments()))
        assert 2 * BATCH == self.assert_it_answers()
        assert 0 == status(["--ledger", str(self.path), "projections", "rebuild", "--model", "custody"])
        assert 2 * BATCH == self.assert_it_answers()
        assert 1 == len(services(self.path).models().generations("custody"))

    def assert_it_answers(self) -> int:
        """Check that a model is kept, with the rows that one folded anew has; return its position."""
        models = services(self.path).models()
        with closing(Ledger.open_to_read(self.path)) as ledger:
            live = models.live("custody", ledger)
            assert live is not None
            with closing(live), closing(in_memory(models, ledger, "custody", live.position)) as anew:
                assert anew.digest() == live.digest()
                return live.position


class Rebuilding(WithModel):
    words = ("rebuild",)


class Following(WithModel):
    words = ("follow", "--once")


class Submitting(Program):
    """`custody submit` with its spool: each line reaches the ledger once, numbered without a gap."""

    def begin(self) -> None:
        self.ledger = self.kept.with_name("server.db")
        Ledger.create(self.ledger).close()
        self.turn = 0

    def tried(self, fault: Fault | None) -> Ended:
        self.turn += 1
        self.key, self.lines = (self.kept.with_name(f"{self.turn}.{kind}") for kind in ("pem", "jsonl"))
        self.source = f"synthetic:agency-{self.turn}"
        with closing(Ledger.open_to_write(self.ledger)) as ledger:
            enrol(ledger, self.source, make_key(self.key, Algorithm.ED25519), (JAIL,), TYPES, system_clock())
        draft = {"type": "custody.subject_booked", "source": self.source, "time": "2026-01-16T08:00:00-06:00"}
        about = [{"facility": JAIL, "subject": f"s-{self.turn}-{number}"} for number in range(BATCH)]
        lines = [draft | {"subject": f"episode/{JAIL}.{one['subject']}", "data": one} for one in about]
        self.lines.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        return super().tried(fault)

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        with serving(str(self.ledger)) as served:
            self.address = served.address
            yield

    def arguments(self) -> Sequence[Any]:
        options = ["--to", self.address, "--key", str(self.key), "--spool", str(self.disk / "spool.db")]
        return "submit", str(self.lines), *options

    def check(self, ended: Ended) -> None:
        assert self._recorded() == [str(number) for number in range(1, BATCH + 1)][: len(self._recorded())]
        assert BATCH == len(self._recorded()) or ended.status
        assert 0 == status(list(self.arguments()))
        assert self._recorded() == [str(number) for number in range(1, BATCH + 1)]

    def _recorded(self) -> list[str | None]:
        """Return the numbers of the events of this turn's agency."""
        with closing(Ledger.open_to_read(self.ledger)) as ledger:
            events = [event.envelope for event in ledger.recorded(topics=("custody.subject_booked",))]
        return [event.sequence for event in events if event.source == self.source]


class Exporting(OnLedger):
    """`custody export --replace` over an export that is there: the old one or the new one, whole."""

    def begin(self) -> None:
        path = self.kept / "custody.db"
        with closing(Ledger.create(path)) as ledger:
            ledger.append(submissions(BATCH), now=system_clock())
            assert 0 == status(["--ledger", str(path), *self._words(self.kept)])
            self.old = self._digests(self.kept)
            ledger.append(submissions(BATCH, start=BATCH + 1), now=system_clock())
        self.new: dict[str, str] = {}

    def _words(self, disk: Path) -> list[str]:
        return ["export", str(disk / "out"), "--replace", "--only", "events", "--only", "custody"]

    def arguments(self) -> Sequence[Any]:
        return "--ledger", str(self.path), *self._words(self.disk)

    def _digests(self, disk: Path) -> dict[str, str]:
        manifest = orjson.loads((disk / "out" / "manifest.json").read_bytes())
        found = {file["path"]: file["sha256"] for file in manifest["files"]}
        assert all((disk / "out" / path).exists() for path in found)
        return found

    def check(self, ended: Ended) -> None:
        self.assert_receipts_are_honoured()
        found = self._digests(self.disk)
        self.new = self.new or found
        assert found in ([self.old, self.new] if ended.status else [self.new])
        assert 0 == status(list(self.arguments()))
        assert self.new == self._digests(self.disk)


class MakingKey(Program):
    """`custody agency keygen`: both halves of a key, or none."""

    failed_with = 2

    def arguments(self) -> Sequence[Any]:
        return "agency", "keygen", str(self.disk / "sheriff.pem")

    def check(self, ended: Ended) -> None:
        if ended.status:
            assert [] == list(self.disk.iterdir())
            assert 0 == status(list(self.arguments()))
        load_public_key(self.disk / "sheriff.pem.pub")


def chosen(faults: Sequence[Fault]) -> Iterator[Fault]:
    """Return every fault, or of each kind the one in the middle."""
    if IS_WHOLE:
        yield from faults
        return
    kinds: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        kinds.setdefault((fault.call.name, fault.error), []).append(fault)
    yield from (some[len(some) // 2] for some in kinds.values())


def broken_by(program: Program) -> Iterator[str]:
    """Let calls of a program fail in turn, and yield what went wrong."""
    for fault in chosen(faults_at(program.tried(None).calls)):
        try:
            program.tried(fault)
        except (AssertionError, LedgerError) as error:
            yield f"{fault}: {error}"


@pytest.mark.parametrize("kind", [Importing, Publishing, Submitting, Rebuilding, Following, Exporting, MakingKey])
def test_whatever_call_fails_every_receipt_is_honoured_and_a_rerun_does_the_rest(
    tmp_path: Path, kind: type[Program]
) -> None:
    program = kind(tmp_path)
    with program.surroundings():
        broken = list(broken_by(program))
        assert not broken, "\n".join(broken)


@pytest.mark.parametrize("fault", [Fault(Call("fdatasync", 4), "EIO", 3), Fault(Call("pwrite64", 60), "ENOSPC", 37)])
def test_a_server_says_what_its_disk_refuses_and_goes_on(tmp_path: Path, fault: Fault) -> None:
    path = tmp_path / "disk" / "custody.db"
    path.parent.mkdir()
    assert 0 == status(["--ledger", str(path), "init", "--allow-unsigned"])
    bodies = [booked(number) for number in range(20)]

    with Traced(command, "--ledger", str(path), "serve", "--port", "0", within=path.parent, fault=fault) as traced:
        address = address_in(traced.said, traced.process.is_alive)
        answers = [published(address, body) for body in bodies]
        traced.process.terminate()

    assert -signal.SIGTERM == traced.ended().status  # in order: the signal is passed on last
    assert "Traceback" not in traced.ended().said
    receipts = [answer.json() for answer in answers if answer.status_code == 201]
    refused = [answer.json()["code"] for answer in answers if answer.status_code == 503]
    assert len(bodies) == len(receipts) + len(refused)
    assert receipts
    assert set(refused) == {{"EIO": "disk_error", "ENOSPC": "disk_full"}[fault.error]}
    with closing(Ledger.open_to_read(path)) as ledger:
        assert [one["leaf"] for one in receipts] == [ledger.leaf_at(one["position"]) for one in receipts]
        assert [] == verify(ledger, lambda done: None).problems
    with serving(str(path)) as served:
        again = [published(served.address, body).json() for body in bodies]
    stored = {one["id"]: one["position"] for one in again}
    assert {one["id"]: one["position"] for one in receipts}.items() <= stored.items()
    assert len(bodies) == len(set(stored.values()))


def published(address: str, body: bytes) -> httpx.Response:
    kind = {"Content-Type": "application/cloudevents+json"}
    return httpx.post(f"{address}/v1/events", content=body, headers=kind, timeout=PATIENCE_SECONDS)
