"""`custody rules`: what other programs read, and what people see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from adapters.cli.rules import rules
from domain.errors import InputRefused
from tests.domain.rules.small import pack, rule

KEYS = {"id", "citation", "decision_point", "modality", "in_force"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(rules, list(arguments))


def document(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_list_prints_every_rule_with_the_promised_keys() -> None:
    listed = document("list")
    assert len(listed) == 57
    assert all(entry.keys() >= KEYS for entry in listed)
    assert {entry["id"] for entry in listed} >= {"MN-NONE", "MN-631.50", "US-I247A-1"}


def test_a_rule_with_several_decision_points_gives_the_first_and_the_list() -> None:
    shown = document("show", "MN-HENNEPIN-2021")
    assert shown["decision_point"] == "release_notice"
    assert shown["decision_points"][:3] == ["release_notice", "hold_past_release", "ask_status"]


def test_in_force_keeps_precision_and_null() -> None:
    assert document("show", "MN-631.50")["in_force"] == {"from": None, "to": None}
    assert document("show", "MN-HENNEPIN-2014")["in_force"]["to"] == {
        "earliest": "2021-06-01T00:00:00-05:00",
        "latest": "2021-06-30T23:59:59-05:00",
        "precision": "month",
    }


def test_show_prints_the_words_of_a_rule_for_people() -> None:
    output = run("show", "MN-ESPARZA-INJ").output
    assert "permanently enjoined" in output
    assert "if no warrant signed by a judge is recorded" in output


def test_list_for_people_is_one_line_a_rule() -> None:
    lines = run("list").output.splitlines()
    assert len(lines) == 57
    assert any(line.startswith("MN-NONE") and "no_rule" in line for line in lines)


def test_an_unknown_rule_is_refused_with_near_ids() -> None:
    result = run("show", "MN-NOBLES")
    assert isinstance(result.exception, InputRefused)
    assert result.exception.code == "unknown_rule"
    assert run("show", "mn-none").exception is not None


def test_the_shipped_pack_passes_its_tests_and_each_rule_shows_its_own() -> None:
    tested = document("test")
    assert [entry["id"] for entry in tested] == [entry["id"] for entry in document("list")]
    assert all(entry.keys() >= KEYS for entry in tested)
    assert all(entry["ok"] and entry["tests"] for entry in tested)


def test_a_pack_with_a_failing_test_gives_status_1_and_says_what_differed(tmp_path: Path) -> None:
    path = tmp_path / "small.json.yaml"
    path.write_text(json.dumps(pack(rule("A", "request"))), encoding="utf-8")
    result = run("test", "--pack", str(path))
    assert result.exit_code == 1
    assert "FAILED  names every rule" in result.output
    as_json = run("test", "--pack", str(path), "--json")
    assert as_json.exit_code == 1
    assert [(entry["id"], entry["ok"]) for entry in json.loads(as_json.stdout)] == [("A", False)]


@pytest.mark.parametrize("command", ["list", "show", "test"])
def test_every_command_explains_itself(command: str) -> None:
    assert "--json" in run(command, "--help").output
