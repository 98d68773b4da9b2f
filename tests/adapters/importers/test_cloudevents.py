"""Event files: lines are passed on byte for byte, and only what cannot be a line is refused here."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.importers.bookings import BookingsImporter
from adapters.importers.cloudevents import EventsImporter
from domain.envelope import admit
from domain.errors import InputRefused

from .proposals import SAMPLES, context, proposed


def canonical_lines() -> list[bytes]:
    return proposed(BookingsImporter(), SAMPLES / "bookings.csv", context("mn-cass-jail")).bodies


def test_every_line_is_proposed_byte_for_byte(tmp_path: Path) -> None:
    lines = canonical_lines()
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")

    result = proposed(EventsImporter(), path)

    assert result.bodies == lines
    assert [outcome.row for outcome in result.outcomes] == list(range(1, len(lines) + 1))


def test_line_endings_of_windows_and_blank_lines_are_not_part_of_an_event(tmp_path: Path) -> None:
    first, second, *_ = canonical_lines()
    path = tmp_path / "events.jsonl"
    path.write_bytes(first + b"\r\n\r\n  \n" + second)

    result = proposed(EventsImporter(), path)

    assert result.bodies == [first, second]
    assert [outcome.row for outcome in result.outcomes] == [1, 4]


def test_what_is_no_event_is_passed_on_for_the_gate_to_refuse(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'not json\n{"b":1, "a":2}\n')

    bodies = [outcome.bodies[0] for outcome in EventsImporter().propose(path, context())]

    codes = []
    for body in bodies:
        with pytest.raises(InputRefused) as caught:
            admit(body)
        codes.append(caught.value.code)
    assert codes == ["not_json", "not_canonical"]


def test_a_line_that_is_too_long_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    line = canonical_lines()[0]
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"x" * (2 << 20) + b"\n" + line)

    result = proposed(EventsImporter(), path)

    assert result.refusals == [(1, "line", "line_too_long")]
    assert result.bodies == [line]


def test_a_file_without_lines_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as caught:
        list(EventsImporter().propose(tmp_path, context()))
    assert caught.value.code == "not_a_file"
