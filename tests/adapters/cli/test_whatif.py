"""`custody whatif`: what would be decided otherwise, found without touching the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.case_batches import case_refs, cases_of
from adapters.store.ledger import Ledger
from projections.cases import Cases
from tests.adapters.cli.packs import failing_pack, small_pack


@pytest.fixture
def simulated(custody) -> None:
    assert custody("simulate", "--events", 1500, "--seed", 3).status == 0


def facts_file(folder: Path, text: str) -> Path:
    path = folder / "facts.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.usefixtures("simulated")
def test_changes_are_listed_with_totals_and_the_file_keeps_its_bytes(custody, path: Path, tmp_path: Path) -> None:
    before = {file.name: file.read_bytes() for file in path.parent.glob("custody.db*")}
    found = custody("whatif", "--pack", small_pack(tmp_path, "2"), "--json").json
    after = {file.name: file.read_bytes() for file in path.parent.glob("custody.db*")}

    assert before["custody.db"] == after["custody.db"]
    assert (found["known"], found["pack"]["published"], found["pack_if"]["version"]) == (1500, None, "2")
    assert 0 < found["changed"] == len(found["changes"]) <= found["decisions"]
    assert found["changed"] == sum(one["count"] for one in found["by_facility"])
    assert found["changed"] == sum(one["count"] for one in found["by_status"])
    change = next(one for one in found["changes"] if one["decision_point"] == "hold_past_release")
    assert {"ref", "facility", "decision_point", "at", "before", "after", "rules_added", "rules_removed"} == set(change)
    assert "MN-629.30-34" in change["rules_removed"]


@pytest.mark.usefixtures("simulated")
def test_the_pack_in_use_and_no_edits_change_nothing(custody) -> None:
    found = custody("whatif", "--pack", "us-mn", "--json").json
    assert found["decisions"] > 50
    assert (found["changed"], found["changes"], found["by_status"]) == (0, [], [])
    assert "0 of" in custody("whatif", "--pack", "us-mn").out


@pytest.mark.usefixtures("simulated")
def test_edited_facts_decide_anew_at_all_places_at_one_and_in_one_case(custody, tmp_path: Path) -> None:
    everywhere = facts_file(tmp_path, "judicial_warrant_recorded: true\n")
    holds = [
        change
        for change in custody("whatif", "--facts", everywhere, "--json").json["changes"]
        if change["decision_point"] == "hold_past_release"
    ]
    assert {change["before"] for change in holds} >= {"prohibited"}
    assert all(change["after"] != "prohibited" for change in holds)

    facility, ref = holds[0]["facility"], holds[0]["ref"]
    narrower = f"{facility}: {{judicial_warrant_recorded: true}}\nmn-togo-jail: {{}}\n".replace(
        "mn-togo-jail", "episode/x"
    )
    there = custody("whatif", "--facts", facts_file(tmp_path, narrower), "--json").json
    assert {change["facility"] for change in there["changes"]} == {facility}
    assert there["not_met"] == ["episode/x"]

    one_case = custody(
        "whatif", "--facts", facts_file(tmp_path, f"{ref}: {{judicial_warrant_recorded: true}}"), "--json"
    )
    assert {change["ref"] for change in one_case.json["changes"]} == {ref}
    assert "MN-629.30-34" in custody("whatif", "--facts", everywhere).out


@pytest.mark.usefixtures("simulated")
def test_a_fact_taken_away_makes_what_hung_on_it_open(custody, tmp_path: Path) -> None:
    found = custody("whatif", "--facts", facts_file(tmp_path, "judicial_warrant_recorded: null\n"), "--json").json
    assert ("prohibited", "undetermined") in {(one["before"], one["after"]) for one in found["by_status"]}


@pytest.mark.usefixtures("simulated")
def test_a_slice_has_only_what_may_have_arisen_within_it(custody) -> None:
    everything = custody("whatif", "--pack", "us", "--json").json
    until = custody("whatif", "--pack", "us", "--until", "2025-12-31", "--json").json
    since = custody("whatif", "--pack", "us", "--from", "2026-01-01", "--json").json

    assert 0 < until["decisions"] < everything["decisions"]
    assert until["decisions"] + since["decisions"] >= everything["decisions"]
    assert until["until"] == "2025-12-31T23:59:59-06:00"
    assert since["from"] == "2026-01-01T00:00:00-06:00"
    exact = [change["at"] for change in until["changes"] if isinstance(change["at"], str)]
    assert exact
    assert max(exact) < "2026-01-01"


@pytest.mark.usefixtures("simulated")
def test_as_known_earlier_only_what_was_known_then_is_decided(custody) -> None:
    then = custody("whatif", "--pack", "us", "--known", 700, "--json").json
    assert then["known"] == 700
    assert 0 < then["decisions"] < custody("whatif", "--pack", "us", "--json").json["decisions"]


def test_a_pack_that_fails_its_own_tests_may_be_asked_about_and_is_said_to(custody, tmp_path: Path) -> None:
    custody("init")
    path = failing_pack(tmp_path)
    assert custody("whatif", "--pack", path, "--json").json["failed_tests"] != []
    assert "`rules test` lists them" in custody("whatif", "--pack", path).out


def test_a_published_pack_is_named_by_version_or_digest_and_other_names_are_refused(custody, tmp_path: Path) -> None:
    custody("init")
    custody("rules", "publish", small_pack(tmp_path, "1"))
    digest = custody("rules", "history", "--json").json[0]["digest"]

    for name in ("1", "us-mn@1", digest, digest[:8]):
        assert custody("whatif", "--pack", name, "--json").json["pack_if"]["published"] == 2
    for name in ("2", digest[:7], "us-mn@2"):
        assert custody("whatif", "--pack", name, "--json").json["error"]["code"] == "unknown_pack"


def test_a_version_that_several_published_packs_have_is_refused(custody) -> None:
    custody("init")
    custody("rules", "publish", "us-mn")
    version = custody("rules", "history", "--json").json[0]["version"]
    ran = custody("whatif", "--pack", version, "--json")
    assert (2, "ambiguous_pack") == (ran.status, ran.json["error"]["code"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("warrant: true", "bad_facts"),
        ("judicial_warrant_recorded: 1", "bad_facts"),
        ("detainer_form: I-9", "bad_facts"),
        ("mn-nowhere-jail: {judicial_warrant_recorded: true}", "bad_facts"),
        ("mn-cass-jail: {warrant: true}", "bad_facts"),
        ("- a list", "bad_facts"),
        ("a: {b: [", "bad_yaml"),
    ],
)
def test_a_file_of_facts_with_a_mistake_is_refused(custody, tmp_path: Path, text: str, code: str) -> None:
    custody("init")
    ran = custody("whatif", "--facts", facts_file(tmp_path, text), "--json")
    assert (2, code) == (ran.status, ran.json["error"]["code"])


def test_neither_pack_nor_facts_and_a_missing_file_are_refused(custody, tmp_path: Path) -> None:
    custody("init")
    assert custody("whatif", "--json").json["error"]["code"] == "usage"
    assert custody("whatif", "--facts", tmp_path / "none.yaml", "--json").json["error"]["code"] == "unreadable"
    (tmp_path / "latin.yaml").write_bytes(b"detainer_form: \xe9")
    assert custody("whatif", "--facts", tmp_path / "latin.yaml", "--json").json["error"]["code"] == "bad_encoding"


@pytest.mark.usefixtures("simulated")
def test_cases_in_batches_are_the_cases_of_the_whole_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.case_batches.CASES_A_BATCH", 7)
    ledger = Ledger.open_to_read(path)
    whole = Cases()
    for event in ledger.recorded():
        whole.apply(event)
    in_batches = list(cases_of(ledger, case_refs(ledger), ledger.position()))
    ledger.close()

    positions = {case.ref: [event.position for event in case.events] for case in in_batches}
    assert positions == {case.ref: [event.position for event in case.events] for case in whole}
    assert len(in_batches) > 50
