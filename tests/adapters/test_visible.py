"""Words from outside cannot steer a terminal or a reader's eye."""

from __future__ import annotations

import pytest

from adapters.visible import visible


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Sgt. Muñoz, § 631.50 “at once”", "Sgt. Muñoz, § 631.50 “at once”"),
        ("red \x1b[31m alert", "red \\x1b[31m alert"),
        ("title \x9d0;owned\x07", "title \\x9d0;owned\\x07"),
        ("may \u202eton dluoc\u202c hold", "may \\u202eton dluoc\\u202c hold"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("one\nSTATUS: permitted\r\ttwo\u2028three", "one STATUS: permitted  two three"),
    ],
)
def test_what_cannot_be_printed_is_written_out_on_one_line(words: str, shown: str) -> None:
    assert visible(words) == shown
