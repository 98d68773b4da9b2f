"""`custody counts` and `custody claims`: keys, groups, both clocks, and how a user is told what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.events.record import ClaimAsserted, EventRetracted
from tests.builders import MONDAY, body
from tests.projections.tallies import HOUR, booked, lifted, prepared, received

ROOT = Path(__file__).resolve().parents[3]
CLAIMS = ROOT / "adapters/importers/data/claims.yaml"
ASSERT = ["--by", "us-dhs", "--value", "2", "--unit", "detainers", "--words", "two", "--mark", "found"]


@pytest.fixture
def winter(custody, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    told = [
        prepared("d-1", "s-1"),
        prepared("d-2", "s-2", facility="us-bop-waseca"),
        booked("s-1"),
        received("d-1"),
        lifted("d-1", "Case Closed", MONDAY + 9 * HOUR),
    ]
    path.write_bytes(b"".join(one + b"\n" for one in told))
    custody("import", "events", path)


def of(rows: list[dict], count: str) -> list[tuple[dict, int]]:
    return [(row["by"], row["value"]) for row in rows if row["id"] == count]


def test_totals_have_an_empty_by_and_n7_is_always_in_three(custody, winter) -> None:
    rows = custody("counts", "--json").json

    assert {"id", "label", "value", "by"} == set(rows[0])
    assert [({}, 2)] == of(rows, "N0")
    assert 3 == len(of(rows, "N7"))


def test_by_may_be_repeated_or_listed_and_blank_is_null(custody, winter) -> None:
    listed = custody("counts", "--by", "custodian_kind,lift_reason", "--json").json

    assert listed == custody("counts", "--by", "custodian_kind", "--by", "lift_reason", "--json").json
    assert [
        ({"custodian_kind": "county_jail", "lift_reason": "Case Closed"}, 1),
        ({"custodian_kind": "federal_prison", "lift_reason": None}, 1),
    ] == of(listed, "N0")
    assert "(blank)" in custody("counts", "--by", "lift_reason").out


def test_both_clocks_apply_and_a_facility_narrows(custody, winter) -> None:
    early = custody("counts", "--at", "2026-01-12T10:00", "--json").json
    before = custody("counts", "--known", "4", "--json").json
    one = custody("counts", "--facility", "us-bop-waseca", "--json").json

    assert [[({}, 1)]] * 3 == [of(early, name) for name in ("N3", "N4", "N5")]
    assert [[({}, 2)], [({}, 1)]] == [of(before, name) for name in ("N1", "N2")]
    assert [[({}, 1)], [({}, 0)]] == [of(one, name) for name in ("N0", "N2")]


def test_show_leads_from_a_count_to_its_rows_and_their_events(custody, winter) -> None:
    (row,) = custody("counts", "show", "N1", "--json").json
    lifted_one = custody("counts", "show", "N0", "--where", "status=lifted", "--json").json
    blank = custody("counts", "show", "N0", "--where", "lift_reason=null", "--where", "acknowledged=false", "--json")

    assert ("detainer/d-2", [2], "federal_prison") == (row["ref"], row["events"], row["custodian_kind"])
    assert ["detainer/d-1"] == [one["ref"] for one in lifted_one]
    assert ["detainer/d-2"] == [one["ref"] for one in blank.json]
    assert "detainer/d-2" in custody("counts", "show", "N1").out


def test_explain_says_what_is_counted_left_out_and_whose_word_it_is(custody) -> None:
    ran = custody("counts", "explain", "N2")

    assert (0, 4) == (ran.status, len(ran.out.splitlines()))
    (one,) = custody("counts", "explain", "N2", "--json").json
    assert (["N0", "N1", "N2"], "detainers") == (one["chain"], one["of"])
    assert 9 == len(custody("counts", "explain", "--json").json)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["counts", "--by", "colour"], "unknown_field"),
        (["counts", "--from", "2026-02-01", "--until", "2026-01-01"], "usage"),
        (["counts", "--facility", "mn-nowhere"], "unknown_facility"),
        (["counts", "--define", "nowhere.yaml"], "unreadable"),
        (["counts", "show", "N99"], "unknown_count"),
        (["counts", "show", "N1", "--where", "colour=red"], "unknown_field"),
        (["counts", "show", "N1", "--where", "custodian_kind=prison"], "unknown_value"),
        (["counts", "explain", "N99"], "unknown_count"),
        (["claims", "--claim", "nobody"], "unknown_claim"),
        (["claims", "--count", "N7"], "split_count"),
        (["claims", "--count", "N99"], "unknown_count"),
        (["claims", "assert", "c", *ASSERT, "--as-of", "soon"], "bad_claim"),
        (["claims", "assert", "c", *ASSERT, "--part", "two"], "bad_claim"),
        (["claims", "assert", "c", *ASSERT, "--value", "9" * 20], "bad_claim"),
        (["claims", "assert", "c", *ASSERT, "--period-from", "2025"], "usage"),
        (["claims", "assert", "c", *ASSERT, "--period-from", "2025", "--period-until", "2024"], "bad_claim"),
        (["claims", "assert", "c c", *ASSERT], "bad_claim"),
        (["claims", "assert", "c", *ASSERT, "--kind", "state_prisons"], "bad_claim"),
        (["claims", "assert", "c", *ASSERT, "--part", "1:jail:in jails"], "bad_claim"),
    ],
)
def test_what_is_wrong_is_said_with_its_code_and_two(custody, winter, arguments, code) -> None:
    ran = custody(*arguments, "--json")

    assert (2, code) == (ran.status, ran.json["error"]["code"])


def test_a_claim_is_recorded_and_stands_beside_every_count(custody, winter) -> None:
    part = ["--part", "1:county_jail+city_lockup:in jails", "--compare-with", "N1", "--as-of", "2026-01"]
    first = custody("claims", "assert", "c-1", *ASSERT, *part, "--json")
    again = custody("claims", "assert", "c-1", *ASSERT, *part, "--json")
    (row,) = custody("claims", "--json").json

    assert ({"claim": "c-1", "event": 6, "stored": 1}, 0) == (first.json, again.json["stored"])
    assert {"claim", "asserted_by", "value", "nearest", "buckets"} <= set(row)
    assert ("us-dhs", 2, "month") == (row["asserted_by"], row["value"], row["as_of"]["precision"])
    assert ("N0", 2, 0) == tuple(row["nearest"][name] for name in ("id", "value", "difference"))
    assert ("N1", 1) == (row["chosen"]["id"], row["chosen"]["difference"])
    assert ["N0", "N1", "N2", "N3", "N4", "N5", "N6", "N8"] == [one["id"] for one in row["counts"]]
    remainder, lifted_one, *_ = row["buckets"]
    assert ("N1", "claim", 1, []) == tuple(remainder[name] for name in ("from", "to", "value", "events"))
    assert ("lifted", ["detainer/d-1"], [1, 4, 5]) == tuple(lifted_one[name] for name in ("label", "refs", "events"))
    assert (1, 1, "N0") == (
        row["parts"][0]["value"],
        row["parts"][0]["nearest"]["value"],
        row["parts"][0]["nearest"]["id"],
    )


def test_a_claim_said_again_stands_as_last_said_and_a_past_view_has_the_first(custody, winter) -> None:
    custody("claims", "assert", "c-1", *ASSERT)
    custody("claims", "assert", "c-1", *ASSERT, "--published-in", "a later release", "--published-at", "2026-02-01")

    (now,), (then,) = custody("claims", "--json").json, custody("claims", "--known", "6", "--json").json

    assert ("a later release", None) == (now["published_in"], then["published_in"])
    assert (7, 6) == (now["event"], then["event"])


def test_two_agencies_that_use_one_id_have_a_claim_each(custody, winter) -> None:
    custody("claims", "assert", "c-1", *ASSERT)
    custody("claims", "assert", "c-1", *ASSERT, "--by", "mn-doc", "--value", "9")
    custody("claims", "assert", "c-1", *ASSERT, "--value", "3")

    rows, shown = custody("claims", "--claim", "c-1", "--json").json, custody("claims", "--claim", "c-1").out

    assert [("mn-doc", 9), ("us-dhs", 3)] == [(row["asserted_by"], row["value"]) for row in rows]
    assert "said by mn-doc" in shown
    assert "said by us-dhs" in shown


def test_a_claim_taken_to_mean_a_count_that_is_not_there_says_so(custody, winter) -> None:
    custody("claims", "assert", "c-1", *ASSERT, "--compare-with", "G9")

    (row,) = custody("claims", "--json").json
    assert ("G9", row["nearest"]) == (row["compare_with"], row["chosen"])
    assert "taken to mean: G9, which is none of the counts below" in custody("claims", "--claim", "c-1").out


def test_a_claim_that_was_taken_back_is_not_listed(custody, winter, tmp_path) -> None:
    said = {"asserted_by": "us-dhs", "value": 2, "unit": "people", "words": "x", "mark": "memory"}
    claim = body(ClaimAsserted, "c-1", agency="us-dhs", **said)
    event_id = claim.partition(b'"id":"')[2][:36].decode()
    taken_back = body(EventRetracted, "r-1", agency="us-dhs", correctionof=event_id, reason="misprint")
    (tmp_path / "claim.jsonl").write_bytes(claim + b"\n" + taken_back + b"\n")

    custody("import", "events", tmp_path / "claim.jsonl")

    assert [] == custody("claims", "--json").json
    assert "No claim is recorded" in custody("claims").out


def test_the_known_claims_are_imported_once_and_each_says_where_it_was_found(custody) -> None:
    first, again = custody("import", "claims", CLAIMS, "--json"), custody("import", "claims", CLAIMS, "--json")
    rows = custody("claims", "--json").json

    assert (0, 8, 8, 0) == (first.status, first.json["read"], first.json["stored"], first.json["flagged_count"])
    assert (0, 8) == (again.json["stored"], again.json["already_there"])
    assert {1360, 301, 84, 882, 470, 167, 310, 112} == {row["value"] for row in rows}
    assert all(row["published_in"] and row["mark"] in ("found", "memory", "computed") for row in rows)
    doc = next(row for row in rows if row["value"] == 301)
    assert [207, 94] == [part["value"] for part in doc["parts"]]
    assert "differs by" in custody("claims").out
    assert "part: 207 in state prisons" in custody("claims", "--claim", doc["claim"]).out


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("schema: custody-claims/1\nclaims: 5\n", "bad_claims"),
        ("claims: []\n", "bad_claims"),
        ("schema: custody-claims/1\nclaims:\n- {claim: c, value: 1.5}\n", "bad_yaml"),
        ("schema: custody-claims/1\nclaims:\n- {claim: c, value: 15}\n", "bad_claim"),
        ("schema: custody-claims/1\nclaims:\n- {claim: \xff}\n", "wrong_encoding"),
    ],
)
def test_a_file_of_claims_that_is_wrong_is_refused_and_recorded_as_refused(custody, tmp_path, text, code) -> None:
    path = tmp_path / "claims.yaml"
    path.write_bytes(text.encode("latin-1"))

    ran = custody("import", "claims", path, "--json")

    assert (3, [code]) == (ran.status, [refusal["code"] for refusal in ran.json["refused"]])
