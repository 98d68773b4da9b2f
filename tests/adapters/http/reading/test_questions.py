"""Every question over HTTP gives what the Python call gives, a page at a time, on both clocks."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from adapters.cli.main import status
from adapters.deciding import deciding
from adapters.http.reading.cursors import Cursor
from adapters.places.register import minnesota_register
from adapters.questions.ask import Questions, open_questions
from adapters.questions.coverage import coverage_at
from adapters.questions.disagreeing import disagreeing
from adapters.questions.knowledge import moment_of
from adapters.questions.overheld import overheld
from adapters.questions.owing import owing
from adapters.simulator.run import simulate
from adapters.store.ledger import Ledger, system_clock
from domain.envelope import admit
from tests.adapters.http.reading.conftest import FREEBORN, STORY, Ask

AT = "2026-01-17T12:00"
AFTER = "2026-01-19T12:00"  # when somebody had been handed over


def walked(ask: Ask, path: str, **params: Any) -> list[dict[str, Any]]:
    """Follow `next_url` to the end."""
    page = ask(path, **params).json()
    rows = page["rows"]
    while page["next_url"]:
        page = ask(page["next_url"]).json()
        rows += page["rows"]
    return rows


@pytest.fixture(scope="module")
def known(ask: Ask) -> int:
    return ask("tree").json()["size"]


def test_a_facilitys_state_is_that_of_the_python_call(ask: Ask, place: Path, known: int) -> None:
    with open_questions(place) as questions:
        expected = questions.state(FREEBORN, at=AT, known=known).as_json()

    assert expected == ask(f"facilities/{FREEBORN}/state", at=AT).json()
    assert 1 == expected["count"]
    assert 0 == ask(f"facilities/{FREEBORN}/state", at=AT, known=0).json()["count"]


@pytest.mark.parametrize("at", [None, AT])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_pages_of_every_table_are_its_rows_each_once(ask: Ask, place: Path, known: int, at, size) -> None:
    asked_at = {"at": at} if at else {}
    for described in ask("tables").json():
        table = described["table"]
        if size == 1 and (at or table not in ("holds", "handoffs")):
            continue
        with open_questions(place) as questions:
            expected = questions.rows(table, known=known, **asked_at)
        pages = walked(ask, f"tables/{table}", size=size, known=known, **asked_at)
        assert sorted(map(str, expected)) == sorted(map(str, pages)), table
        keys = [row[next(iter(described["columns"]))] for row in pages]
        assert sorted(keys) == keys


def test_a_list_goes_on_at_the_position_and_moment_at_which_it_began(ask: Ask, known: int) -> None:
    first = ask("tables/custody", size=2, known=100).json()

    following = ask("tables/custody", size=2, next_=first["next"]).json()

    assert 100 == following["known"] == first["known"]
    assert "known=100" in first["next_url"]
    assert "bad_cursor" == ask("tables/custody", next_=first["next"], known=known).json()["code"]
    assert "bad_cursor" == ask("tables/custody", next_=first["next"], at="2026-01-17").json()["code"]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "bnVsbA", "W10", "é", "WzEwMCxudWxsLCIiLC0xXQ"])
def test_what_is_no_cursor_is_refused(ask: Ask, cursor: str) -> None:
    answered = ask("tables/custody", next_=cursor)

    assert (400, "bad_cursor") == (answered.status_code, answered.json()["code"])


def test_too_large_a_page_is_refused_and_not_cut(ask: Ask) -> None:
    answered = ask("tables/custody", size=1001)

    assert (400, "bad_parameter", "query.size") == (answered.status_code, *map(answered.json().get, ("code", "where")))


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("counts/N0/rows", "ref"),
        ("counts/N8/rows", "ref"),
        ("overholds", "episode"),
        ("duties", "episode"),
        ("handoffs", "handoff"),
        ("findings", "id"),
    ],
)
def test_what_is_listed_of_persons_comes_as_csv_and_as_parquet_too(ask: Ask, path: str, key: str) -> None:
    rows = ask(path, at=AFTER).json()["rows"]
    as_csv, as_parquet = (
        ask(path, at=AFTER, headers={"Accept": one}) for one in ("text/csv", "application/vnd.apache.parquet")
    )

    assert rows
    listed = list(csv.DictReader(io.StringIO(as_csv.text)))
    assert [row[key] for row in rows] == [row[key] for row in listed]
    read = parquet.read_table(io.BytesIO(as_parquet.content)).to_pylist()
    assert [row["events"] for row in rows] == [row["events"] for row in read]


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("findings", {}),
        ("hindsight", {}),
        ("determinations", {"ref": f"episode/{STORY}"}),
        ("history", {"ref": FREEBORN}),
        ("diff", {"before": 5}),
        ("rules", {}),
        ("rules/packs", {}),
        ("rules/coverage", {}),
        ("overholds", {}),
        ("duties", {}),
        ("handoffs", {}),
        ("agreements", {}),
    ],
)
def test_every_list_has_the_same_columns_in_each_form(ask: Ask, path: str, named: dict[str, Any]) -> None:
    rows = ask(path, **named).json()["rows"]
    as_csv = ask(path, headers={"Accept": "text/csv"}, **named)
    as_parquet = ask(path, headers={"Accept": "application/vnd.apache.parquet"}, **named)

    read = parquet.read_table(io.BytesIO(as_parquet.content))
    assert len(rows) == len(list(csv.DictReader(io.StringIO(as_csv.text)))) == len(read)
    assert next(csv.reader(io.StringIO(as_csv.text))) == read.column_names
    bare = {name.removesuffix(end) for name in read.column_names for end in ("", "_earliest", "_latest", "_precision")}
    assert all(set(row) <= bare for row in rows)


def test_a_table_comes_as_csv_and_as_parquet_with_typed_columns(ask: Ask) -> None:
    rows = ask("tables/holds", size=5).json()["rows"]

    as_csv = ask("tables/holds", headers={"Accept": "text/csv"}, size=5)
    as_parquet = ask("tables/holds", headers={"Accept": "application/vnd.apache.parquet"}, size=5)

    assert [row["episode"] for row in rows] == [row["episode"] for row in csv.DictReader(io.StringIO(as_csv.text))]
    table = parquet.read_table(io.BytesIO(as_parquet.content))
    assert [row["episode"] for row in rows] == table.column("episode").to_pylist()
    assert "timestamp[us, tz=UTC]" == str(table.schema.field("valid_from").type)
    assert 'rel="next"' in as_csv.headers["link"]
    assert 406 == ask("tables/holds", headers={"Accept": "image/png"}).status_code
    assert "application/json" == ask("tables/holds", headers={"Accept": "image/png, */*;q=0.1"}).headers["content-type"]


def test_a_case_is_told_explained_and_gone_through_on_both_clocks(ask: Ask, place: Path, known: int) -> None:
    with open_questions(place) as questions:
        determined = list(questions.determinations(STORY, known=known))
        versions = [one.as_json() for one in questions.history(STORY, known=known)]

    trail = ask("trail", ref=STORY).json()
    assert f"episode/{STORY}" == trail["ref"]
    assert {"undetermined"} <= {decision["status"] for decision in trail["decisions"]}
    (explained,) = ask("explain", ref=STORY, decision_point="hold_past_release").json()
    assert "undetermined" == explained["status"]
    assert determined == walked(ask, "determinations", ref=STORY, size=3)
    assert versions == walked(ask, "history", ref=STORY, size=2)
    assert "point_not_arisen" == ask("explain", ref=STORY, decision_point="enter_agreement").json()["code"]
    assert 404 == ask("trail", ref="nothing").status_code


def test_what_changed_is_told_between_two_positions_and_since_one(ask: Ask, place: Path, known: int) -> None:
    with open_questions(place) as questions:
        changes = [one.as_json() for one in questions.diff(20, known)]

    assert changes == walked(ask, "diff", before=20, size=50)
    assert 100 == ask("since", after=20, known=100).json()["position"]
    assert [] == walked(ask, "diff", before=known)
    assert {"late", "agencies"} <= ask("late", over_minutes=60).json().keys()
    assert isinstance(walked(ask, "hindsight", ref=STORY), list)


def test_what_is_new_comes_some_events_at_a_time_with_what_these_changed(ask: Ask, place: Path) -> None:
    with open_questions(place) as questions:
        events = [one.as_json() for one in questions.since(20).events if one.position <= 90]
        roots = [questions._asked.ledger.root_at(position) for position in (50, 80, 90)]
        stretches = [(20, 50), (50, 80), (80, 90)]
        expected = [[one.as_json() for one in questions.diff(*stretch)] for stretch in stretches]

    pages = [ask("since", after=20, known=90, size=30).json()]
    while pages[-1]["next_url"]:
        pages.append(ask(pages[-1]["next_url"]).json())

    assert stretches == [(page["since"], page["position"]) for page in pages]
    assert expected == [page["changes"] for page in pages]
    assert roots == [page["root"] for page in pages]
    assert events == [event for page in pages for event in page["events"]]
    assert {90} == {page["known"] for page in pages}
    back = ask("since", after=90, known=40).json()
    assert ([], 40, None) == (back["events"], back["position"], back["next"])


@pytest.mark.parametrize(("skip", "code"), [(10**9, "unknown_position"), (2**60, "bad_cursor")])
def test_a_cursor_made_up_leads_nowhere(ask: Ask, skip: int, code: str) -> None:
    answered = ask("since", after=20, next_=Cursor(40, None, "", skip).text())

    assert (400, code) == (answered.status_code, answered.json()["code"])


def test_what_the_rules_say_is_told_of_every_custodian_a_page_at_a_time(ask: Ask, place: Path, known: int) -> None:
    with open_questions(place) as questions:
        asked = questions._asked
        by = deciding(asked.ledger, known)
        expected = [cell.as_json() for cell in coverage_at(asked, by, moment_of(AT))]

    assert expected == walked(ask, "rules/coverage", at=AT, size=700)
    (cell,) = ask("rules/coverage", "public", facility=FREEBORN, decision_point="hold_past_release", at=AT).json()[
        "rows"
    ]
    assert (FREEBORN, "hold_past_release") == (cell["facility"], cell["decision_point"])
    county = ask("rules/coverage", county="freeborn", at=AT, size=1000).json()["rows"]
    assert county == [one for one in expected if one["facility"] == FREEBORN]
    as_csv = ask("rules/coverage", headers={"Accept": "text/csv"}, facility=FREEBORN, at=AT)
    assert len(county) == len(list(csv.DictReader(io.StringIO(as_csv.text))))
    assert 422 == ask("rules/coverage", county="Nowhere").status_code


def test_how_coverage_changed_is_told_on_both_clocks(ask: Ask) -> None:
    rows = walked(ask, "rules/coverage/history", facility=FREEBORN, size=20)

    assert {"valid_from", "valid_to", "known_from", "known_to"} <= rows[0].keys()
    within = walked(ask, "rules/coverage/history", facility=FREEBORN, **{"from": "2026-01-01"})
    assert 0 < len(within) < len(rows)
    assert {"2026-01-01T00:00:00-06:00"} <= {row["valid_from"] for row in within}


def test_the_registry_is_told_with_versions_and_differences(ask: Ask) -> None:
    rules = walked(ask, "rules", size=40, at=AT)
    one = ask(f"rules/{rules[0]['id']}", "public").json()

    assert len(rules) > 40
    assert {name: value for name, value in rules[0].items() if name != "in_force_at"}.items() <= one.items()
    assert {"yes", "no", "perhaps"} >= {rule["in_force_at"] for rule in rules}
    assert {"hold_past_release"} <= {
        point for row in walked(ask, "rules", decision_point="hold_past_release") for point in row["decision_points"]
    }
    assert [] == ask("rules/packs").json()["rows"]
    differs = ask("rules/differences", before="us", after="us-mn").json()
    assert ("us", "us-mn") == (differs["before"]["id"], differs["after"]["id"])
    assert differs["added"]
    assert 404 == ask("rules/nothing").status_code
    assert "unknown_pack" == ask("rules/differences", before="README.md", after="us").json()["code"]


def test_what_if_is_asked_of_a_facilitys_latest_cases_then_of_those_before(ask: Ask, place: Path, known: int) -> None:
    asked_of = {"facility": "mn-hennepin-jail", "fact": "agreement_wso", "value": "yes", "at": "2026-01-20"}
    pages = [ask("whatif", size=3, **asked_of).json()]
    while pages[-1]["next_url"]:
        pages.append(ask(pages[-1]["next_url"]).json())

    whole = ask("whatif", size=100, **asked_of).json()
    assert whole["cases"] == [case for page in pages for case in page["cases"]]
    assert whole["changes"] == [change for page in pages for change in page["changes"]]
    assert whole["decisions"] == sum(page["decisions"] for page in pages)
    with open_questions(place) as questions:
        stays = {
            f"episode/{row['episode']}" for row in questions.rows("custody", facility="mn-hennepin-jail", known=known)
        }
    assert stays == set(whole["cases"])
    assert "bad_facts" == ask("whatif", facility=FREEBORN, fact="agreement_wso", value="perhaps").json()["code"]


def test_agreements_are_a_list_by_agency_and_model_and_a_table(ask: Ask) -> None:
    assert [] == ask("agreements", "public").json()["rows"]
    as_csv = ask("agreements", headers={"Accept": "text/csv"})
    assert {"agency_id", "model", "corrections", "sheets"} <= set(next(csv.reader(io.StringIO(as_csv.text))))
    assert 400 == ask("agreements", model="XYZ").status_code


def test_findings_overholds_and_duties_are_those_of_the_python_calls(ask: Ask, place: Path, known: int) -> None:
    with open_questions(place) as questions:
        asked = questions._asked
        moment = ask("duties", at=AT).json()["at"]
        at = Questions(asked)._asked.services.clock().fromisoformat(moment)
        findings = disagreeing(asked, at=None, upto=known).rows
        held = overheld(asked, at=at, upto=known)
        owed = list(owing(asked, at=at, upto=known))

    assert findings == walked(ask, "findings", size=9)
    assert held == walked(ask, "overholds", at=AT, size=1)
    assert owed == walked(ask, "duties", at=AT, size=3)
    shown = ask(f"findings/{findings[0]['id']}").json()
    assert shown["arises"]
    assert 404 == ask("findings/nothing").status_code


def test_counts_lead_to_their_rows_and_claims_to_the_counts(ask: Ask) -> None:
    at = {"at": "2026-01-20"}
    counts = {row["id"]: row for row in ask("counts", **at).json()}

    assert counts["N0"]["value"] == len(walked(ask, "counts/N0/rows", size=10, **at))
    assert all(row["by"] for row in ask("counts", by="custodian_kind", **at).json())
    assert {"N0", "N8"} <= {row["id"] for row in ask("counts/definitions", "public").json()}
    assert [] == ask("claims").json()
    assert 404 == ask("counts/N99/rows").status_code
    assert 422 == ask("counts", by="colour").status_code


def test_handoffs_show_both_sides_a_page_at_a_time(ask: Ask) -> None:
    rows = walked(ask, "handoffs", size=2)

    assert {"story-h1"} <= {row["handoff"] for row in rows}
    assert sorted(row["handoff"] for row in rows) == [row["handoff"] for row in rows]


def test_figures_for_the_public_are_released_once_and_never_change(ask: Ask, place: Path) -> None:
    assert [] == ask("public/figures", "public").json()
    assert (404, "not_released") == (
        (answered := ask("public/figures/2026-Q1", "public")).status_code,
        answered.json()["code"],
    )

    assert 0 == status(["--ledger", str(place), "counts", "release", "2026-Q1"])

    (released,) = ask("public/figures", "public").json()
    document = ask("public/figures/2026-Q1", "public").json()
    assert released == {name: document[name] for name in released}
    assert ["N0", "N8"] == [table["count"] for table in document["tables"]]
    for table in document["tables"]:
        told = [value for line in table["values"] for value in line if value is not None]
        assert not any(0 < value < document["threshold"] for value in told)
    fill_more(place)
    assert document == ask("public/figures/2026-Q1", "public").json()
    assert 2 == status(["--ledger", str(place), "counts", "release", "2026-Q1"])
    assert 2 == status(["--ledger", str(place), "counts", "release", "2100-Q1"])
    assert 400 == ask("public/figures/2026", "public").status_code


def fill_more(place: Path) -> None:
    with closing(Ledger.open_to_write(place)) as ledger:
        period = {"first": date(2026, 2, 1), "last": date(2026, 2, 9)}
        bodies = simulate(events=300, seed=8, register=minnesota_register(), **period)
        ledger.append([admit(one) for one in bodies], now=system_clock())


def test_agreements_and_places_are_told_to_everybody(ask: Ask) -> None:
    assert [] == ask("agreements", "public").json()["rows"]
    assert {"mn-cass-jail"} <= {row["id"] for row in ask("facilities", "public").json()}


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("facilities/nowhere/state", {}, 422, "unknown_facility"),
        ("tables/nothing", {}, 404, "unknown_table"),
        ("tables/holds", {"known": "10000000"}, 400, "unknown_position"),
        ("tables/holds", {"known": "9" * 70}, 400, "bad_parameter"),
        ("tables/holds", {"at": "yesterday"}, 400, "bad_time"),
        ("tables/holds", {"facility": "a\0b"}, 400, "bad_parameter"),
        ("trail", {}, 400, "bad_parameter"),
        ("counts", {"from": "2026-02-01", "until": "2026-01-01"}, 400, "usage"),
    ],
)
def test_what_cannot_be_answered_says_why_as_a_problem(ask: Ask, path, params, status, code) -> None:
    answered = ask(path, **params)

    assert "application/problem+json" == answered.headers["content-type"]
    assert (status, code) == (answered.status_code, answered.json()["code"])
