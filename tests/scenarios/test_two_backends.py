"""The demo's commands, and the others, print the same on a file and on PostgreSQL."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.cli.main import COMMANDS, status
from tests.builders import MONDAY
from tests.postgres import Server, kinds

ROOT = Path(__file__).resolve().parents[2]
EVENTS = "600"  # instead of the demo's 20,000, so that the comparison takes seconds
DEMO = (ROOT / "deploy/demo.sh").read_text().replace("$data", "adapters/importers/data").replace("20000", EVENTS)
DEMO_COMMANDS = [shlex.split(line) for line in re.findall(r"^run (.*)$", DEMO, re.MULTILINE)]
FIRST_COMMANDS = [["import", "events", "deploy/stories.jsonl"], ["determinations"]]  # while the log is short
OTHER_COMMANDS = [
    ["import", "events", "deploy/stories.jsonl"],
    ["handoffs", "--facility", "mn-hennepin-jail"],
    ["handoffs", "--known", "800"],
    ["notices", "--facility", "mn-hennepin-jail"],
    ["pickups", "--facility", "mn-hennepin-jail"],
    ["detainers", "--facility", "mn-freeborn-jail"],
    ["counts", "--at", "2026-01-20", "--by", "custodian_kind,lift_reason"],
    ["counts", "show", "N6", "--at", "2026-01-20"],
    ["import", "claims", "adapters/importers/data/claims.yaml"],
    ["claims", "--at", "2026-01-20"],
    ["overholds", "--at", "2026-01-20"],
    ["duties", "--at", "2026-01-20"],
    ["handoffs", "--facility", "mn-hennepin-jail", "--at", "2026-01-15"],
    ["trail", "mn-freeborn-jail.story-1"],
    ["history", "mn-freeborn-jail.story-1"],
    ["diff", "600", "900", "--facility", "mn-hennepin-jail"],
    ["since", "900"],
    ["late", "--known", "800"],
    ["hindsight", "mn-freeborn-jail.story-1"],
    ["state", "mn-hennepin-jail", "--at", "2026-01-20", "--known", "2026-01-12"],
    ["rules", "publish", "us-mn"],
    ["rules", "history"],
    ["whatif", "--pack", "us-mn", "--from", "2026-01-16", "--until", "2026-01-17"],
    ["log", "--from", "100", "--limit", "50"],
    ["agency", "list"],
    ["dlq", "list"],
    ["facilities"],
    ["access", "list"],
    ["access", "disclosed"],
    ["counts", "released"],
    ["projections", "status"],
    ["replay"],
]
ALL_COMMANDS = FIRST_COMMANDS + DEMO_COMMANDS + OTHER_COMMANDS


def test_every_command_prints_the_same_json_on_both(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    server_of: Callable[[str], Server],
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for uses_the_clock in ("composition", "read_models.metrics"):
        monkeypatch.setattr(f"adapters.{uses_the_clock}.system_clock", lambda: MONDAY)

    def ran(ledger: str, command: list[str]) -> tuple[int, bytes]:
        code = status(["--ledger", ledger, *command, "--json"])
        return code, capfdbinary.readouterr().out

    with server_of(kinds()[0]).database() as address:
        for command in ALL_COMMANDS:
            on_a_file = ran(str(tmp_path / "custody.db"), command)

            assert on_a_file == ran(address, command), shlex.join(command)
            assert 0 == on_a_file[0], shlex.join(command)
            assert on_a_file[1].strip(), shlex.join(command)


def test_the_commands_above_are_all_there_are() -> None:
    tried = {command[0] for command in ALL_COMMANDS}

    names_the_place, elsewhere = {"init"}, {"export", "serve", "submit", "kafka"}
    assert set(COMMANDS) == tried | names_the_place | elsewhere
