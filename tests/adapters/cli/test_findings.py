"""`custody findings` and the findings of a trail: what disagrees in a log, or a case, and what agencies say to it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from adapters.findings import act
from adapters.simulator.stories import stories
from adapters.store.ledger import Ledger
from domain.errors import InputRefused
from domain.events.detainer import DetainerLifted, DetainerPrepared
from domain.events.episode import SubjectBooked
from domain.events.record import EventCorrected, EventRetracted
from projections.finding import Kind
from projections.finding_workflow import Command, Workflow
from tests.builders import MONDAY, body

KEYS = [
    "id", "kind", "about", "opened", "state", "case", "facility", "decision_point", "rules", "events", "who", "words",
    "answers", "closed",
]  # fmt: skip
FREEBORN = "mn-freeborn-sheriff"


@pytest.fixture
def told(custody, tmp_path: Path) -> None:
    file = tmp_path / "stories.jsonl"
    file.write_bytes(b"".join(one + b"\n" for one in stories()))
    assert 0 == custody("import", "events", file).status


@pytest.fixture
def lead(custody, told) -> dict[str, Any]:
    """A finding that names one agency: its notice was short."""
    found = custody("findings", "--kind", "notice_lead_short", "--json").json
    return next(row for row in found if row["who"] == [FREEBORN])


def test_findings_lists_what_disagrees_with_its_id_its_case_and_since_when_it_could_be_known(custody, lead) -> None:
    rows = custody("findings", "--json").json

    assert {tuple(KEYS)} == {tuple(row) for row in rows}
    assert len(rows) == len({row["id"] for row in rows})
    assert ("episode/mn-freeborn-jail.story-1", "mn-freeborn-jail") == (lead["case"], lead["facility"])
    assert lead["about"][0] == lead["case"]
    assert lead["events"][-1] == lead["opened"]["position"]
    assert ("open", [], None) == (lead["state"], lead["answers"], lead["closed"])


def test_summary_has_the_numbers_alone(custody, told) -> None:
    rows = custody("findings", "--json").json

    numbers = custody("findings", "--summary", "--json").json

    assert ["known", "at", "counts", "states"] == list(numbers)
    assert dict(Counter(row["kind"] for row in rows)) == numbers["counts"]
    assert {"open": len(rows)} == numbers["states"]
    assert "notice_lead_short" in custody("findings", "--summary").out


def test_a_trail_shows_the_same_findings_as_the_whole_log_does_for_that_case(custody, told) -> None:
    rows = custody("findings", "--json").json

    for case in {row["case"] for row in rows}:
        of_case = [row for row in rows if row["case"] == case]
        assert of_case == custody("trail", case, "--json").json["findings"]


def test_a_trail_asked_for_by_the_detainer_shows_the_ids_of_the_episode(custody, told) -> None:
    whole = custody("trail", "mn-freeborn-jail.story-1", "--json").json
    form = next(event["stream"] for event in whole["events"] if event["stream"].startswith("detainer/"))

    asked = custody("trail", form, "--json").json["findings"]

    assert {row["id"] for row in whole["findings"]} == {row["id"] for row in asked} != set()


def test_a_lift_told_by_an_agency_that_is_no_side_counts_and_is_one_finding_wherever_it_is_looked_at(
    custody, tmp_path
) -> None:
    about = {"subject": "s-1", "facility": "mn-aitkin-jail"}
    file = tmp_path / "detainer.jsonl"
    told = [
        body(SubjectBooked, "e-1", agency="mn-aitkin-sheriff", **about),
        body(DetainerPrepared, "d-1", agency="us-ice", episode="e-1", form="I-247A", **about),
        body(DetainerLifted, "d-1", lift_reason_as_printed="Case Closed", asserted_by="us-ice"),
    ]
    file.write_bytes(b"".join(one + b"\n" for one in told))
    custody("import", "events", file)

    (listed,) = custody("findings", "--kind", "detainer_told_by_another", "--json").json
    trails = [custody("trail", ref, "--json").json["findings"] for ref in ("episode/e-1", "detainer/d-1")]
    answered = custody(
        "findings", "answer", listed["id"], "--agency", "us-ice", "--words", "It was not lifted.", "--json"
    )

    assert ["lifted"] == [row["status"] for row in custody("detainers", "--json").json]
    assert ("detainer/d-1", ["mn-aitkin-sheriff", "mn-cass-sheriff", "us-ice"]) == (listed["case"], listed["who"])
    assert [[listed], [listed]] == [[row for row in rows if row["kind"] == listed["kind"]] for rows in trails]
    assert "answered" == answered.json["state"]


def test_kind_facility_and_state_narrow_the_list(custody, told) -> None:
    rows = custody("findings", "--json").json

    by_kind = custody("findings", "--kind", "notice_lead_short", "--json").json
    by_place = custody("findings", "--facility", "mn-cook-jail", "--json").json

    assert [row for row in rows if row["kind"] == "notice_lead_short"] == by_kind != []
    assert [row for row in rows if row["facility"] == "mn-cook-jail"] == by_place
    assert (rows, []) == tuple(custody("findings", "--state", state, "--json").json for state in ("open", "closed"))
    assert 2 == custody("findings", "--kind", "verdicts").status
    assert 2 == custody("findings", "--facility", "mn-fribourg-jail").status


def test_findings_as_of_a_time_or_as_known_leave_out_what_came_later(custody, told) -> None:
    whole = custody("findings", "--summary", "--json").json["counts"]

    at = custody("findings", "--at", "2026-01-16T16:00", "--summary", "--json").json
    known = custody("findings", "--known", "5", "--summary", "--json").json

    assert "notice_lead_short" in at["counts"]
    assert sum(at["counts"].values()) < sum(whole.values())
    assert ("2026-01-16T16:00:00-06:00", 5) == (at["at"], known["known"])
    assert "notice_lead_short" in known["counts"]


def test_an_id_stays_the_same_while_later_events_add_nothing_to_the_finding(custody, told) -> None:
    now = {row["id"]: row for row in custody("findings", "--json").json}

    for known in range(1, 23):
        for row in custody("findings", "--known", known, "--json").json:
            later = now.get(row["id"])
            if later and later["events"] == row["events"]:
                assert row == later
            elif row["about"] in [one["about"] for one in now.values()]:
                assert later is not None


def test_a_finding_that_a_correction_brought_is_opened_where_the_correction_stands(custody, tmp_path, lead) -> None:
    sent = next(event for event in custody("trail", lead["case"], "--json").json["events"] if event["position"] == 5)
    fix = body(
        EventCorrected,
        "r-1",
        agency=FREEBORN,
        correctionof=sent["id"],
        reason="clerical",
        replacement={**sent["data"], "lead_minutes": 30},
    ).replace(f"agency:{FREEBORN}".encode(), sent["source"].encode())
    file = tmp_path / "fix.jsonl"
    file.write_bytes(fix + b"\n")
    custody("import", "events", file)

    row = next(row for row in custody("findings", "--json").json if row["id"] == lead["id"])

    assert (5, 23) == (lead["opened"]["position"], row["opened"]["position"])
    assert "30 min" in row["words"]


def test_an_agency_that_is_named_answers_and_closes_once_and_the_past_stays_as_it_was_known(custody, lead) -> None:
    answered = custody("findings", "answer", lead["id"], "--agency", FREEBORN, "--words", "Bail came late.", "--json")
    closed = custody("findings", "close", lead["id"], "--agency", FREEBORN, "--outcome", "explained", "--json")

    assert (0, 0) == (answered.status, closed.status)
    assert ("answered", [{"agency": FREEBORN, "position": 24, "words": "Bail came late."}]) == (
        answered.json["state"],
        answered.json["answers"],
    )
    assert ("closed", {"agency": FREEBORN, "position": 25, "outcome": "explained"}) == (
        closed.json["state"],
        closed.json["closed"],
    )
    shown = custody("findings", "show", lead["id"], "--json").json
    assert shown == closed.json
    assert ["opened", "explained", "closed"] == [one["event"].rpartition("_")[2] for one in shown["workflow"]]
    states = [
        {row["id"]: row["state"] for row in custody("findings", "--known", known, "--json").json}[lead["id"]]
        for known in (22, 23, 24, 25)
    ]
    assert ["open", "open", "answered", "closed"] == states
    assert lead == next(row for row in custody("findings", "--known", 22, "--json").json if row["id"] == lead["id"])


def test_what_is_closed_is_neither_answered_nor_closed_again(custody, path, lead) -> None:
    custody("findings", "close", lead["id"], "--agency", "rules-registrar", "--outcome", "explained")
    before = Ledger.open_to_read(path).position()

    again = custody("findings", "close", lead["id"], "--agency", FREEBORN, "--outcome", "explained", "--json")
    late = custody("findings", "answer", lead["id"], "--agency", FREEBORN, "--words", "But", "--json")

    assert [(2, "finding_closed")] * 2 == [(ran.status, ran.json["error"]["code"]) for ran in (again, late)]
    assert before == Ledger.open_to_read(path).position()


def test_what_was_closed_is_open_again_while_what_it_rests_on_stands_corrected(custody, tmp_path, lead) -> None:
    def row() -> tuple[str, str | None]:
        (now,) = (one for one in custody("findings", "--json").json if one["id"] == lead["id"])
        shown = custody("findings", "show", lead["id"], "--json").json
        assert now.items() <= shown.items()
        return now["state"], now["closed"] and now["closed"]["outcome"]

    def close(outcome: str) -> int:
        return custody("findings", "close", lead["id"], "--agency", FREEBORN, "--outcome", outcome).status

    def add(event: bytes) -> None:
        file = tmp_path / "one.jsonl"
        file.write_bytes(event + b"\n")
        assert 0 == custody("import", "events", file).status

    close("explained")
    sent = next(event for event in custody("trail", lead["case"], "--json").json["events"] if event["position"] == 5)
    synthetic = (f"agency:{FREEBORN}".encode(), sent["source"].encode())
    about = {"correctionof": sent["id"], "replacement": {**sent["data"], "lead_minutes": 30}}
    fix = body(EventCorrected, "r-1", agency=FREEBORN, reason="clerical", **about).replace(*synthetic)
    add(fix)
    assert ("open", None) == row()

    assert 0 == close("explained_again")
    assert ("closed", "explained_again") == row()
    assert 2 == close("explained_again")

    undone = {"correctionof": json.loads(fix)["id"], "reason": "clerical"}
    add(body(EventRetracted, "r-2", agency=FREEBORN, **undone).replace(*synthetic))
    assert ("closed", "explained") == row()


def test_only_whom_it_names_or_the_register_of_rules_may_act_and_only_on_what_is_there(custody, lead) -> None:
    other = custody("findings", "answer", lead["id"], "--agency", "mn-cook-sheriff", "--words", "No", "--json")
    nothing = custody("findings", "answer", "0" * 20, "--agency", FREEBORN, "--words", "No", "--json")
    empty = custody("findings", "answer", lead["id"], "--agency", FREEBORN, "--words", "", "--json")

    assert [(2, "not_named"), (2, "unknown_finding"), (2, "schema")] == [
        (ran.status, ran.json["error"]["code"]) for ran in (other, nothing, empty)
    ]
    assert 2 == custody("findings", "show", "0" * 20).status


def test_two_who_act_on_the_same_state_cannot_both_succeed(custody, path, lead) -> None:
    ledger = Ledger.open_to_write(path)
    first, second = (Command(lead, Workflow(), 0, agency, MONDAY) for agency in (FREEBORN, "rules-registrar"))
    act(ledger, first, words=None, outcome="explained")

    with pytest.raises(InputRefused) as refused:
        act(ledger, second, words="Wait.", outcome=None)

    assert "finding_moved" == refused.value.code
    assert 24 == ledger.position()


def test_an_answer_may_be_retracted_and_the_finding_is_open_again(custody, tmp_path, lead) -> None:
    custody("findings", "answer", lead["id"], "--agency", FREEBORN, "--words", "Not ours.")
    answer = custody("log", "--from", 24).out
    event_id = answer.partition('"id":"')[2][:36]
    file = tmp_path / "retracted.jsonl"
    file.write_bytes(body(EventRetracted, "r-1", agency=FREEBORN, correctionof=event_id, reason="clerical") + b"\n")
    custody("import", "events", file)

    assert "open" == custody("findings", "show", lead["id"], "--json").json["state"]
    again = custody("findings", "answer", lead["id"], "--agency", FREEBORN, "--words", "Ours.", "--json").json
    assert [("answered", "Ours.")] == [(again["state"], one["words"]) for one in again["answers"]]


def test_a_finding_that_arises_no_more_still_shows_what_was_said_of_it(custody, tmp_path, lead) -> None:
    custody("findings", "answer", lead["id"], "--agency", FREEBORN, "--words", "Bail came late.")
    assert "explained (position 24): Bail came late." in custody("findings", "show", lead["id"]).out
    sent = next(event for event in custody("trail", lead["case"], "--json").json["events"] if event["position"] == 5)
    taken_back = body(EventRetracted, "r-1", agency=FREEBORN, correctionof=sent["id"], reason="clerical")
    file = tmp_path / "retracted.jsonl"
    file.write_bytes(taken_back.replace(f"agency:{FREEBORN}".encode(), sent["source"].encode()) + b"\n")
    custody("import", "events", file)

    shown = custody("findings", "show", lead["id"], "--json").json

    assert (False, "answered", 2) == (shown["arises"], shown["state"], len(shown["workflow"]))
    assert lead["id"] not in {row["id"] for row in custody("findings", "--json").json}
    assert "does not arise" in custody("findings", "show", lead["id"]).out
    more = custody("findings", "answer", lead["id"], "--agency", FREEBORN, "--words", "More.", "--json")
    assert (2, "unknown_finding") == (more.status, more.json["error"]["code"])


def test_text_begins_with_the_counts_and_gives_each_sentence_with_its_events_and_id(custody, lead) -> None:
    text = custody("findings").out

    assert text.splitlines()[0].endswith("findings, as known at position 22")
    assert f"episode/mn-freeborn-jail.story-1, notice_lead_short (events 5)  [{lead['id']}]" in text
    assert "not a verdict" in text
    assert lead["id"] in custody("trail", "mn-freeborn-jail.story-1").out


def test_an_empty_ledger_has_no_finding_and_says_what_that_means(custody) -> None:
    custody("init")

    ran = custody("findings")

    assert 0 == ran.status
    assert "Nothing recorded disagrees, or not enough is recorded to tell." in ran.out


def test_every_kind_stands_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs/findings.md").read_text()

    assert [] == [kind.value for kind in Kind if f"| `{kind.value}` |" not in page]
