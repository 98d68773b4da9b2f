"""Both sides of a handoff: each agency's word is kept, and agreement is shown, not assumed."""

from __future__ import annotations

from datetime import timedelta

from domain.events import detainer, handoff
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


def test_a_no_show_is_a_row_without_a_transfer() -> None:
    missed = body(handoff.PickupNoShow, "h-2", facility=JAIL, waited_minutes=90)

    assert [("h-2", "no_transfer")] == [(row["handoff"], row["status"]) for row in rows(missed)]


def test_a_notice_alone_is_not_yet_a_handoff() -> None:
    assert [] == rows(body(handoff.ReleaseNoticeSent, "h-3", facility=JAIL, to_agency="us-ice"))
