"""`custody counts release` and `released`: a quarter's figures for the public, once, when the quarter is over."""

from __future__ import annotations

from pathlib import Path

import pytest

import adapters

CLAIMS = Path(adapters.__file__).parent / "importers/data/claims.yaml"
QUARTER = "2025-Q4"
SIMULATED = ("simulate", "--events", "2000", "--seed", "7", "--from", "2025-12-01", "--until", "2025-12-31")


@pytest.fixture
def told(custody) -> None:
    """A simulated month, in a quarter that is over."""
    assert 0 == custody(*SIMULATED).status


def test_figures_are_as_they_were_released_whatever_is_recorded_later(custody, told) -> None:
    released = custody("counts", "release", QUARTER, "--json").json
    assert 0 == custody("import", "claims", CLAIMS).status

    assert ["N0", "N8"] == [table["count"] for table in released["tables"]]
    assert any(value for table in released["tables"] for line in table["values"] for value in line)
    assert released == custody("counts", "released", QUARTER, "--json").json
    (listed,) = custody("counts", "released", "--json").json
    assert listed == {name: released[name] for name in ("quarter", "position", "released_at", "digest")}
    assert [] == custody("counts", "released", "--known", released["position"], "--json").json


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("release", "2025-Q9"), "bad_quarter"),
        (("release", "2025"), "bad_quarter"),
        (("release", "2999-Q4"), "quarter_not_over"),
        (("released", QUARTER), "not_released"),
    ],
)
def test_what_cannot_be_released_or_was_not_is_refused_and_recorded_nowhere(custody, told, command, code) -> None:
    ran = custody("counts", *command, "--json")

    assert (2, code) == (ran.status, ran.json["error"]["code"])
    assert [] == custody("counts", "released", "--json").json


def test_a_quarter_is_released_once(custody, told) -> None:
    first = custody("counts", "release", QUARTER, "--json").json

    again = custody("counts", "release", QUARTER, "--json")

    assert (2, "figures_released") == (again.status, again.json["error"]["code"])
    assert first == custody("counts", "released", QUARTER, "--json").json
