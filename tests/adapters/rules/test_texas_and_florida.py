"""Two states that oblige: Texas under an injunction and a recodification, Florida under a warrant and an amendment."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.rules.packs import shipped_pack
from domain.calendars import expiry
from domain.events.fields import DecisionPoint
from domain.instants import Instant
from domain.rules.decide import decide
from domain.rules.pack import Status
from domain.rules.packtests import run_pack_tests
from domain.rules.trace import Determination, Standing
from domain.rules.vocabulary import Facts

CENTRAL, EASTERN = ZoneInfo("America/Chicago"), ZoneInfo("America/New_York")
DETAINER: Facts = {
    "facility_kind": "county_jail",
    "agreement_wso": False,
    "agreement_jem": False,
    "agreement_tfm": False,
    "detainer_form": "I-247A",
    "admin_warrant_attached": "I-200",
    "citizenship_proof_shown": False,
    "other_hold_recorded": False,
    "admin_warrant_served_recorded": False,
}


def decided(pack: str, point: DecisionPoint, at: datetime) -> Determination:
    return decide(DETAINER, point, Instant.exact(at), shipped_pack(pack))


def standing(found: Determination) -> list[str]:
    return [trace.rule.id for trace in found.rules if trace.standing is Standing.STANDS]


@pytest.mark.parametrize("pack", ["us-tx", "us-fl"])
def test_every_test_of_the_pack_passes(pack: str) -> None:
    assert [outcome for outcome in run_pack_tests(shipped_pack(pack)) if not outcome.ok] == []


@pytest.mark.parametrize("hours", range(-30, 31))
def test_around_the_recodification_exactly_one_texas_article_obliges(hours: int) -> None:
    found = decided(
        "us-tx", DecisionPoint.HOLD_PAST_RELEASE, datetime(2025, 1, 1, tzinfo=CENTRAL) + timedelta(hours=hours)
    )
    texan = [rule_id for rule_id in standing(found) if rule_id.startswith("TX-")]
    assert found.status is Status.REQUIRED
    assert texan == ["TX-SB4-HOLD" if hours < 0 else "TX-SB4-HOLD-2025"]


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (datetime(2017, 8, 31, 12, tzinfo=CENTRAL), Status.REQUESTED_ONLY),
        (datetime(2017, 9, 1, 12, tzinfo=CENTRAL), Status.REQUESTED_ONLY),
        (datetime(2017, 9, 24, 12, tzinfo=CENTRAL), Status.REQUESTED_ONLY),
        (datetime(2017, 9, 25, 12, tzinfo=CENTRAL), Status.UNDETERMINED),
        (datetime(2017, 9, 26, 12, tzinfo=CENTRAL), Status.REQUIRED),
        (datetime(2018, 3, 13, 12, tzinfo=CENTRAL), Status.REQUIRED),
    ],
)
def test_the_texas_mandate_is_stopped_until_the_stay(day: datetime, status: Status) -> None:
    assert decided("us-tx", DecisionPoint.HOLD_PAST_RELEASE, day).status is status


def test_a_stopped_rule_stays_in_the_trace_with_the_court_that_stopped_it() -> None:
    found = decided("us-tx", DecisionPoint.HOLD_PAST_RELEASE, datetime(2017, 9, 10, tzinfo=CENTRAL))
    trace = next(trace for trace in found.rules if trace.rule.id == "TX-SB4-HOLD")
    stopped = next(atom for atom in trace.atoms if atom.id == "not-suspended")
    assert trace.standing is Standing.FAILS
    assert "264 F. Supp. 3d 744" in stopped.says


def test_the_texas_and_florida_clock_is_that_of_the_request() -> None:
    released = datetime(2026, 1, 16, 17, tzinfo=CENTRAL)
    for pack, rule_id in (("us-tx", "TX-SB4-HOLD-2025"), ("us-fl", "FL-908.105-HOLD")):
        book = shipped_pack(pack)
        clock = book.rule(rule_id).clock
        assert clock == book.rule("US-I247A-2").clock
        assert clock is not None
        assert expiry(clock, released, CENTRAL) == datetime(2026, 1, 18, 17, tzinfo=CENTRAL)


@pytest.mark.parametrize("hours", range(-30, 55, 3))
def test_around_the_florida_amendment_the_duty_to_have_an_agreement_is_never_in_doubt(hours: int) -> None:
    at = datetime(2025, 2, 13, tzinfo=EASTERN) + timedelta(hours=hours)
    found = decided("us-fl", DecisionPoint.ENTER_AGREEMENT, at)
    assert found.status is Status.REQUIRED
    sure = [rule_id for rule_id in standing(found) if rule_id.startswith("FL-")]
    assert sure == (["FL-908.11-2022"] if hours < 0 else ["FL-908.11-2025"] if hours >= 24 else [])
