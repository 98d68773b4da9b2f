"""A real server for tests: `custody serve` in a process of its own, on a port that was free."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

PATIENCE_SECONDS = 120  # for a start, an answer, an end: a busy machine takes its time
LISTENS = re.compile(r"running on (http://\S+)")


@dataclass
class Served:
    """A server that runs: its address, its process, and where its log is written."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(
    ledger: str, *options: str, port: int = 0, program: Sequence[str] = ("-m", "adapters.cli")
) -> Iterator[Served]:
    """Yield a running server over an existing ledger; it is stopped after."""
    command = [sys.executable, *program, "--ledger", ledger, "serve", "--port", str(port), *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with tempfile.NamedTemporaryFile("w") as log:
        process = subprocess.Popen(command, stderr=log, env=environment)
        try:
            yield Served(address_in(Path(log.name), lambda: process.poll() is None), process, Path(log.name))
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_SECONDS)


def address_in(log: Path, is_running: Callable[[], bool]) -> str:
    """Wait until a server says in its log that it listens, and answers; return where."""
    while True:
        if found := LISTENS.search(log.read_text()):
            _answers(found.group(1))
            return found.group(1)
        if not is_running():
            raise RuntimeError(log.read_text())
        time.sleep(0.02)


def _answers(address: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            httpx.get(f"{address}/healthz", timeout=PATIENCE_SECONDS).raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
