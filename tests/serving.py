"""A real server for tests: `custody serve` in a process of its own, on a port that was free."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

START_SECONDS = 30
LISTENS = re.compile(r"running on (http://\S+)")


@dataclass
class Served:
    """A server that runs: its address and its process."""

    address: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(ledger: str, *options: str, port: int = 0) -> Iterator[Served]:
    """Yield a running server over an existing ledger; it is stopped after."""
    command = [sys.executable, "-m", "adapters.cli", "--ledger", ledger, "serve", "--port", str(port), *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield Served(_address(process), process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(START_SECONDS)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if found := LISTENS.search(line):
            address = found.group(1)
            _answers(address)
            return address
    raise RuntimeError("".join(said))


def _answers(address: str) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(f"{address}/healthz").raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return
