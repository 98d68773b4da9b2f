"""House Bill 10 until 2025-09-30, House Bill 318 from 2025-10-01: two clocks of 48 hours, no moment between them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.rules.packs import shipped_pack
from domain.calendars import Clock, expiry
from domain.events.fields import DecisionPoint
from domain.instants import Instant
from domain.rules.decide import decide
from domain.rules.pack import Status
from domain.rules.packtests import run_pack_tests
from domain.rules.trace import Standing
from domain.rules.vocabulary import Facts

EASTERN = ZoneInfo("America/New_York")
BORDER = datetime(2025, 10, 1, tzinfo=EASTERN)
HELD: Facts = {
    "facility_kind": "county_jail",
    "county": "Wake",
    "agency": "nc-wake-sheriff",
    "agreement_wso": False,
    "agreement_jem": False,
    "agreement_tfm": False,
    "detainer_form": "I-247A",
    "admin_warrant_attached": "I-200",
    "judicial_order_to_hold_recorded": True,
    "other_hold_recorded": False,
    "admin_warrant_served_recorded": False,
    "offense_since_effective": True,
    "listed_charge": True,
    "status_query_unanswered": False,
}
RECEIVED = datetime(2025, 9, 26, 9, 30, tzinfo=EASTERN)
OTHERWISE_RELEASED = datetime(2025, 10, 3, 17, 0, tzinfo=EASTERN)


def held_under(at: Instant, point: DecisionPoint = DecisionPoint.HOLD_PAST_RELEASE) -> tuple[Status, list[str]]:
    """Return the status, and the state rules that stand or might."""
    found = decide(HELD, point, at, shipped_pack("us-nc"))
    kept = (Standing.STANDS, Standing.UNKNOWN)
    state = [trace.rule.id for trace in found.rules if trace.standing in kept and trace.rule.id.startswith("NC-")]
    return found.status, state


def clock_of(rule_id: str) -> Clock:
    clock = shipped_pack("us-nc").rule(rule_id).clock
    assert clock is not None
    return clock


def test_every_test_of_the_pack_passes() -> None:
    assert [outcome for outcome in run_pack_tests(shipped_pack("us-nc")) if not outcome.ok] == []


@pytest.mark.parametrize("minutes", range(-36 * 60, 36 * 60 + 1, 30))
def test_around_the_border_exactly_one_law_orders_the_hold(minutes: int) -> None:
    law = "NC-HB10-HOLD" if minutes < 0 else "NC-HB318-HOLD"
    assert held_under(Instant.exact(BORDER + timedelta(minutes=minutes))) == (Status.REQUIRED, [law])


def test_the_last_microsecond_is_still_the_first_laws() -> None:
    assert held_under(Instant.exact(BORDER - timedelta(microseconds=1))) == (Status.REQUIRED, ["NC-HB10-HOLD"])


@pytest.mark.parametrize(("day", "law"), [(date(2025, 9, 30), "NC-HB10-HOLD"), (date(2025, 10, 1), "NC-HB318-HOLD")])
def test_a_hold_known_to_the_day_falls_under_one_law(day: date, law: str) -> None:
    assert held_under(Instant.day(day, EASTERN)) == (Status.REQUIRED, [law])


def test_a_hold_known_to_the_month_is_open_only_where_the_month_has_both_laws() -> None:
    assert held_under(Instant.month(2025, 9, EASTERN)) == (Status.REQUIRED, ["NC-HB10-HOLD"])
    assert held_under(Instant.month(2025, 10, EASTERN)) == (Status.REQUIRED, ["NC-HB318-HOLD"])
    both = held_under(Instant.between(BORDER - timedelta(days=1), BORDER + timedelta(days=1)))
    assert both == (Status.UNDETERMINED, ["NC-HB10-HOLD", "NC-HB318-HOLD"])


def test_the_first_law_counts_from_receipt_and_can_end_before_the_release() -> None:
    ends = expiry(clock_of("NC-HB10-HOLD"), RECEIVED, EASTERN)
    assert ends == datetime(2025, 9, 28, 9, 30, tzinfo=EASTERN)
    assert ends < OTHERWISE_RELEASED


def test_the_second_law_counts_from_the_release_and_through_the_weekend() -> None:
    ends = expiry(clock_of("NC-HB318-HOLD"), OTHERWISE_RELEASED, EASTERN)
    assert ends == datetime(2025, 10, 5, 17, 0, tzinfo=EASTERN)


def test_in_the_night_of_standard_time_48_hours_are_elapsed_hours() -> None:
    friday = datetime(2025, 10, 31, 17, 0, tzinfo=EASTERN)
    assert expiry(clock_of("NC-HB318-HOLD"), friday, EASTERN) == datetime(2025, 11, 2, 16, 0, tzinfo=EASTERN)


def test_notice_is_due_by_two_hours_after_the_release_as_rule_and_as_side_duty() -> None:
    notice = clock_of("NC-HB318-NOTICE")
    assert expiry(notice, OTHERWISE_RELEASED, EASTERN) == datetime(2025, 10, 3, 19, 0, tzinfo=EASTERN)
    duties = shipped_pack("us-nc").rule("NC-HB318-HOLD").duties
    assert [duty.clock for duty in duties if duty.clock] == [notice]
    after = Instant.exact(OTHERWISE_RELEASED)
    assert held_under(after, DecisionPoint.RELEASE_NOTICE) == (Status.REQUIRED, ["NC-HB318-NOTICE"])


def test_a_query_holds_for_two_hours_from_the_query() -> None:
    asked = datetime(2025, 10, 3, 23, 15, tzinfo=EASTERN)
    ends = expiry(clock_of("NC-HB318-QUERY"), asked, EASTERN)
    assert ends == datetime(2025, 10, 4, 1, 15, tzinfo=EASTERN)
