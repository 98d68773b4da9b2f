"""Canonical bytes: what the gate takes is RFC 8785, and nothing outside the profile gets through."""

from __future__ import annotations

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from domain.canonical import (
    BODY_BYTES_MAX,
    DEPTH_MAX,
    INTEGER_MAX,
    canonical_bytes,
    check_as_written,
    check_no_null,
    check_profile,
    parse_canonical,
)
from domain.errors import InputRefused

KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
SCALARS = st.booleans() | st.integers(-INTEGER_MAX, INTEGER_MAX) | TEXTS
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)),
    max_size=5,
)


def refusal(body):
    with pytest.raises(InputRefused) as refused:
        parse_canonical(body)
    return refused.value.code, refused.value.where


@given(DOCUMENTS)
def test_on_the_profile_our_bytes_are_those_of_another_rfc_8785_implementation(document):
    assert canonical_bytes(document) == rfc8785.dumps(document)


@given(DOCUMENTS)
def test_the_gate_takes_canonical_bytes_and_gives_the_document_back(document):
    check_profile(document)
    assert parse_canonical(canonical_bytes(document)) == document


@given(DOCUMENTS.filter(bool), st.sampled_from([json.dumps, lambda d: json.dumps(d, indent=1)]))
def test_any_spaced_form_of_a_document_is_refused(document, write):
    with pytest.raises(InputRefused) as refused:
        parse_canonical(write(document).encode())
    assert refused.value.code == "not_canonical"


NOT_CANONICAL = {
    "a repeated key": b'{"a":1,"a":1}',
    "a repeated key with another value": b'{"a":1,"a":2}',
    "a space": b'{"a": 1}',
    "a leading space": b' {"a":1}',
    "a trailing newline": b'{"a":1}\n',
    "keys in the wrong order": b'{"b":1,"a":1}',
    "an escape that is not needed": b'{"a":"\\u0041"}',
    "an escaped slash": b'{"a":"\\/"}',
    "a long escape of a newline": b'{"a":"\\u000a"}',
    "an escape in capital hexadecimals": b'{"a":"\\u001F"}',
    "a surrogate pair written out": b'{"a":"\\ud83d\\ude00"}',
    "minus zero": b'{"a":-0}',
}
NOT_JSON = {
    "a number that no float holds, and more": b'1e999{"a":1}',
    "such a number, and no UTF-8": b'{"a":1e999,"b":"\xff"}',
    "nothing": b"",
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "bytes that are not UTF-8": b'{"a":"\xff"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "an overlong encoding": b'{"a":"\xc0\xaf"}',
    "a lone surrogate": b'{"a":"\\ud800"}',
    "not a number": b'{"a":NaN}',
    "infinity": b'{"a":Infinity}',
    "two documents": b'{"a":1}{"a":1}',
    "a comment": b'{"a":1/**/}',
    "a trailing comma": b'{"a":1,}',
    "a leading zero": b'{"a":01}',
    "a raw newline in a string": b'{"a":"\n"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "a NUL after the end": b'{"a":1}\x00',
}
TOO_DEEP = {
    "sixty thousand brackets cut short": b"[" * 60_000,
    "more levels than the parser reads": b'{"a":' + b"[" * 1100 + b"]" * 1100 + b"}",
    "more levels than it writes": b'{"a":' + b"[" * 300 + b"]" * 300 + b"}",
}


@pytest.mark.parametrize("body", NOT_CANONICAL.values(), ids=NOT_CANONICAL.keys())
def test_a_second_way_to_write_the_same_is_refused_as_not_canonical(body):
    with pytest.raises(InputRefused) as refused:
        parse_canonical(body)
    assert refused.value.code == "not_canonical"


@pytest.mark.parametrize("body", TOO_DEEP.values(), ids=TOO_DEEP.keys())
def test_what_is_nested_beyond_what_is_read_is_refused_as_too_deep(body):
    with pytest.raises(InputRefused) as refused:
        parse_canonical(body)
    assert refused.value.code == "too_deep"


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_what_is_not_json_in_utf_8_is_refused_as_such(body):
    with pytest.raises(InputRefused) as refused:
        parse_canonical(body)
    assert refused.value.code == "not_json"


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"1", b"null", b"true"])
def test_only_an_object_is_an_event(body):
    with pytest.raises(InputRefused) as refused:
        parse_canonical(body)
    assert refused.value.code == "not_an_object"


@pytest.mark.parametrize("brackets", [255, 300, 1000])
def test_nesting_that_can_be_read_but_not_written_is_refused_and_does_not_crash(brackets):
    with pytest.raises(InputRefused) as refused:
        parse_canonical(b'{"a":' + b"[" * brackets + b"]" * brackets + b"}")
    assert refused.value.code == "too_deep"


