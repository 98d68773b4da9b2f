"""`custody rules coverage --from --until`: how an answer changed over time, and since which position that is known."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from domain.envelope import admit
from domain.events.instrument import BoardApprovalRecorded, RuleReinstated, RuleSuspendedByCourt
from domain.events.record import EventRetracted
from domain.instants import parse_rfc3339
from tests.adapters.cli.packs import small_pack
from tests.builders import MONDAY, body
from tests.projections.test_agreements import OBSERVATIONS

WINDOW = ("--from", "2025-01-01", "--until", "2026-03-31")
FREEBORN = ("--facility", "mn-freeborn-jail", "--decision-point", "hold_past_release")
CASS = ("--facility", "mn-cass-jail", "--decision-point", "hold_past_release")
TIMES = {"valid_from", "valid_to", "known_from", "known_to"}
MOMENTS = ("2025-01-15T12:00:00-06:00", "2025-02-06T12:00:00-06:00", "2025-03-26T12:00:00-05:00",
           "2025-04-20T12:00:00-05:00", "2025-12-12T00:00:00-06:00", "2026-03-31T12:00:00-05:00")  # fmt: skip


def told(custody, folder: Path, *bodies: bytes) -> None:
    file = folder / f"{len(list(folder.iterdir()))}.jsonl"
    file.write_bytes(b"".join(one + b"\n" for one in bodies))
    assert 0 == custody("import", "events", file).status


def suspended(**data: Any) -> bytes:
    return body(
        RuleSuspendedByCourt, "i-1", agency="mn-courts", rule="MN-AG-2025-02-06", court="District Court", **data
    )


def holding(rows: list[dict[str, Any]], moment: str, known: int) -> list[dict[str, Any]]:
    """The rows that hold at a moment and are known at a position."""
    at = parse_rfc3339(moment)

    def holds(row: dict[str, Any]) -> bool:
        begins, ends = row["valid_from"], row["valid_to"]
        is_valid = (begins is None or parse_rfc3339(begins) <= at) and (ends is None or at < parse_rfc3339(ends))
        return is_valid and row["known_from"] <= known and (row["known_to"] is None or row["known_to"] > known)

    return [row for row in rows if holds(row)]


def answers(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in TIMES} for row in rows]


@pytest.mark.parametrize("moment", MOMENTS)
def test_at_every_moment_and_position_it_gives_the_answer_that_is_given_for_that_moment(custody, moment) -> None:
    custody("import", "ice-287g", OBSERVATIONS)
    rows = custody("rules", "coverage", *WINDOW, "--facility", "mn-freeborn-jail", "--json").json

    for known in (0, rows[-1]["known_from"]):
        ask = ("rules", "coverage", "--at", moment, "--known", known, "--facility", "mn-freeborn-jail", "--json")
        assert custody(*ask).json == answers(holding(rows, moment, known))


def test_rows_of_a_place_follow_each_other_without_gap_and_differ_from_the_next(custody) -> None:
    custody("import", "ice-287g", OBSERVATIONS)
    rows = custody("rules", "coverage", *WINDOW, *FREEBORN, "--json").json

    now = [row for row in rows if row["known_to"] is None]
    assert [row["valid_to"] for row in now[:-1]] == [row["valid_from"] for row in now[1:]]
    assert ("2025-01-01T00:00:00-06:00", "2026-03-31T23:59:59-05:00") == (
        now[0]["valid_from"],
        now[-1]["valid_to"],
    )
    said = answers(now)
    assert all(first != second for first, second in pairwise(said))
    assert {"prohibited", "conflict", "undetermined"} == {row["status"] for row in now}


def test_what_was_known_before_a_list_was_imported_stays_there_and_is_closed(custody) -> None:
    custody("init")
    before = custody("rules", "coverage", *WINDOW, *FREEBORN, "--json").json
    custody("import", "ice-287g", OBSERVATIONS)

    rows = custody("rules", "coverage", *WINDOW, *FREEBORN, "--json").json

    earlier = [row for row in rows if row["known_from"] == 0]
    last = max(row["known_from"] for row in rows)
    assert [{**row, "known_to": last} for row in before] == earlier
    assert before == custody("rules", "coverage", *WINDOW, *FREEBORN, "--known", 0, "--json").json


def test_a_courts_stop_and_its_end_cut_the_time_and_a_retraction_puts_it_back(custody, tmp_path) -> None:
    stop = suspended(at=MONDAY)
    told(custody, tmp_path, stop)
    over = body(RuleReinstated, "i-2", agency="mn-courts", at=MONDAY.replace(day=20), rule="MN-AG-2025-02-06")
    told(custody, tmp_path, over)
    retracted = body(EventRetracted, "r-1", agency="mn-courts", correctionof=admit(stop).envelope.id, reason="clerical")
    told(custody, tmp_path, retracted)

    rows = custody("rules", "coverage", *WINDOW, *CASS, "--json").json

    def stands(known: int) -> list[bool]:
        days = (f"2026-01-{day}T12:00:00-06:00" for day in (11, 15, 21))
        return ["MN-AG-2025-02-06" in row["rules"] for day in days for row in holding(rows, day, known)]

    assert [[True, True, True], [True, False, False], [True, False, True], [True, True, True]] == [
        stands(known) for known in range(4)
    ]


def test_a_boards_word_counts_from_when_it_spoke(custody, tmp_path) -> None:
    spoken = {"state": "MN", "model": "TFM", "approved": True}
    spoke = body(BoardApprovalRecorded, "mn-cass-sheriff.TFM", at=MONDAY, **spoken)
    told(custody, tmp_path, spoke.replace(b'{"approved"', b'{"agency":"mn-cass-sheriff","approved"'))
    ask = ("rules", "coverage", "--facility", "mn-cass-jail", "--decision-point", "enter_agreement")

    rows = custody(*ask, "--from", "2026-01-01", "--until", "2026-02-01", "--json").json

    now = [row for row in rows if row["known_to"] is None]
    assert [("undetermined", False), ("permitted", True)] == [
        (row["status"], parse_rfc3339(row["valid_from"]) == MONDAY) for row in now
    ]


def test_a_published_pack_counts_from_its_position_on_for_all_time(custody, tmp_path) -> None:
    custody("init")
    suppose = {"hold_past_release": {"detainer_form": "I-247A"}}
    position = custody("rules", "publish", small_pack(tmp_path, "1", suppose=suppose), "--json").json["packs"][0][
        "position"
    ]

    rows = custody("rules", "coverage", *WINDOW, *CASS, "--json").json

    assert [(["MN-A"], position)] == [(row["rules"], row["known_from"]) for row in rows if row["known_to"] is None]
    assert {position} == {row["known_to"] for row in rows if row["known_from"] == 0}
    named = custody("rules", "coverage", *WINDOW, *CASS, "--pack", "us-mn", "--json").json
    assert {None} == {row["known_to"] for row in named}


def test_without_a_bound_time_is_open_there(custody) -> None:
    custody("init")
    until = custody("rules", "coverage", "--until", "2026-01-01", *CASS, "--json").json
    since = custody("rules", "coverage", "--from", "2026-01-01", *CASS, "--json").json

    assert None is until[0]["valid_from"]
    assert None is since[-1]["valid_to"]


def test_text_shows_since_when_each_answer_held_and_one_moment_is_not_asked_for_with_many(custody) -> None:
    custody("init")
    text = custody("rules", "coverage", *WINDOW, *CASS).out

    assert "2025-02-07 00:00" in text, "the end of the day on which the opinion was given"
    assert "the first 100 of" in custody("rules", "coverage", "--from", "2025-01-01", "--until", "2025-03-01").out
    assert 2 == custody("rules", "coverage", "--at", "2026-01-01", *WINDOW).status
