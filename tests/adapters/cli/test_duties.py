"""`custody duties`: what an agency owes, by when, under which rule, as of a time and as known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.events.episode import NationalityInquired
from tests.projections.test_decisions import Case
from tests.projections.test_duties import committed, notice, received

PRISON, JAIL = Case("mn-doc-stillwater"), Case("mn-anoka-jail")
KEYS = {
    "duty", "episode", "facility", "owed_by", "rule", "modality", "derived", "started", "due", "clock", "done",
    "withheld", "status", "lead_minutes", "detainer", "subject", "events",
}  # fmt: skip


@pytest.fixture
def told(custody, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    events = [JAIL.form(hours=-60), received(JAIL, -59), notice(JAIL, -7), committed(PRISON).replace(b"e-1", b"e-2")]
    file.write_bytes(b"".join(one + b"\n" for one in events))
    assert 0 == custody("import", "events", file).status


def rows(ran) -> list[tuple[str, str | None, str]]:
    return [(row["duty"], row["rule"], row["status"]) for row in ran.json]


def test_duties_have_their_rule_by_when_they_are_due_and_whether_they_were_done(custody, told) -> None:
    listed = custody("duties", "--json").json

    assert {frozenset(KEYS)} == {frozenset(row) for row in listed}
    lead = next(row for row in listed if row["rule"] == "US-I247A-1")
    assert ("e-1", "mn-anoka-jail", "mn-anoka-sheriff", "late", 420) == tuple(
        lead[key] for key in ("episode", "facility", "owed_by", "status", "lead_minutes")
    )


def test_an_agency_asks_what_it_owes(custody, told) -> None:
    assert [("ask_status", "MN-631.50", "open"), ("commitment_notice", "MN-631.50", "not_known")] == [
        row for row in rows(custody("duties", "--agency", "mn-doc", "--open", "--json")) if row[1] == "MN-631.50"
    ]
    sheriff = rows(custody("duties", "--agency", "mn-anoka-sheriff", "--open", "--json"))
    assert [("answer_detainer", None, "open"), ("serve_detainer", "US-I247A-3", "open")] == sheriff
    ran = custody("duties", "--agency", "mn-nobody", "--json")
    assert (2, "unknown_agency") == (ran.status, ran.json["error"]["code"])


def test_a_facility_that_the_agency_does_not_run_has_none_of_its_duties(custody, told) -> None:
    assert [] == custody("duties", "--agency", "mn-doc", "--facility", "mn-anoka-jail", "--json").json
    assert {"e-1"} == {row["episode"] for row in custody("duties", "--facility", "mn-anoka-jail", "--json").json}
    assert 2 == custody("duties", "--facility", "mn-fribourg-jail").status


def test_as_of_a_time_or_as_known_nothing_later_counts(custody, told) -> None:
    at = rows(custody("duties", "--at", JAIL.at(-20).isoformat(), "--facility", "mn-anoka-jail", "--json"))
    known = custody("duties", "--known", 2, "--json").json

    assert ["open"] == [status for _, rule, status in at if rule == "US-8CFR-287.7a"]
    assert {None} == {row["done"] for row in known}


def test_as_of_a_time_before_the_answer_notice_is_owed_since_commitment(custody, told, tmp_path) -> None:
    answered = PRISON.episode(NationalityInquired, 30, result="non_citizen").replace(b"e-1", b"e-2")
    file = tmp_path / "answer.jsonl"
    file.write_bytes(answered + b"\n")
    custody("import", "events", file)

    def started(at: str) -> set[str]:
        listed = custody("duties", "--at", at, "--json").json
        return {row["started"] for row in listed if row["duty"] == "commitment_notice"}

    before, after = (PRISON.at(hours).isoformat() for hours in (29, 31))
    assert [{json.loads(committed(PRISON))["time"]}, {PRISON.at(30).isoformat()}] == [started(before), started(after)]


def test_kept_rows_and_a_fold_in_memory_give_the_same_answer(custody, told) -> None:
    in_memory = custody("duties", "--json").json
    assert 0 == custody("projections", "rebuild", "--model", "duties").status

    assert in_memory == custody("duties", "--json").json


def test_text_says_what_is_a_request_and_what_no_rule_asks_for(custody, told) -> None:
    text = custody("duties").out

    assert "US-I247A-1 (request)" in text
    assert "no rule of the pack" in text
    assert "A request asks and does not oblige" in text
    assert "No duty is recorded as begun." in custody("duties", "--facility", "mn-cook-jail").out
