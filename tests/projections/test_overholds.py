"""Who was kept past the moment release was due, from case-shaped events, and that conduct counts the same minutes."""

from __future__ import annotations

from typing import Any

import pytest

from domain.events import episode, handoff
from domain.instants import MINNESOTA, Instant, microseconds
from projections.conduct import kept
from projections.facts import Case as CaseOf
from projections.finding import whole_minutes
from projections.folding.now import rows_now
from projections.overholds import OVERHOLDS, Overholds, minutes_by
from tests.builders import body, recorded
from tests.projections.test_decisions import CUSTODIANS, FRIDAY, Case, made

CASE = Case("mn-freeborn-jail")


def overholds(*bodies: bytes) -> list[dict[str, Any]]:
    return rows_now(Overholds(), recorded(*bodies))[OVERHOLDS.name]


def only(*bodies: bytes) -> dict[str, Any]:
    (row,) = overholds(*bodies)
    return row


def minutes(row: dict[str, Any], hours: float = 10_000) -> int | None:
    return minutes_by(row, microseconds(CASE.at(hours)))


def ended(hours: float) -> bytes:
    return CASE.episode(episode.HoldEnded, hours, hold="h", kind="immigration")


def out(hours: float, **data: Any) -> bytes:
    return CASE.episode(episode.ReleasedToCommunity, hours, **data)


def test_minutes_run_from_eligibility_to_the_end_of_the_hold_if_that_came_before_leaving() -> None:
    row = only(CASE.form(), CASE.hold(), CASE.eligible(), ended(16), out(18))

    assert (16 * 60, True, True) == (minutes(row), row["is_exact"], row["is_kept"])
    assert ("custody.release_eligible", "custody.hold_ended") == (row["since_shown_by"], row["until_shown_by"])
    assert [2, 3, 4] == row["events"]
    assert [("h", "immigration", CASE.at(16).isoformat())] == [
        (hold["hold"], hold["kind"], hold["until"]) for hold in row["holds"]
    ]


@pytest.mark.parametrize(
    ("end", "hours"),
    [
        (out(5), 5),
        (out(5, physically_out_at=CASE.at(7).isoformat()), 7),
        (CASE.to_ice(6), 6),
        (CASE.transferred(6), 6),
        (CASE.episode(episode.Escaped, 3), 3),
    ],
)
def test_the_stay_ends_when_the_person_is_out_or_custody_has_passed(end: bytes, hours: float) -> None:
    assert hours * 60 == minutes(only(CASE.hold(), CASE.eligible(), end))


def test_what_the_other_side_says_of_a_transfer_ends_the_stay_only_where_the_custodian_says_nothing() -> None:
    theirs = body(
        handoff.CustodyTransferred,
        "h-1",
        at=CASE.at(2),
        agency="us-ice",
        facility=CASE.facility,
        episode="e-1",
        releasing_agency=CASE.agency,
        receiving_agency="us-ice",
    )

    assert 2 * 60 == minutes(only(CASE.hold(), CASE.eligible(), theirs))
    assert 5 * 60 == minutes(only(CASE.hold(), CASE.eligible(), theirs, out(5)))


def test_a_local_officers_service_keeps_the_person_beyond_the_end_of_the_hold() -> None:
    row = only(CASE.hold(), CASE.eligible(), CASE.served(1), ended(1), CASE.to_ice(30))

    assert 30 * 60 == minutes(row)
    assert [1, 2, 3, 5] == row["events"]


def test_without_eligibility_release_was_due_by_the_order_or_when_the_last_charge_let_go() -> None:
    ordered = CASE.episode(episode.ReleaseOrdered, 0)
    charge = {"charge": "A", "charge_released_at": CASE.at(1).isoformat()}
    filed, disposed = (
        CASE.episode(episode.ChargeFiled, -60, charge="A"),
        CASE.episode(episode.ChargeDisposed, 1, **charge),
    )

    assert 4 * 60 == minutes(only(CASE.hold(), filed, disposed, ordered, out(4)))
    assert 3 * 60 == minutes(only(CASE.hold(), filed, disposed, out(4)))
    assert [] == overholds(CASE.hold(), filed, disposed, CASE.episode(episode.ChargeFiled, -60, charge="B"), out(4))


