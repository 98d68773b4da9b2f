"""Packs are read strictly, and a problem is named by file and line."""

from __future__ import annotations

import pytest

from adapters.rules.strict_yaml import parse_strict_yaml
from domain.errors import InputRefused


def test_plain_values_are_what_yaml_1_2_says_and_dates_stay_text() -> None:
    text = "a: no\nb: 2025-03-26\nc: 2009\nd: null\ne: true\nf: [x, 'y']\n"
    expected = {"a": "no", "b": "2025-03-26", "c": 2009, "d": None, "e": True, "f": ["x", "y"]}
    assert parse_strict_yaml(text, "p.yaml").value == expected


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: &x 2\n", 2, "anchor"),
        ("a: &x 1\nb: *x\n", 1, "anchor"),
        ("a: 1\nb: 2\na: 3\n", 3, "twice"),
        ("a:\n  b: 1\n  b: 2\n", 3, "twice"),
        ("a: 1.5\n", 1, "not allowed"),
        ("a: !!python/name:os.system x\n", 1, "not allowed"),
        ("a: 0x10\n", 1, "not allowed"),
        ("a: 9999999999999999\n", 1, "not allowed"),
        ("1: a\n", 1, "plain text"),
        ("a: [1, 2\n", 2, ""),
        ("", 1, "empty"),
        ("a: 1\n---\nb: 2\n", 2, ""),
    ],
)
def test_what_packs_may_not_use_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(InputRefused) as caught:
        parse_strict_yaml(text, "p.yaml")
    assert caught.value.code == "bad_yaml"
    assert caught.value.where == f"p.yaml, line {line}"
    assert words in caught.value.what


@pytest.mark.parametrize(
    "text", ["a: \x00", "a: \x07b", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1") * 2]
)
def test_control_characters_are_refused_not_fatal(text: str) -> None:
    with pytest.raises(InputRefused):
        parse_strict_yaml(text, "p.yaml")


def test_a_tower_of_brackets_is_refused_not_fatal() -> None:
    with pytest.raises(InputRefused):
        parse_strict_yaml("[" * 5000, "p.yaml")