def test_a_body_at_the_size_limit_passes_and_one_byte_more_does_not():
    filling = BODY_BYTES_MAX - len(b'{"a":""}')
    assert parse_canonical(canonical_bytes({"a": "x" * filling}))
    with pytest.raises(InputRefused) as refused:
        parse_canonical(canonical_bytes({"a": "x" * (filling + 1)}))
    assert refused.value.code == "too_large"


def test_a_hundred_thousand_brackets_are_refused_before_they_are_read():
    with pytest.raises(InputRefused) as refused:
        parse_canonical(b"[" * 50_000 + b"]" * 50_000)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.0, "float"),
        (-0.0, "float"),
        (float("nan"), "float"),
        (1e300, "float"),
        (2**53, "integer_too_large"),
        (-(2**53), "integer_too_large"),
        (2**64 - 1, "integer_too_large"),
    ],
)
def test_numbers_outside_the_profile_are_refused_with_their_place(value, code):
    with pytest.raises(InputRefused) as refused:
        check_profile({"a": [{"b": value}]})
    assert (refused.value.code, refused.value.where) == (code, "a[0].b")


@pytest.mark.parametrize("key", ["A", "a-b", "é", "1a", "_a", "", "a b", "a\n", "ａ"])
def test_keys_other_than_lower_snake_case_ascii_are_refused(key):
    with pytest.raises(InputRefused) as refused:
        check_profile({"a": {key: 1}})
    assert (refused.value.code, refused.value.where) == ("bad_key", "a")


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_the_profile_allows_exactly_its_number_of_levels(wrap):
    nested: object = 1
    for _ in range(DEPTH_MAX):
        nested = wrap(nested)
    check_profile(nested)
    with pytest.raises(InputRefused) as refused:
        check_profile(wrap(nested))
    assert refused.value.code == "too_deep"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (b"1.00", "float"),
        (b"1e400", "float"),
        (b"-1E+30", "float"),
        (b"18446744073709551616", "integer_too_large"),  # 2^64, which orjson reads as a float
        (b"-9223372036854775809", "integer_too_large"),
        (b"9" * 400, "integer_too_large"),  # no float holds it
        (b"-" + b"9" * 50_000, "integer_too_large"),  # nor does Python read it
    ],
)
def test_why_bytes_are_not_canonical_is_said_where_the_profile_shows_it(number, code):
    for read in (parse_canonical, check_as_written):
        with pytest.raises(InputRefused) as refused:
            read(b'{"a":{"b":' + number + b"}}")
        assert (refused.value.code, refused.value.where) == (code, "a.b")


@pytest.mark.parametrize("levels", [300, 990, 20_000])
def test_what_is_nested_too_deeply_to_be_read_at_all_is_refused_as_that(levels):
    for read in (parse_canonical, check_as_written):
        with pytest.raises(InputRefused) as refused:
            read(b'{"a":' + b"[" * levels + b"]" * levels + b"}")
        assert refused.value.code == "too_deep"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"via":null}', "via"),
        (b'{"data":{"county":null}}', "data.county"),
        (b'{"data":{"rows":[{"county":null}]}}', "data.rows[0].county"),
        (b'{"data":[null]}', "data[0]"),
        (b'{"at":{"earliest":"x","latest":null}}', "at.latest"),
        (b'{"at":{"earliest":null,"latest":null,"precision":null}}', "at.precision"),
    ],
)
def test_null_is_refused_because_what_is_not_known_is_left_out(body, where):
    assert refusal(body) == ("null", where)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"a":{"words":["x","a\\u0000b"]}}', "a.words[1]"),
        (b'{"a":"\\u0000"}', "a"),
        (b'{"a":{"b\\u0000":1}}', "a"),
    ],
)
def test_the_character_nul_is_refused_because_no_text_of_a_database_can_hold_it(body, where):
    assert refusal(body) == ("nul_character", where)


def test_the_characters_that_nul_is_written_with_are_not_refused():
    assert {"a": "\\u0000"} == parse_canonical(b'{"a":"\\\\u0000"}')


@pytest.mark.parametrize(
    "body", [b'{"at":{"earliest":null,"latest":"x","precision":"interval"}}', b'{"words":"null and void"}']
)
def test_an_open_bound_of_an_instant_and_the_word_null_are_not_refused(body):
    document = parse_canonical(body)
    check_no_null(document)
    assert canonical_bytes(document) == body


@given(st.binary(max_size=200))
def test_any_bytes_at_all_give_a_document_or_a_refusal(body):
    try:
        document = parse_canonical(body)
    except InputRefused:
        return
    assert canonical_bytes(document) == body
