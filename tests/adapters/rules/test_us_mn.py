"""The Minnesota pack: its own tests pass, and every rule of it is as dated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.places.register import minnesota_register
from adapters.rules.packs import PACKS, load_pack, minnesota_rules, parse_pack
from domain.errors import InputRefused
from domain.events.fields import DecisionPoint, Modality
from domain.instants import Instant, Precision
from domain.rules.decide import decide
from domain.rules.packtests import run_pack_tests

TEXT = PACKS.joinpath("us-mn.yaml").read_text(encoding="utf-8")
OUTSIDE_THE_REGISTER = {
    "mn-minneapolis-police",
    "mn-saint-paul-police",
    "mn-isle-police",
    "mn-international-falls-police",
    "mn-courts",
}


def test_every_test_of_the_pack_passes() -> None:
    assert [outcome for outcome in run_pack_tests(minnesota_rules()) if not outcome.ok] == []


def test_a_fact_taken_away_never_turns_a_determined_answer_into_another_one() -> None:
    rulebook = minnesota_rules()
    for test in rulebook.pack.tests:
        whole = decide(test.facts, test.decision_point, test.at, rulebook).status
        for name in test.facts:
            rest = {key: value for key, value in test.facts.items() if key != name}
            fewer = decide(rest, test.decision_point, test.at, rulebook)
            assert fewer.status in (whole, "undetermined"), f"{test.name} without {name}"


def test_the_digest_changes_with_the_pack_it_extends(tmp_path: Path) -> None:
    federal = PACKS.joinpath("us.yaml").read_text(encoding="utf-8")
    (tmp_path / "us.yaml").write_text(federal.replace("verified: memory", "verified: found", 1), encoding="utf-8")
    (tmp_path / "us-mn.yaml").write_text(TEXT, encoding="utf-8")
    assert load_pack(tmp_path / "us-mn.yaml").digest != minnesota_rules().digest


def test_the_digest_of_the_pack_ignores_comments_and_layout() -> None:
    without_comments = re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE).replace("\n\n", "\n")
    assert without_comments != TEXT
    assert parse_pack(without_comments, "x.yaml").digest == minnesota_rules().digest


@pytest.mark.parametrize(
    ("rule_id", "start", "end"),
    [
        ("MN-IGSA-FREEBORN", Precision.YEAR, None),
        ("MN-HENNEPIN-2021", Precision.MONTH, None),
        ("MN-HENNEPIN-2014", Precision.DAY, Precision.MONTH),
        ("MN-287G-JACKSON-WSO", Precision.DAY, Precision.INTERVAL),
        ("MN-631.50", None, None),
    ],
)
def test_dates_keep_the_precision_of_their_source(rule_id: str, start: Precision | None, end: Precision | None) -> None:
    in_force = minnesota_rules().period(rule_id)
    assert _precision(in_force.start) is start
    assert _precision(in_force.end) is end


def _precision(instant: Instant | None) -> Precision | None:
    return instant.precision if instant else None


def test_last_listed_is_an_end_some_time_after_that_day() -> None:
    ended = minnesota_rules().period("MN-287G-JACKSON-JEM").end
    assert ended is not None
    assert str(ended.earliest) == "2025-07-09 00:00:00-05:00"
    assert ended.latest is None


def test_every_agency_that_a_rule_binds_is_in_the_register_or_holds_nobody() -> None:
    agencies = {facility.agency for facility in minnesota_register().facilities}
    named = {agency for rule in minnesota_rules().pack.rules for agency in rule.scope.agencies}
    assert named - agencies == OUTSIDE_THE_REGISTER


def test_every_kind_of_facility_that_a_rule_binds_is_in_the_register() -> None:
    kinds = {facility.kind for facility in minnesota_register().facilities}
    for rule in minnesota_rules().rules:
        assert set(rule.scope.facility_kinds) <= kinds, rule.id


def test_every_287g_rule_takes_its_force_from_the_published_lists() -> None:
    listed = [rule for rule in minnesota_rules().pack.rules if rule.id.startswith("MN-287G-")]
    assert len(listed) == 12
    for rule in listed:
        assert rule.force is not None
        assert rule.force.models[0] == rule.id.rsplit("-", 1)[1]


def test_no_written_policy_speaks_at_every_decision_point_of_a_county_jail() -> None:
    for point in DecisionPoint:
        assert minnesota_rules().rule("MN-NONE").modality_at(point) is Modality.NO_RULE
        entries = [entry.rule.id for entry in minnesota_rules().at(point).rules]
        assert "MN-NONE" in entries


def test_a_broken_pack_names_the_file_the_line_and_the_rule(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT.replace("cel: committed_recorded", "cel: comitted_recorded", 1), encoding="utf-8")
    with pytest.raises(InputRefused) as caught:
        load_pack(path)
    line = next(n for n, text in enumerate(TEXT.splitlines(), 1) if text == "- id: MN-631.50")
    assert caught.value.code == "bad_expression"
    assert caught.value.where == f"mine.yaml, line {line}: rule MN-631.50"
    assert "comitted_recorded" in caught.value.what


@pytest.mark.parametrize(
    ("was", "becomes", "code", "says"),
    [
        ('conviction_level == "felony"', 'conviction_level == "fellony"', "bad_expression", "never 'fellony'"),
        ("zone: America/Chicago", "zone: America/Chicaco", "bad_pack", "no time zone"),
        ("extends: us", "extends: usa", "unknown_pack", "no pack 'usa'"),
        ("{from: '2014-06-11', to: 2021-06}", "{from: '2014-06-11', to: 2011-06}", "bad_instant", "before it starts"),
        ("advisory_opinion, \n", "\n", "bad_pack", "does not say where advisory_opinion stands"),
        ("detainer_form: I-247D", "detainer_form: I-247B", "bad_test", "'detainer_form' is one of"),
        ("- id: MN-631.51", "- id: US-I247A-1", "duplicate_rule", "is there twice"),
    ],
)
def test_what_could_never_be_true_is_found_at_load(
    tmp_path: Path, was: str, becomes: str, code: str, says: str
) -> None:
    path = tmp_path / "mine.yaml"
    assert was in TEXT
    path.write_text(TEXT.replace(was, becomes, 1), encoding="utf-8")
    with pytest.raises(InputRefused) as caught:
        load_pack(path)
    assert caught.value.code == code
    assert says in caught.value.what


def test_an_unknown_key_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT.replace("  verified: found\n", "  verified: found\n  colour: red\n", 1), encoding="utf-8")
    line = next(n for n, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if "colour" in text)
    with pytest.raises(InputRefused) as caught:
        load_pack(path)
    assert caught.value.where == f"mine.yaml, line {line}: rules.0.colour (rule MN-631.50)"


@pytest.mark.parametrize(
    ("content", "code"), [(b"\xff\xfe", "bad_encoding"), (b"- a\n", "bad_pack"), (b"", "bad_yaml")]
)
def test_a_file_that_is_no_pack_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(InputRefused) as caught:
        load_pack(path)
    assert caught.value.code == code


def test_a_directory_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(InputRefused) as caught:
            load_pack(path)
        assert caught.value.code == "unreadable"
