"""Programs whose calls of the system fail, one at a time: strace says which calls there are, and lets one fail.

A call is named by which of its kind it is, within its thread: `pwrite64` 12 is the twelfth of a thread. A program that
does the same twice makes the same calls, so that what a first run lists can be made to fail in later ones.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

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
LASTING = {"pwrite64", "ftruncate", "fsync", "fdatasync"}  # where a full disk stays full for a program's own output
GIVING = {"unlink", "unlinkat", "rmdir"}  # what gives space back finds no full disk
LINE = re.compile(r"(?P<thread>\d+) +(?P<call>\w+)\((?P<rest>.*)")
PR_SET_PTRACER, ANY_PROCESS = 0x59616D61, ctypes.c_ulong(-1)
PATIENCE_SECONDS = 120


class Call(NamedTuple):
    """One call: its name, and which of that name it is in its thread, from 1."""

    name: str
    number: int


@dataclass(frozen=True)
class Fault:
    """A call that fails with an error of the system; `again`, also each so many calls later, for ever."""

    call: Call
    error: str
    again: int = 0

    def __str__(self) -> str:
        """Write it as strace takes it."""
        when = f"{self.call.number}+{self.again}" if self.again else str(self.call.number)
        return f"inject={self.call.name}:error={self.error}:when={when}"


def faults_at(calls: Sequence[Call]) -> list[Fault]:
    """Return what can happen at each call: it fails once; where it takes space, the disk is full, once or for ever."""
    failed = [Fault(call, "EIO") for call in calls]
    full = [Fault(call, "ENOSPC", int(call.name in LASTING)) for call in calls if call.name not in GIVING]
    return failed + full


@dataclass
class Ended:
    """A program that ended: its exit status, what it said, the calls it made on files within a folder, what failed."""

    status: int
    said: str
    calls: list[Call]
    fault: Fault | None


class Traced:
    """A function that runs in a process of its own, as a program, under strace; leaving the context waits for its end.

    `within` is the folder whose files are its disk; what it prints is in a file beside that.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any, within: Path, fault: Fault | None) -> None:
        self.within, self.fault = within, fault
        self.said, self._log = (within.with_name(f"{within.name}.{name}") for name in ("said", "calls"))
        self._ours, theirs = context.Pipe()
        self.process = context.Process(target=_act, args=(theirs, self.said, target, arguments))

    def __enter__(self) -> Self:
        self.process.start()
        self._ours.recv()  # it stands where every run of it does
        self._strace = self._attached()
        self._ours.send(None)
        return self

    def _attached(self) -> subprocess.Popen[bytes]:
        wanted = ",".join(name if name.startswith("?") else f"?{name}" for name in CALLS)
        command = ["strace", "-f", "-y", "-qq", "-s", "0", "-o", self._log, "-e", f"trace={wanted}"]
        command += ["-e", str(self.fault)] if self.fault else []
        strace = subprocess.Popen([*command, "-p", str(self.process.pid)])
        while "TracerPid:\t0" in Path(f"/proc/{self.process.pid}/status").read_text():
            assert strace.poll() is None, "strace cannot be attached"
            time.sleep(0.002)
        return strace

    def __exit__(self, *_: object) -> None:
        self.process.join(PATIENCE_SECONDS)
        self.process.kill()  # where it has not ended, which `ended` tells
        self.process.join()
        self._strace.wait(PATIENCE_SECONDS)
        self._ours.close()

    def ended(self) -> Ended:
        """Return what became of it; the fault must have come to pass."""
        log = self._log.read_text()
        assert self.process.exitcode is not None
        assert self.process.exitcode != -signal.SIGKILL, "it did not end"
        assert self.fault is None or "(INJECTED)" in log, "the call that was to fail was not made"
        return Ended(self.process.exitcode, self.said.read_text(), list(_calls(log, self.within)), self.fault)


def run(target: Callable[..., None], *arguments: Any, within: Path, fault: Fault | None = None) -> Ended:
    """Run a function under strace to its end."""
    with Traced(target, *arguments, within=within, fault=fault) as traced:
        pass
    return traced.ended()


def _act(turn: Any, said: Path, target: Callable[..., None], arguments: Sequence[Any]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY_PROCESS, 0, 0, 0)  # some systems let only parents trace
    file = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    os.dup2(file, sys.stdout.fileno())
    os.dup2(file, sys.stderr.fileno())
    turn.send(None)
    turn.recv()
    target(*arguments)


def _calls(log: str, within: Path) -> Iterator[Call]:
    is_within = re.compile(rf"{re.escape(str(within))}[/>\"]")
    counted: Counter[tuple[str, str]] = Counter()
    for found in filter(None, map(LINE.match, log.splitlines())):
        counted[found["thread"], found["call"]] += 1
        if is_within.search(found["rest"]):
            yield Call(found["call"], counted[found["thread"], found["call"]])
