"""Who is in custody where: what happened, when, in whose words, and how precisely."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import episode, handoff
from domain.instants import MINNESOTA, Instant, microseconds
from projections.custody import Custody, in_custody
from projections.folding.now import rows_now
from projections.folding.table import holds_at
from tests.builders import JAIL, MONDAY, SHERIFF, body, booked, recorded, released

OPERATORS = {JAIL: SHERIFF, "mn-cook-jail": "mn-cook-sheriff"}
HOUR = timedelta(hours=1)
STREAM = f"{JAIL}.1"
WHOM = {"facility": JAIL, "subject": "s-1"}


Rows = dict[str, list[dict]]


def custody(*bodies: bytes) -> Rows:
    return rows_now(Custody(OPERATORS), recorded(*bodies))


def at(found: Rows, moment: datetime, facility: str = JAIL) -> list[dict]:
    stays = [stay for stay in found["custody"] if stay["facility"] == facility and holds_at(stay, microseconds(moment))]
    return in_custody(stays, [hold for hold in found["holds"] if holds_at(hold, microseconds(moment))])


def test_a_booked_person_is_in_custody_until_the_release() -> None:
    fold = custody(booked(), released(at=MONDAY + 5 * HOUR))

    assert [] == at(fold, MONDAY - HOUR)
    assert [("mn-cass-jail.1", "s-1", SHERIFF, JAIL, True)] == [
        (row["episode"], row["subject"], row["legal_custodian"], row["location"], row["certain"])
        for row in at(fold, MONDAY + HOUR)
    ]
    assert [] == at(fold, MONDAY + 5 * HOUR)


def test_since_is_the_booking_as_the_source_wrote_it() -> None:
    assert "2026-01-12T08:00:00-06:00" == at(custody(booked()), MONDAY)[0]["since"]


def test_a_release_known_to_the_day_leaves_that_day_open() -> None:
    fold = custody(booked(), released(at=Instant.day(date(2026, 1, 14), MINNESOTA)))

    assert [True] == [row["certain"] for row in at(fold, MONDAY + 24 * HOUR)]
    assert [False] == [row["certain"] for row in at(fold, datetime(2026, 1, 14, 12, tzinfo=MINNESOTA))]
    assert [] == at(fold, datetime(2026, 1, 14, 23, 59, 59, tzinfo=MINNESOTA))


def test_a_release_before_its_booking_is_shown_and_never_counted() -> None:
    fold = custody(booked(), released(at=MONDAY - 3 * HOUR))

    assert [] == at(fold, MONDAY + HOUR)
    assert [("release_before_booking", [1, 2])] == [(c["kind"], c["events"]) for c in fold["custody_contradictions"]]


def test_legal_custody_can_pass_while_the_person_stays_in_the_cell() -> None:
    served = body(
        handoff.AdministrativeWarrantServed,
        "h-1",
        at=MONDAY + HOUR,
        facility=JAIL,
        episode=STREAM,
        warrant="I-200",
        served_by="wso_officer",
        legal_custody_to="us-ice",
    )

    row = at(custody(booked(), served), MONDAY + 2 * HOUR)[0]

    assert ("us-ice", JAIL) == (row["legal_custodian"], row["location"])
    assert SHERIFF == at(custody(booked(), served), MONDAY)[0]["legal_custodian"]


def test_what_ice_says_of_a_transfer_does_not_end_the_jails_custody() -> None:
    transfer = {
        "facility": JAIL,
        "episode": STREAM,
        "releasing_agency": SHERIFF,
        "receiving_agency": "us-ice",
    }
    theirs = body(handoff.CustodyTransferred, "h-1", at=MONDAY + HOUR, agency="us-ice", **transfer)
    ours = body(handoff.CustodyTransferred, "h-1", at=MONDAY + 2 * HOUR, **transfer)

    assert 1 == len(at(custody(booked(), theirs), MONDAY + 3 * HOUR))
    assert [] == at(custody(booked(), theirs, ours), MONDAY + 3 * HOUR)


def test_a_hold_has_its_own_end() -> None:
    hold = {**WHOM, "hold": "1", "kind": "immigration"}
    fold = custody(
        booked(),
        body(episode.HoldPlaced, STREAM, at=MONDAY + HOUR, detainer="d-1", **hold),
        body(episode.HoldEnded, STREAM, at=MONDAY + 9 * HOUR, **hold),
        released(at=MONDAY + 4 * HOUR),
    )

    assert [("immigration", "d-1")] == [(h["kind"], h["detainer"]) for h in at(fold, MONDAY + 2 * HOUR)[0]["holds"]]
    assert [] == at(fold, MONDAY)[0]["holds"]
    assert [] == at(fold, MONDAY + 5 * HOUR)


def test_a_person_moved_between_facilities_is_counted_where_they_are() -> None:
    moved = body(episode.InterFacilityTransferred, STREAM, at=MONDAY + HOUR, to_facility="mn-cook-jail", **WHOM)
    fold = custody(booked(), moved)

    assert [1, 0] == [len(at(fold, MONDAY, f)) for f in (JAIL, "mn-cook-jail")]
    assert [0, 1] == [len(at(fold, MONDAY + HOUR, f)) for f in (JAIL, "mn-cook-jail")]


def test_a_hospital_visit_changes_the_place_and_not_the_custody() -> None:
    out = body(episode.TemporaryReleaseStarted, STREAM, at=MONDAY + HOUR, purpose="hospital", **WHOM)
    back = body(episode.TemporaryReleaseEnded, STREAM, at=MONDAY + 3 * HOUR, **WHOM)
    fold = custody(booked(), out, back)

    assert ["hospital", JAIL] == [at(fold, MONDAY + h * HOUR)[0]["location"] for h in (2, 4)]


def test_a_recapture_begins_custody_again() -> None:
    escaped = body(episode.Escaped, STREAM, at=MONDAY + HOUR, **WHOM)
    recaptured = body(episode.Recaptured, STREAM, at=MONDAY + 4 * HOUR, **WHOM)
    fold = custody(booked(), escaped, recaptured)

    assert [1, 0, 1] == [len(at(fold, MONDAY + h * HOUR)) for h in (0, 2, 5)]
    assert "2026-01-12T12:00:00-06:00" == at(fold, MONDAY + 5 * HOUR)[0]["since"]


def test_a_release_and_a_later_booking_of_the_same_episode_are_two_stays() -> None:
    again = booked(at=MONDAY + 10 * HOUR, booking_number="2")
    fold = custody(booked(), released(at=MONDAY + HOUR), again)

    assert [1, 0, 1] == [len(at(fold, MONDAY + h * HOUR)) for h in (0, 2, 11)]


def day(days: int) -> Instant:
    return Instant.day((MONDAY + timedelta(days=days)).date(), MINNESOTA)


def served(hours: int, **data: str) -> bytes:
    warrant = {"warrant": "I-200", "served_by": "wso_officer", "legal_custody_to": "us-ice"}
    return body(
        handoff.AdministrativeWarrantServed,
        "h-1",
        at=MONDAY + hours * HOUR,
        facility=JAIL,
        episode=STREAM,
        **{**warrant, **data},
    )


def transferred(hours: int, **data: str) -> bytes:
    ends = {"facility": JAIL, "episode": STREAM, "releasing_agency": SHERIFF, "receiving_agency": "us-ice"}
    return body(handoff.CustodyTransferred, "h-1", at=MONDAY + hours * HOUR, **ends, **data)


def certainty(found: Rows, *hours: int) -> list[bool | None]:
    """Whether somebody is surely there, maybe (False), or not (None)."""
    rows = [at(found, MONDAY + hour * HOUR) for hour in hours]
    return [row[0]["certain"] if row else None for row in rows]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (day(0), [None, False, False, None]),
        (Instant.between(None, MONDAY + 20 * HOUR), [None, False, None, None]),
        (Instant.month(2026, 1, MINNESOTA), [None, False, False, False]),
        (Instant.unknown(), [None, False, False, False]),
    ],
)
def test_somebody_released_on_the_day_of_the_booking_came_first_and_has_left(
    left: Instant, expected: list[bool | None]
) -> None:
    assert expected == certainty(custody(booked(), released(at=left)), -1, 2, 15 if left == day(0) else 21, 40)


@pytest.mark.parametrize(("escaped", "recaptured"), [(day(1), day(1)), (MONDAY + 30 * HOUR, day(1))])
def test_a_recapture_on_the_day_of_the_escape_comes_after_it(escaped: Instant, recaptured: Instant) -> None:
    fold = custody(
        booked(),
        body(episode.Escaped, STREAM, at=escaped, **WHOM),
        body(episode.Recaptured, STREAM, at=recaptured, **WHOM),
        released(at=MONDAY + 72 * HOUR),
    )

    assert [True, False, True, None] == certainty(fold, 2, 32, 48, 72)


def test_a_booking_at_the_moment_of_the_release_begins_a_stay_and_a_commitment_then_does_not() -> None:
    again = booked(at=MONDAY + HOUR, booking_number="2")
    committed = body(episode.CommittedToInstitution, STREAM, at=MONDAY + HOUR, conviction_level="felony", **WHOM)

    assert [True, True] == certainty(custody(booked(), released(at=MONDAY + HOUR), again), 0, 2)
    assert [True, None] == certainty(custody(booked(), released(at=MONDAY + HOUR), committed), 0, 2)


def test_a_move_on_the_day_of_the_booking_comes_after_it() -> None:
    moved = body(episode.InterFacilityTransferred, STREAM, at=day(0), to_facility="mn-cook-jail", **WHOM)

    assert "mn-cook-jail" == at(custody(booked(), moved), MONDAY + 20 * HOUR, "mn-cook-jail")[0]["location"]


def test_who_comes_back_is_in_the_custody_of_whoever_took_them_in() -> None:
    left = body(episode.Escaped, STREAM, at=MONDAY + 2 * HOUR, **WHOM)
    back = body(episode.Recaptured, STREAM, at=MONDAY + 4 * HOUR, **WHOM)
    fold = custody(booked(), served(1), left, back)

    assert ["us-ice", SHERIFF] == [at(fold, MONDAY + hour * HOUR)[0]["legal_custodian"] for hour in (1, 5)]
    assert "us-ice" == at(custody(served(-1, served_by="ice"), booked()), MONDAY)[0]["legal_custodian"]


def test_legal_custody_passes_with_the_transfer_and_the_person_leaves_when_that_is_told() -> None:
    later = custody(booked(), transferred(1, physical_at=(MONDAY + 30 * HOUR).isoformat()))
    stay = {"facility": JAIL, "episode": STREAM}
    stays = body(handoff.PostTransferDetentionStarted, "h-1", at=MONDAY + HOUR, legal_custodian="us-ice", **stay)
    over = body(handoff.PostTransferDetentionEnded, "h-1", at=MONDAY + 30 * HOUR, **stay)

    for fold in (later, custody(booked(), transferred(1), stays, over)):
        assert [SHERIFF, "us-ice"] == [at(fold, MONDAY + hour * HOUR)[0]["legal_custodian"] for hour in (0, 2)]
        assert [True, True, None] == certainty(fold, 0, 29, 30)
    assert [True, True] == certainty(custody(booked(), transferred(1), stays), 0, 100)


@given(st.integers(0, 2**32), st.integers(0, 40))
def test_the_order_in_which_events_arrive_changes_no_answer(seed: int, hours: int) -> None:
    bodies = []
    for number in range(1, 6):
        bodies += [booked(number, at=MONDAY + number * HOUR), released(number, at=MONDAY + 6 * number * HOUR)]
    shuffled = bodies.copy()
    Random(seed).shuffle(shuffled)
    moment = MONDAY + hours * HOUR

    assert at(custody(*bodies), moment) == at(custody(*shuffled), moment)