def test_a_departure_alone_does_not_show_that_anybody_was_kept() -> None:
    assert [] == overholds(CASE.form(), CASE.hold(), out(4))


def test_somebody_still_there_has_the_minutes_so_far_as_of_the_moment_asked_about() -> None:
    there = only(CASE.hold(), CASE.eligible())

    assert (None, None) == (there["until"], there["valid_to"])
    assert (None, 7 * 60) == (minutes(there, 0), minutes(there, 7))
    left = only(CASE.hold(), CASE.eligible(), out(9))
    assert [7 * 60, 9 * 60] == [minutes(left, hours) for hours in (7, 20)]


def test_a_form_alone_counts_after_two_hours_of_paperwork_and_a_notice_form_never() -> None:
    row = only(CASE.form(), CASE.eligible(), out(3))

    assert (3 * 60, False, []) == (minutes(row), row["is_kept"], row["holds"])
    assert [] == overholds(CASE.form(), CASE.eligible(), out(2))
    assert [] == overholds(CASE.form("I-247G"), CASE.eligible(), out(3))
    assert [] == overholds(CASE.eligible(), out(3))
    assert (None, 150) == tuple(minutes(only(CASE.form(), CASE.eligible()), hours) for hours in (2, 2.5))


def test_times_known_to_the_day_give_the_least_and_the_most_minutes() -> None:
    day = Instant.day(FRIDAY.date(), MINNESOTA)
    due = body(episode.ReleaseEligible, "e-1", at=day, agency=CASE.agency, facility=CASE.facility, subject="s-1")
    row = only(CASE.hold(), due, out(31))

    assert (24 * 60, False) == (minutes(row), row["is_exact"])
    assert 48 * 60 == row["minutes_at_most"]
    assert [] == overholds(CASE.hold(), due, out(2)), "it may have been due after the person left"


@pytest.mark.parametrize("left", [Instant.day(FRIDAY.date(), MINNESOTA), Instant.unknown()])
def test_a_release_that_can_have_been_at_once_shows_nobody_who_was_kept(left: Instant) -> None:
    out_then = body(
        episode.ReleasedToCommunity, "e-1", at=left, agency=CASE.agency, facility=CASE.facility, subject="s-1"
    )

    assert [] == overholds(CASE.hold(), CASE.eligible(), out_then)
    assert [] == overholds(CASE.form(), CASE.eligible(), out_then)


def test_who_had_surely_left_before_release_was_due_was_not_kept_unless_they_came_back() -> None:
    escaped, back = CASE.episode(episode.Escaped, -3), CASE.episode(episode.Recaptured, -2)

    assert [] == overholds(CASE.hold(), CASE.eligible(), out(-1))
    assert [] == overholds(CASE.hold(), CASE.eligible(), escaped)
    assert 5 * 60 == minutes(only(CASE.hold(), CASE.eligible(), escaped, back), 5)
    assert 9 * 60 == minutes(only(CASE.hold(), CASE.eligible(), escaped, back, out(9)))


@pytest.mark.parametrize(
    "events",
    [
        (CASE.form(), CASE.hold(), CASE.eligible(), ended(16), out(18)),
        (CASE.form(), CASE.hold(), CASE.eligible(), out(18), ended(20)),
        (CASE.form(), CASE.hold(), CASE.eligible(), CASE.served(), ended(2), CASE.transferred(30)),
        (CASE.form(), CASE.hold(), CASE.eligible(), ended(-1), out(5)),
        (CASE.form(), CASE.eligible(), out(5)),
    ],
)
def test_conduct_counts_the_same_minutes_and_end(events: tuple[bytes, ...]) -> None:
    decision = next(one for one in made(*events) if one.determination.decision_point == "hold_past_release")
    same = kept(CaseOf(recorded(*events), CUSTODIANS), decision)
    row = only(*events)

    assert same is not None
    assert (minutes(row), row["is_kept"]) == (whole_minutes(same.least), bool(same.by))
    assert row["until_shown_by"] == same.end.type
