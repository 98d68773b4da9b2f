"""Somebody who has nothing but docs/agencies.md enrols agencies, sends a booking and a detainer, and sees both."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.serving import serving

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/agencies.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(console|json|sh|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_OF = re.compile(r"^in `(\S+\.(?:jsonl|yaml))`", re.MULTILINE)
BROKER, SERVER = "localhost:9092", "http://127.0.0.1:8000"


def commands(name: str) -> Iterator[str]:
    """Yield the commands of one section of the page."""
    for kind, block in BLOCK.findall(section(name)):
        for line in block.splitlines():
            command = line.removeprefix("$ ") if kind == "console" else line
            if (kind == "console" and line.startswith("$ ")) or kind == "sh":
                yield command.partition(" #")[0].strip()


def section(name: str) -> str:
    return GUIDE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


@pytest.mark.usefixtures("written_files")
def test_following_the_guide_for_agencies_both_events_are_in_the_trail(tmp_path: Path, broker: str) -> None:
    environment = {**os.environ}
    printed = ""
    with ExitStack() as servers:
        server = SERVER
        for command in [*commands("Enrol an agency"), *commands("Send them")]:
            words = shlex.split(command.replace(BROKER, broker).replace(SERVER, server))
            if words[0] == "export":
                name, _, value = words[1].partition("=")
                environment[name] = value
            elif words[:2] == ["custody", "serve"]:
                server = servers.enter_context(serving(str(tmp_path / "custody.db"))).address
            elif words[0] == "custody":
                printed = run(words[1:], tmp_path, environment)

    assert "custody.subject_booked" in printed
    assert "detainer.prepared" in printed
    assert "us-ice" in printed


@pytest.fixture
def written_files(tmp_path: Path) -> None:
    """The files that the page shows, and no others: the guide needs nothing of the repository."""
    text = section("Send them")
    shown = [block for kind, block in BLOCK.findall(text) if kind in ("json", "yaml")]
    for name, content in zip(FILE_OF.findall(text), shown, strict=True):
        (tmp_path / name).write_text(content, encoding="utf-8")


def run(arguments: list[str], folder: Path, environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", "adapters.cli", *arguments]
    path = {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=folder, env={**environment, **path}, capture_output=True, text=True, timeout=120)
    assert 0 == ran.returncode, (arguments, ran.stderr)
    return ran.stdout
