"""Both sides of a handoff: each agency's word is kept, and agreement is shown, not assumed."""

from __future__ import annotations

from datetime import timedelta

from domain.events import detainer, handoff
from domain.instants import MINNESOTA, Instant
from projections.detainers import Detainers
from projections.folding.now import rows_now
from projections.handoffs import Handoffs, with_declined
from tests.builders import JAIL, MONDAY, SHERIFF, body, recorded

ENDS = {"facility": JAIL, "releasing_agency": SHERIFF, "receiving_agency": "us-ice", "detainer": "d-1"}


def told(agency: str, minutes: int = 0) -> bytes:
    return body(handoff.CustodyTransferred, "h-1", at=MONDAY + timedelta(minutes=minutes), agency=agency, **ENDS)


def rows(*bodies: bytes) -> list[dict]:
    events = recorded(*bodies)
    detainers = rows_now(Detainers(), events)["detainers"]
    return list(with_declined(rows_now(Handoffs(), events)["handoffs"], detainers))


def test_a_transfer_told_by_both_sides_is_agreed_with_its_minutes_apart() -> None:
    row = rows(told(SHERIFF), told("us-ice", 25))[0]

    assert ("agreed", 25, SHERIFF, "us-ice", [1, 2]) == tuple(
        row[key] for key in ("status", "minutes_apart", "from", "to", "events")
    )


def test_a_transfer_told_by_one_side_is_one_sided() -> None:
    assert [("one_sided", None)] == [(r["status"], r["minutes_apart"]) for r in rows(told(SHERIFF))]
    assert "one_sided" == rows(told("us-ice"))[0]["status"]


def test_a_confirmation_makes_it_agreed_and_a_contest_contested() -> None:
    confirmed = body(handoff.CustodyTransferConfirmed, "h-1", agency="us-ice", facility=JAIL)
    contested = body(handoff.CustodyTransferContested, "h-1", agency="us-ice", facility=JAIL, reason="nobody came")

    assert "agreed" == rows(told(SHERIFF), confirmed)[0]["status"]
    assert "contested" == rows(told(SHERIFF), contested)[0]["status"]


def test_declined_by_ice_and_transferred_by_the_jail_contradict_each_other() -> None:
    declined = body(
        detainer.DetainerLifted,
        "d-1",
        agency="us-ice",
        lift_code="A",
        lift_reason_as_printed="Detainer Declined by LEA",
        asserted_by="us-ice",
    )

    row = rows(declined, told(SHERIFF))[0]

    assert "contradicted" == row["status"]
    assert {SHERIFF, "us-ice"} == {telling["agency"] for telling in row["said"]}


def test_only_the_two_sides_make_it_agreed_and_an_office_of_ice_is_ice() -> None:
    confirmed = {
        agency: body(handoff.CustodyTransferConfirmed, "h-1", agency=agency, facility=JAIL)
        for agency in ("mn-doc", "us-ice-st-paul")
    }

    assert [("one_sided", "us-ice"), ("agreed", None)] == [
        (row["status"], row["missing_side"]) for one in confirmed.values() for row in rows(told(SHERIFF), one)
    ]


def test_transfers_told_to_different_agencies_contradict_each_other_and_the_releasing_sides_word_is_shown() -> None:
    theirs = body(
        handoff.CustodyTransferred,
        "h-1",
        at=MONDAY + timedelta(minutes=25),
        agency="us-ice",
        **{**ENDS, "receiving_agency": "us-marshals"},
    )

    assert [("contradicted", "us-ice")] == [(row["status"], row["to"]) for row in rows(told(SHERIFF), theirs)]


def pickup(*events: tuple[type, int, dict[str, object]]) -> dict[str, object]:
    bodies = [
        body(cls, "h-1", at=MONDAY + timedelta(hours=hours), facility=JAIL, **data) for cls, hours, data in events
    ]
    (row,) = rows_now(Handoffs(), recorded(*bodies))["pickups"]
    return row


def scheduled(hours: int, at: Instant) -> tuple[type, int, dict[str, object]]:
    return handoff.PickupScheduled, hours, {"scheduled_at": at.as_json()}


def test_minutes_late_are_counted_between_exact_times_alone() -> None:
    came = (handoff.PickupArrived, 6, {})
    exactly, that_day = Instant.exact(MONDAY + timedelta(hours=5)), Instant.day(MONDAY.date(), MINNESOTA)

    assert [60, None] == [pickup(scheduled(1, due), came)["minutes_late"] for due in (exactly, that_day)]


def test_an_arrival_answers_the_time_agreed_before_it_and_not_a_later_one() -> None:
    first, next_day = (Instant.exact(MONDAY + timedelta(hours=hours)) for hours in (5, 29))
    row = pickup(scheduled(1, first), (handoff.PickupArrived, 6, {}), scheduled(8, next_day))

    assert ("scheduled", None, None) == (row["outcome"], row["arrived"], row["minutes_late"])


def test_a_no_show_is_a_row_without_a_transfer() -> None:
    missed = body(handoff.PickupNoShow, "h-2", facility=JAIL, waited_minutes=90)

    assert [("h-2", "no_transfer")] == [(row["handoff"], row["status"]) for row in rows(missed)]


def test_a_notice_alone_is_not_yet_a_handoff() -> None:
    assert [] == rows(body(handoff.ReleaseNoticeSent, "h-3", facility=JAIL, to_agency="us-ice"))
