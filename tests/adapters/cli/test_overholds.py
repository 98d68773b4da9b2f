"""`custody overholds`: who was kept past release, for how long, and which rules spoke, as of a time and as known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.events.episode import HoldEnded, HoldPlaced, ReleasedToCommunity
from domain.events.handoff import AdministrativeWarrantServed
from domain.events.record import EventCorrected
from tests.builders import body
from tests.projections.test_decisions import Case

FREEBORN = Case("mn-freeborn-jail")
KEYS = {
    "episode", "facility", "subject", "minutes", "exact", "minutes_at_most", "status", "since", "since_shown_by",
    "until", "until_shown_by", "kept", "holds", "events", "derived", "rules", "cited",
}  # fmt: skip


@pytest.fixture
def told(custody, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    events = [FREEBORN.form(), FREEBORN.hold(instrument="US-I247A-2"), FREEBORN.eligible(), FREEBORN.to_ice(30)]
    file.write_bytes(b"".join(one + b"\n" for one in events))
    assert 0 == custody("import", "events", file).status


def test_an_overhold_has_its_minutes_its_holds_and_each_rule_with_its_standing(custody, told) -> None:
    (row,) = custody("overholds", "--json").json

    assert set(row) == KEYS
    assert ("e-1", "mn-freeborn-jail", 1800, "ended") == tuple(
        row[key] for key in ("episode", "facility", "minutes", "status")
    )
    standing = {rule["id"]: rule["standing"] for rule in row["rules"]}
    assert ("stands", "stands") == (standing["US-I247A-2"], standing["MN-629.30-34"])
    assert ["US-I247A-2"] == [cited["rule"] for cited in row["cited"]]
    assert [hold["kind"] for hold in row["holds"]] == ["immigration"]


def test_kept_rows_and_a_fold_in_memory_give_the_same_answer(custody, told) -> None:
    in_memory = custody("overholds", "--json").json
    assert 0 == custody("projections", "rebuild", "--model", "overholds").status

    assert in_memory == custody("overholds", "--json").json


def test_as_of_a_time_somebody_is_still_there_and_as_known_before_eligibility_nobody(custody, told) -> None:
    (row,) = custody("overholds", "--at", FREEBORN.at(5).isoformat(), "--json").json

    assert (300, "held", None) == (row["minutes"], row["status"], row["until"])
    assert [] == custody("overholds", "--at", FREEBORN.at(-1).isoformat(), "--json").json
    assert [] == custody("overholds", "--known", 2, "--json").json
    assert ["held"] == [row["status"] for row in custody("overholds", "--known", 3, "--json").json]


def test_as_of_a_time_a_hold_that_came_later_kept_nobody_yet_and_its_end_is_not_told(custody, tmp_path) -> None:
    file = tmp_path / "later.jsonl"
    events = [FREEBORN.form(), FREEBORN.eligible(), FREEBORN.episode(ReleasedToCommunity, 40)]
    hold = {"hold": "h", "kind": "immigration"}
    events += [FREEBORN.episode(HoldPlaced, 20, **hold), FREEBORN.episode(HoldEnded, 50, **hold)]
    file.write_bytes(b"".join(one + b"\n" for one in events))
    custody("import", "events", file)

    def as_of(hours: float) -> list[tuple[bool, list[str | None]]]:
        rows = custody("overholds", "--at", FREEBORN.at(hours).isoformat(), "--json").json
        return [(row["kept"], [hold["until"] for hold in row["holds"]]) for row in rows]

    expected = [[], [(False, [])], [(True, [None])], [(True, [None])], [(True, [FREEBORN.at(50).isoformat()])]]
    for _ in ("in memory", "kept"):
        assert expected == [as_of(hours) for hours in (1, 3, 30, 45, 60)]
        assert 0 == custody("projections", "rebuild", "--model", "overholds").status


def test_as_of_a_time_a_service_that_a_correction_moved_here_keeps_the_person(custody, tmp_path) -> None:
    served = {"facility": FREEBORN.facility, "episode": "e-9", "warrant": "I-200", "served_by": "wso_officer"}
    elsewhere = body(AdministrativeWarrantServed, "h-1", at=FREEBORN.at(1), agency=FREEBORN.agency, **served)
    fix = {"correctionof": json.loads(elsewhere)["id"], "replacement": {**served, "episode": "e-1"}}
    moved = body(EventCorrected, "r-1", agency=FREEBORN.agency, reason="clerical", **fix)
    file = tmp_path / "moved.jsonl"
    events = [FREEBORN.eligible(), elsewhere, moved, FREEBORN.episode(ReleasedToCommunity, 40)]
    file.write_bytes(b"".join(one + b"\n" for one in events))
    custody("import", "events", file)

    (row,) = custody("overholds", "--at", FREEBORN.at(30).isoformat(), "--json").json

    assert (True, "held", 30 * 60) == (row["kept"], row["status"], row["minutes"])


def test_facility_narrows_the_list_and_an_unknown_one_is_refused(custody, told) -> None:
    assert 1 == len(custody("overholds", "--facility", "mn-freeborn-jail", "--json").json)
    assert [] == custody("overholds", "--facility", "mn-anoka-jail", "--json").json
    assert 2 == custody("overholds", "--facility", "mn-fribourg-jail").status


def test_text_says_how_long_and_under_which_rules_and_that_none_prevails(custody, told) -> None:
    text = custody("overholds").out

    assert "1 episode kept past the moment release was due, as known at position 4" in text
    assert "30 h" in text
    assert "nothing here says which of them prevails" in text
    assert "still there" in custody("overholds", "--known", 3).out
