"""The recipes of docs/recipes.md, run as they stand on the export that the page makes, and held against the program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import orjson
import polars as pl
import pytest

from tests.test_docs import ROOT, commands, run

PAGE = ROOT / "docs/recipes.md"
AT, KNOWN = "2026-01-15T12:00", "6000"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the ledger and the export of the page."""
    folder = tmp_path_factory.mktemp("recipes")
    for command, _ in commands(PAGE):
        run(command, folder)
    return folder


@pytest.fixture
def asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[Any, ...]]]:
    """Run the queries for DuckDB; rows by the first words of each answer's columns."""
    monkeypatch.chdir(folder)
    answers = {}
    with duckdb.connect() as connection:
        for block in blocks("sql"):
            answer = connection.sql(block)
            answers[" ".join(answer.columns)] = answer.fetchall()
    return answers


@pytest.fixture
def found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the blocks for Polars, one after the other."""
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec("\n".join(blocks("python")), names)  # noqa: S102 - the page's own words
    return names


def told(folder: Path, *command: str) -> Any:
    return orjson.loads(run(" ".join(("custody", *command, "--json")), folder))


def counted(folder: Path) -> dict[str, int]:
    """Return who is in custody where, by the program's own answer for each facility that has anybody."""
    facilities = [one["id"] for one in told(folder, "facilities") if one["agency"] in ("mn-doc", "mn-hennepin-sheriff")]
    counts = {one: told(folder, "state", one, "--at", AT, "--known", KNOWN)["count"] for one in facilities}
    return {facility: count for facility, count in counts.items() if count}


def test_every_query_for_duckdb_has_an_answer(asked: dict[str, list[tuple[Any, ...]]]) -> None:
    assert 8 == len(asked)
    assert [] == [columns for columns, rows in asked.items() if not rows]


def test_every_block_for_polars_has_an_answer(found: dict[str, Any]) -> None:
    frames = {name: value for name, value in found.items() if isinstance(value, pl.DataFrame)}

    assert {"in_custody", "one_sided", "past_release", "detainers", "late", "contested"} == set(frames)
    assert [] == [name for name, frame in frames.items() if frame.is_empty()]


def test_who_was_in_custody_is_what_the_program_answers(
    folder: Path, asked: dict[str, list[tuple[Any, ...]]], found: dict[str, Any]
) -> None:
    rows = asked["facility in_custody perhaps"]
    expected = counted(folder)

    assert rows == found["in_custody"].rows()
    assert len(expected) > 3
    assert expected.items() <= {facility: count for facility, count, _ in rows}.items()


def test_handoffs_and_detainers_are_those_of_the_program(
    folder: Path, asked: dict[str, list[tuple[Any, ...]]], found: dict[str, Any]
) -> None:
    one_sided = sum(row[2] for row in asked["facility missing_side one_sided"])
    detainers = sum(row[2] for row in asked["custodian_kind lift_reason detainers"])
    contradicted = [one for one in told(folder, "handoffs") if one["status"] in ("one_sided", "contradicted")]

    assert detainers == found["detainers"]["detainers"].sum() == len(told(folder, "detainers"))
    assert found["one_sided"]["one_sided"].sum() == one_sided
    assert one_sided <= len(contradicted)
    assert sum(row[2] for row in asked["facility episodes minutes"]) == found["past_release"]["minutes"].sum()
    assert sum(row[2] for row in asked["agency type reports latest"]) == found["late"]["reports"].sum()
    assert len(asked["handoff position agency type occurred_earliest reason"]) == found["contested"].height


def test_the_leaves_and_the_root_are_those_of_the_ledger(
    folder: Path, asked: dict[str, list[tuple[Any, ...]]], found: dict[str, Any]
) -> None:
    assert [(8000, 8000)] == asked["events unaltered"]
    assert told(folder, "verify")["root"] == found["root"]
