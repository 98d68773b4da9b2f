"""`custody findings` and the findings of a trail: what disagrees in a whole log, and in one case of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from adapters.simulator.stories import stories
from projections.finding import Kind


@pytest.fixture
def told(custody, tmp_path: Path) -> None:
    file = tmp_path / "stories.jsonl"
    file.write_bytes(b"".join(one + b"\n" for one in stories()))
    assert 0 == custody("import", "events", file).status


def test_findings_lists_what_disagrees_with_counts_cases_and_facilities(custody, told) -> None:
    document = custody("findings", "--json").json

    assert ["known", "at", "counts", "findings"] == list(document)
    assert dict(Counter(row["kind"] for row in document["findings"])) == document["counts"]
    keys = ["case", "facility", "kind", "decision_point", "rules", "events", "who", "words"]
    assert {tuple(keys)} == {tuple(row) for row in document["findings"]}
    lead = next(row for row in document["findings"] if row["kind"] == "notice_lead_short")
    assert ("episode/mn-freeborn-jail.story-1", "mn-freeborn-jail") == (lead["case"], lead["facility"])


def test_a_trail_shows_the_same_findings_as_the_whole_log_does_for_that_case(custody, told) -> None:
    rows = custody("findings", "--json").json["findings"]

    for case in {row["case"] for row in rows}:
        of_case = [
            {k: v for k, v in row.items() if k not in ("case", "facility")} for row in rows if row["case"] == case
        ]
        assert of_case == custody("trail", case, "--json").json["findings"]


def test_kind_and_facility_narrow_the_list(custody, told) -> None:
    rows = custody("findings", "--json").json["findings"]

    by_kind = custody("findings", "--kind", "notice_lead_short", "--json").json["findings"]
    by_place = custody("findings", "--facility", "mn-cook-jail", "--json").json["findings"]

    assert [row for row in rows if row["kind"] == "notice_lead_short"] == by_kind != []
    assert [row for row in rows if row["facility"] == "mn-cook-jail"] == by_place
    assert 2 == custody("findings", "--kind", "verdicts").status
    assert 2 == custody("findings", "--facility", "mn-fribourg-jail").status


def test_findings_as_of_a_time_or_as_known_leave_out_what_came_later(custody, told) -> None:
    whole = custody("findings", "--json").json["counts"]

    at = custody("findings", "--at", "2026-01-16T16:00", "--json").json
    known = custody("findings", "--known", "5", "--json").json

    assert "notice_lead_short" in at["counts"]
    assert sum(at["counts"].values()) < sum(whole.values())
    assert ("2026-01-16T16:00:00-06:00", 5) == (at["at"], known["known"])
    assert "notice_lead_short" in known["counts"]


def test_text_begins_with_the_counts_and_gives_each_sentence_with_its_events(custody, told) -> None:
    text = custody("findings").out

    assert text.splitlines()[0].endswith("findings, as known at position 22")
    assert "episode/mn-freeborn-jail.story-1, notice_lead_short (events 5)" in text
    assert "not a verdict" in text
    assert "what disagrees" in custody("trail", "mn-freeborn-jail.story-1").out


def test_an_empty_ledger_has_no_finding_and_says_what_that_means(custody) -> None:
    custody("init")

    ran = custody("findings")

    assert 0 == ran.status
    assert "Nothing recorded disagrees, or not enough is recorded to tell." in ran.out


def test_every_kind_stands_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs/findings.md").read_text()

    assert [] == [kind.value for kind in Kind if f"| `{kind.value}` |" not in page]
