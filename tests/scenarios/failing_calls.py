"""Programs whose calls of the system fail, one at a time: strace says which calls there are, and lets one fail.

A call is named by which of its kind it is, within its thread: `pwrite64` 12 is the twelfth of a thread. A program that
does the same twice makes the same calls, so that what a first run lists can be made to fail in later ones.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.scenarios.processes import context

# "?": not every processor has all of them
CALLS = [
    "openat",
    "?open",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "?rename",
    "?renameat",
    "renameat2",
    "?link",
    "linkat",
    "?unlink",
    "unlinkat",
    "?mkdir",
    "mkdirat",
    "?rmdir",
]
SPACE_TAKING = {"write", "pwrite64", "ftruncate"}
SYNCING = {"fsync", "fdatasync"}
LINE = re.compile(r"(?P<thread>\d+) +(?P<call>\w+)\((?P<rest>.*)")
PR_SET_PTRACER, ANY_PROCESS = 0x59616D61, ctypes.c_ulong(-1)
PATIENCE_SECONDS = 120


class Call(NamedTuple):
    """One call: its name, and which of that name it is in its thread, from 1."""

    name: str
    number: int


@dataclass(frozen=True)
class Fault:
    """A call that fails with an error of the system, alone, or with all that come after it."""

    call: Call
    error: str
    is_lasting: bool = False

    def as_option(self) -> str:
        return f"inject={self.call.name}:error={self.error}:when={self.call.number}{'+' * self.is_lasting}"


def faults_of(calls: Sequence[Call]) -> list[Fault]:
    """Return what can happen at each call: it fails once, and where it takes space, the disk is full from then on."""
    once = [Fault(call, "EIO") for call in calls]
    full = [Fault(call, "ENOSPC", is_lasting=call.name in SPACE_TAKING - {"write"} | SYNCING) for call in calls]
    return [*once, *(fault for fault in full if not fault.call.name.startswith(("unlink", "rmdir")))]


@dataclass
class Ended:
    """A program that ended: its exit status, what it printed, and the calls it made on files within a folder."""

    status: int
    out: str
    err: str
    calls: list[Call]


def run(target: Callable[..., None], *arguments: Any, within: Path, fault: Fault | None = None) -> Ended:
    """Run a function in a process of its own, as a program, and see what it does to the files within a folder."""
    if shutil.which("strace") is None:
        raise RuntimeError("there is no strace to let calls fail with: deploy/needs.sh installs it")
    out, err, log = (within.with_name(f"{within.name}.{name}") for name in ("out", "err", "calls"))
    ours, theirs = context.Pipe()
    process = context.Process(target=_act, args=(theirs, out, err, target, arguments))
    process.start()
    ours.recv()  # it stands where every run of it does
    strace = _attached(process.pid or 0, log, fault)
    ours.send(None)
    process.join(PATIENCE_SECONDS)
    assert process.exitcode is not None, f"it did not end under {fault}"
    strace.wait(PATIENCE_SECONDS)
    status = process.exitcode
    process.close()
    return Ended(status, out.read_text(), err.read_text(), list(_calls(log, within)))


def _act(turn: Any, out: Path, err: Path, target: Callable[..., None], arguments: Sequence[Any]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY_PROCESS, 0, 0, 0)  # some systems let only parents trace
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    turn.send(None)
    turn.recv()
    target(*arguments)


def _attached(pid: int, log: Path, fault: Fault | None) -> subprocess.Popen[bytes]:
    """Attach strace to a process that waits, and return once it is."""
    wanted = ",".join(name if name.startswith("?") else f"?{name}" for name in CALLS)
    command = ["strace", "-f", "-y", "-qq", "-s", "0", "-o", log, "-p", str(pid), "-e", f"trace={wanted}"]
    strace = subprocess.Popen(command + (["-e", fault.as_option()] if fault else []))
    while "TracerPid:\t0" in Path(f"/proc/{pid}/status").read_text():
        assert strace.poll() is None, "strace cannot be attached"
        time.sleep(0.002)
    return strace


def _calls(log: Path, within: Path) -> Iterator[Call]:
    is_within = re.compile(rf"{re.escape(str(within))}[/>\"]")
    counted: Counter[tuple[str, str]] = Counter()
    for found in map(LINE.match, log.read_text().splitlines()):
        if found is None:
            continue
        counted[found["thread"], found["call"]] += 1
        if is_within.search(found["rest"]):
            yield Call(found["call"], counted[found["thread"], found["call"]])
