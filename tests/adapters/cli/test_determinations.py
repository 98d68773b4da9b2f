"""`custody determinations`: the same lines for whoever rebuilds them."""

from __future__ import annotations

import hashlib

import pytest


@pytest.fixture
def simulated(custody) -> None:
    assert custody("simulate", "--events", 1500, "--seed", 3).status == 0


@pytest.mark.usefixtures("simulated")
def test_the_file_the_lines_and_a_second_file_are_the_same_bytes(custody, tmp_path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    told = custody("determinations", "-o", first, "--json").json

    assert custody("determinations", "-o", second).status == 0
    assert first.read_bytes() == second.read_bytes() == custody("determinations", "--json").out.encode()
    assert told["sha256"] == hashlib.sha256(first.read_bytes()).hexdigest()
    assert told["rows"] == len(first.read_bytes().splitlines()) > 50


@pytest.mark.usefixtures("simulated")
def test_what_was_known_earlier_is_the_beginning_of_what_is_known_now(custody) -> None:
    then = set(custody("determinations", "--json", "--known", 900).out.splitlines())

    assert then
    assert then <= set(custody("determinations", "--json").out.splitlines())


@pytest.mark.usefixtures("simulated")
def test_a_file_that_is_there_is_not_overwritten(custody, tmp_path) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text("mine")
    ran = custody("determinations", "-o", kept, "--json")

    assert (2, "file_exists") == (ran.status, ran.json["error"]["code"])
    assert kept.read_text() == "mine"


@pytest.mark.usefixtures("simulated")
def test_a_case_is_a_table_for_people(custody) -> None:
    ref = custody("determinations", "--json").out.split('"ref":"', 1)[1].split('"', 1)[0]

    assert "since position" in custody("determinations", ref).out
