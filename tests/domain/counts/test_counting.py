"""Definitions of counts: what a file may say, and what each definition leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.counting import named_counts, of_the_register
from domain.counts.counting import Definitions
from domain.counts.fields import FIELDS, Of, Value, words_of
from domain.counts.values import written
from domain.errors import InputRefused

WORDS = {"counted": "x", "left_out": "x", "whose_word": "x"}
MINE: dict[str, Any] = {"id": "M1", "label": "mine", "of": "detainers", "when": "prepared", **WORDS}


def defined(*counts: dict[str, Any]) -> Definitions:
    document = {"schema": "custody-counts/1", "counts": [{**MINE, **one} for one in counts]}
    return named_counts().and_those_of(document, of_the_register())


def test_the_counts_that_ship_are_a_plain_one_and_n1_to_n8() -> None:
    assert [f"N{number}" for number in range(9)] == [count.id for count in named_counts()]


def test_each_count_to_n5_is_within_the_one_before_it() -> None:
    chain = named_counts().chain(named_counts().get("N5"))

    assert ["N0", "N1", "N2", "N3", "N4", "N5"] == [count.id for count in chain]


def test_a_count_of_ones_own_may_be_within_one_that_ships() -> None:
    found = defined({"within": "N1", "where": {"form": ["I-247G"], "lift_reason": [None]}})

    assert ["N0", "N1", "M1"] == [count.id for count in found.chain(found.get("M1"))]


@pytest.mark.parametrize(
    ("count", "code", "where"),
    [
        ({"id": "N1"}, "duplicate_count", "counts.0"),
        ({"within": "N9"}, "unknown_count", "counts.0.within"),
        ({"within": "N8"}, "bad_counts", "counts.0.within"),
        ({"when": "handed_over"}, "bad_counts", "counts.0.when"),
        ({"where": {"colour": ["red"]}}, "bad_counts", "counts.0.where.colour"),
        ({"where": {"status": []}}, "bad_counts", "counts.0.where.status"),
        ({"where": {"status": ["activ"]}}, "bad_counts", "counts.0.where.status"),
        ({"leaving_out": {"acknowledged": ["yes"]}}, "bad_counts", "counts.0.leaving_out.acknowledged"),
        ({"split": {"notice": ["soon"]}}, "bad_counts", "counts.0.split.notice"),
        ({"distinct": "person"}, "bad_counts", "counts.0.distinct"),
        ({"counted": ""}, "bad_counts", "counts.0.counted"),
        ({"colour": "red"}, "bad_counts", "counts.0.colour"),
        ({"id": "1st"}, "bad_counts", "counts.0.id"),
    ],
)
def test_what_a_file_gets_wrong_is_named_with_its_place(count: dict[str, Any], code: str, where: str) -> None:
    with pytest.raises(InputRefused) as refused:
        defined(count)

    assert (code, where) == (refused.value.code, refused.value.where)
    assert refused.value.mend


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("status", "activ", "did you mean active? one of: active, lifted, cancelled, superseded, expired_unclaimed"),
        ("custodian_kind", "State_Prison", "did you mean state_prison? one of: county_jail, "),
        ("custodian_kind", None, "one of: county_jail, "),
        ("form", "I247G", "did you mean I-247G? one of: I-247, I-247A, "),
        ("acknowledged", "true", "did you mean true? one of: true, false"),
        ("notice", "none.", "did you mean none? one of: "),
        ("left_while_active", "nulls", "did you mean null? one of: to_community, "),
        ("facility", "mn-cas-jail", "did you mean mn-cass-jail? `custody facilities` "),
        ("agency", "mn-cass-sherif", "did you mean mn-cass-sheriff? `custody facilities` "),
        ("county", "Henepin", "did you mean Hennepin? `custody facilities` lists what the register has"),
        ("month", "2026-13", "docs/counts.md: month, in Minnesota, of the time that the count goes by: `2026-02`"),
        ("month", "Feb 2026", "docs/counts.md: month, "),
        ("lift_reason", "detainer declined by LEA", "did you mean Detainer Declined by LEA? docs/counts.md: "),
        ("subject", True, "docs/counts.md: pseudonym of the person"),
    ],
)
def test_a_value_that_a_field_never_has_is_refused_with_the_near_one_and_those_it_can_have(
    name: str, value: Value, mend: str
) -> None:
    for part in ("where", "leaving_out", "split"):
        with pytest.raises(InputRefused) as refused:
            defined({part: {name: [value]}})
        assert f"counts.0.{part}.{name}" == refused.value.where
        assert refused.value.what == f"{name} is never {written(value)!r}"
        assert refused.value.mend.startswith(mend)


def test_each_value_that_a_field_can_have_may_stand_in_a_condition() -> None:
    places = {"facility": ["mn-cass-jail", None], "agency": ["mn-doc"], "county": ["St. Louis", None]}
    texts = {
        "month": ["2026-02"],
        "lift_reason": ["Detainer Declined by LEA", "A New Reason", None],
        "subject": ["s-1"],
    }
    for name, field in FIELDS[Of.DETAINERS].items():
        for value in (*field.values, *field.codes, *places.get(name, ()), *texts.get(name, ())):
            assert defined({"where": {name: [value]}}).get("M1").where == {name: (value,)}


def test_an_unknown_count_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputRefused, match="N0, N1") as refused:
        named_counts().get("N9")

    assert "unknown_count" == refused.value.code


def test_a_row_is_left_out_for_the_sake_of_the_first_field_that_fails() -> None:
    count = defined({"where": {"status": ["active"]}, "leaving_out": {"county": ["Cass"]}}).get("M1")

    assert "status" == count.failed({"status": "lifted", "county": "Cass"})
    assert "county" == count.failed({"status": "active", "county": "Cass"})
    assert count.failed({"status": "active", "county": None}) is None


def test_every_value_that_a_field_can_have_is_said_in_words() -> None:
    for of in Of:
        for name, field in FIELDS[of].items():
            assert all(words_of(of, name, value) == words for value, words in field.values.items())
    assert "custodian kind federal_prison" == words_of(Of.DETAINERS, "custodian_kind", "federal_prison")
    assert "lift reason blank" == words_of(Of.DETAINERS, "lift_reason", None)
