"""`custody projections`: numbers for monitoring, what was parked, and two rebuilds at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.composition import Services, services
from adapters.store.ledger import Ledger, system_clock
from tests.adapters.cli.conftest import Ran
from tests.adapters.read_models.test_models import Chokes
from tests.builders import submissions

Command = Callable[..., Ran]


@pytest.fixture
def ledger(path: Path) -> Ledger:
    """A ledger of three bookings."""
    ledger = Ledger.create(path)
    ledger.append(submissions(3), now=system_clock())
    ledger.close()
    return ledger


def numbers(text: str) -> dict[str, float]:
    """Read Prometheus' text: what is said of the model `custody`, and of none."""
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels in ({}, {"model": "custody"})
    }


def test_status_tells_monitoring_how_far_each_model_is_behind(custody: Command, ledger: Ledger) -> None:
    absent = numbers(custody("projections", "status", "--metrics").out)
    custody("projections", "rebuild")
    built = numbers(custody("projections", "status", "--metrics").out)

    assert (0, 3, 0) == tuple(absent[f"custody_model_{n}"] for n in ("position", "lag_events", "parked_events"))
    assert absent["custody_model_lag_seconds"] > 0
    assert (3, 0, 0) == tuple(built[f"custody_model_{n}"] for n in ("position", "lag_events", "lag_seconds"))
    refused = custody("projections", "status", "--metrics", "--json")
    assert (2, "usage") == (refused.status, refused.json["error"]["code"])


def test_who_follows_writes_what_it_did_to_a_file_for_monitoring(
    custody: Command, ledger: Ledger, path: Path, tmp_path: Path
) -> None:
    custody("projections", "rebuild")
    writer = Ledger.open_to_write(path)
    writer.append(submissions(2, start=4), now=system_clock())
    writer.close()

    assert 0 == custody("projections", "follow", "--once", "--metrics", tmp_path / "custody.prom").status

    found = numbers((tmp_path / "custody.prom").read_text())
    assert (5, 0) == (found["custody_model_position"], found["custody_model_lag_events"])
    assert (2, 2) == (found["custody_model_events_folded_total"], found["custody_model_rows_written_total"])
    assert (1, 0) == (found["custody_model_page_seconds_count"], found["custody_follow_retries_total"])


def test_what_could_not_be_folded_is_shown_with_its_position_and_why(
    custody: Command, ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Services, "custody", lambda self: Chokes())
    assert 0 == custody("projections", "follow", "--once", "--model", "chokes").status

    shown = custody("projections", "status")
    assert "chokes could not take position 2: ZeroDivisionError: poison" in shown.out
    found = next(row for row in custody("projections", "status", "--json").json if row["model"] == "chokes")
    assert [{"position": 2, "what": "ZeroDivisionError: poison"}] == found["parked"]


def test_a_second_rebuild_at_the_same_time_is_refused_before_it_begins(
    custody: Command, ledger: Ledger, path: Path
) -> None:
    with services(path).models().rebuilding(["duties"]):
        refused = custody("projections", "rebuild", "--json")

    assert 4 == refused.status
    assert "already_building" == orjson.loads(refused.out)["error"]["code"]
    assert "duties" in refused.err
    assert not list((path.parent / "custody.db.models").glob("*.db"))


def test_a_swap_while_a_model_is_built_is_refused_and_removes_nothing(
    custody: Command, ledger: Ledger, path: Path
) -> None:
    custody("projections", "rebuild", "--model", "duties")
    custody("projections", "rebuild", "--model", "duties", "--no-swap")
    models = services(path).models()
    with models.locked("duties"):
        refused = custody("projections", "swap", "--json")
        there = models.generations("duties")

    assert (4, "already_building", [1, 2]) == (refused.status, refused.json["error"]["code"], there)
    assert 2 == custody("projections", "swap", "--json").json["duties"]


ALTERED = (
    "UPDATE custody SET facility = 'mn-freeborn-jail'",
    "UPDATE custody SET known_from = known_from + 1",
    "DELETE FROM custody WHERE known_from = 2",
    "UPDATE custody SET known_to = 3 WHERE known_from = 2",
)


@pytest.mark.parametrize("statement", ALTERED)
def test_a_row_that_somebody_altered_is_found_and_a_rebuild_mends_it(
    custody: Command, ledger: Ledger, path: Path, statement: str
) -> None:
    custody("projections", "rebuild")
    before = custody("projections", "status", "--check", "--json")
    alter(path, statement)
    altered = custody("projections", "status", "--check", "--json")
    shown = custody("projections", "status", "--check")
    custody("projections", "rebuild")
    after = custody("projections", "status", "--check", "--json")

    assert [0, 1, 1, 0] == [ran.status for ran in (before, altered, shown, after)]
    assert {"custody": "altered"} == {row["model"]: row["state"] for row in altered.json if row["state"] != "answers"}
    assert "custody projections rebuild" in shown.out
    assert [row["digest"] for row in before.json] == [row["digest"] for row in after.json]


def test_metrics_for_a_folder_that_is_not_there_are_refused_before_anything_is_followed(
    custody: Command, ledger: Ledger, path: Path
) -> None:
    refused = custody("projections", "follow", "--once", "--metrics", path.parent / "nowhere/custody.prom")

    assert 2 == refused.status
    assert "[cannot_write]" in refused.err
    assert not (path.parent / "custody.db.models").exists()


def test_a_file_that_is_damaged_is_named_and_a_rebuild_mends_it(custody: Command, ledger: Ledger, path: Path) -> None:
    custody("projections", "rebuild")
    kept_file(path).write_bytes(b"no database" * 100)

    damaged = custody("projections", "status", "--json")
    answered = custody("state", "mn-cass-jail")
    rebuilt = custody("projections", "rebuild")

    assert (4, "model_damaged") == (damaged.status, damaged.json["error"]["code"])
    assert "the read model cannot be used: file is not a database" == damaged.json["error"]["what"]
    assert "rebuild" in damaged.json["error"]["mend"]
    assert (0, 0, 0) == (answered.status, rebuilt.status, custody("projections", "status", "--check").status)


def alter(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(kept_file(path))) as connection, connection:
        assert connection.execute(statement).rowcount > 0


def kept_file(path: Path) -> Path:
    (found,) = path.with_name(f"{path.name}.models").glob("custody-*.db")
    return found
