"""The 48-hour clocks told apart, as they run in a case: what starts each, when it ends, and whether it was met."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.rules.cel import CelEngine
from domain.events import detainer, episode, handoff
from domain.instants import MINNESOTA, Instant
from domain.rules.rulebook import build_rulebook
from projections.decisions import decisions
from tests.builders import body, recorded
from tests.projections.test_decisions import CUSTODIANS, Case, Lists, decided

JAIL = Case("mn-freeborn-jail")
AFTER_48 = {"hours": 48, "calendar": "wall"}
CLOCKS: dict[str, dict[str, Any]] = {
    "C1": {"start": "otherwise_released_at", "hours": 48, "calendar": "excl_sat_sun_federal_holiday"},
    "C2": {"start": "otherwise_released_at", **AFTER_48},
    "C3": {"start": "admin_warrant_served_at", **AFTER_48},
    "C4": {"start": "detainer_received_at", **AFTER_48},
    "C5": {"start": "otherwise_released_at", **AFTER_48},
    "C7": {"start": "bond_posted_at", "hours": 6, "calendar": "wall"},
    "C8": {"start": "otherwise_released_at", "hours": 0, "calendar": "wall"},
    "query": {"start": "status_query_at", "hours": 2, "calendar": "wall"},
}
C6 = {"start": "scheduled_release_at", "hours": 48, "calendar": "wall", "counts": "before"}
TWO_HOURS = {"id": "C5-notice", "start": "otherwise_released_at", "hours": 2, "calendar": "wall"}
SIX = ["handoff.release_notice_sent", "custody.projected_release_set", "custody.release_eligible"]


def rule(name: str, point: str, clock: dict[str, Any], *duties: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"X-{name}",
        "citation": name,
        "authority": "nobody",
        "bindingness": "statute",
        "decision_points": [point],
        "modality": "permission",
        "effect": "as the clock says",
        "in_force": {"from": None, "to": None},
        "verified": "found",
        "scope": {"applies_to": "everybody"},
        "clock": {"id": name, **clock},
        "duties": list(duties),
    }


RULES = [
    *(
        rule(name, "hold_past_release", clock, *([{"says": "notify ICE", "clock": TWO_HOURS}] * (name == "C5")))
        for name, clock in CLOCKS.items()
    ),
    rule("C6", "release_notice", C6),
]
PACK = build_rulebook(
    {
        "schema": "custody-rules/1",
        "pack": "clocks",
        "version": "1",
        "jurisdiction": "US-XX",
        "zone": "America/Chicago",
        "vocabulary": "custody-facts/1",
        "interpretation": {"author": "nobody", "basis": "made up"},
        "ranks": ["statute"],
        "rules": RULES,
        "tests": [
            {
                "name": f"{one['id']} stands",
                "at": "2026-01-16T17:00:00-06:00",
                "decision_point": one["decision_points"][0],
                "facts": {},
                "expect": {"status": "permitted", "stands": [one["id"]]},
            }
            for one in RULES
        ],
    },
    CelEngine(),
)


def clocks(*bodies: bytes) -> dict[str, dict[str, Any]]:
    """Return every clock of a case by id, under the pack of one rule for each clock."""
    made = decisions(recorded(*bodies), "episode/e-1", PACK, agreements=None, custodians=CUSTODIANS)
    return {clock["id"]: clock for decision in made for clock in decision.clocks}


def all_started(case: Case) -> tuple[bytes, ...]:
    """Somebody whose release is due at hour 0: received at -47, notified at -20, bond at -1, warrant served at 2."""
    return (
        case.form(),
        case.detained(detainer.DetainerReceived, -47),
        case.handoff(
            handoff.ReleaseNoticeSent,
            -20,
            to_agency="us-ice",
            scheduled_release_at=Instant.exact(case.due).as_json(),
        ),
        case.episode(episode.BailPosted, -1),
        case.eligible(),
        case.served(2),
    )


@pytest.mark.parametrize(
    ("due", "ends"),
    [
        (
            "2026-01-16T17:00:00-06:00",
            {
                "C1": "2026-01-21T17:00:00-06:00",
                "C2": "2026-01-18T17:00:00-06:00",
                "C3": "2026-01-18T19:00:00-06:00",
                "C4": "2026-01-16T18:00:00-06:00",
                "C5": "2026-01-18T17:00:00-06:00",
                "C5-notice": "2026-01-16T19:00:00-06:00",
                "C6": "2026-01-14T17:00:00-06:00",
                "C7": "2026-01-16T22:00:00-06:00",
                "C8": "2026-01-16T17:00:00-06:00",
                "query": None,
            },
        ),
        (
            "2025-12-24T18:00:00-06:00",
            {"C1": "2025-12-29T18:00:00-06:00", "C2": "2025-12-26T18:00:00-06:00", "C6": "2025-12-22T18:00:00-06:00"},
        ),
        (
            "2026-03-07T12:00:00-06:00",  # an hour is lost on Sunday 8 March
            {"C1": "2026-03-11T00:00:00-05:00", "C2": "2026-03-09T13:00:00-05:00", "C3": "2026-03-09T15:00:00-05:00"},
        ),
        (
            "2026-10-31T12:00:00-05:00",  # an hour is gained on Sunday 1 November
            {"C1": "2026-11-04T00:00:00-06:00", "C2": "2026-11-02T11:00:00-06:00", "C7": "2026-10-31T17:00:00-05:00"},
        ),
    ],
)
def test_every_clock_of_one_release_has_its_own_end(due: str, ends: dict[str, str | None]) -> None:
    case = Case("mn-freeborn-jail", due=datetime.fromisoformat(due).astimezone(MINNESOTA))
    found = clocks(*all_started(case))
    assert {name: found[name]["ends"] for name in ends} == ends


def test_every_clock_says_what_started_it_and_whether_it_limits_or_is_a_side_duty() -> None:
    found = clocks(*all_started(JAIL))
    assert {name: clock["started_by"]["event"] for name, clock in found.items() if "started_by" in clock} == {
        "C1": "custody.release_eligible",
        "C2": "custody.release_eligible",
        "C3": "handoff.administrative_warrant_served",
        "C4": "detainer.received",
        "C5": "custody.release_eligible",
        "C5-notice": "custody.release_eligible",
        "C6": "handoff.release_notice_sent",
        "C7": "custody.bail_posted",
        "C8": "custody.release_eligible",
    }
    assert {name for name, clock in found.items() if clock["kind"] == "duty"} == {"C5-notice"}
    assert (found["C5-notice"]["says"], found["C5-notice"]["rule"]) == ("notify ICE", "X-C5")
    assert (found["C6"]["counts"], found["C2"]["counts"]) == ("before", "after")
    assert found["C2"]["started_by"]["position"] == 5


def test_a_clock_whose_start_the_record_does_not_show_is_listed_with_what_is_missing() -> None:
    found = clocks(JAIL.form(), JAIL.eligible())
    unstarted = {name: clock["missing"] for name, clock in found.items() if clock["starts"] is None}
    assert unstarted == {
        "C3": "admin_warrant_served_at",
        "C4": "detainer_received_at",
        "C7": "bond_posted_at",
        "query": "status_query_at",
    }
    assert {found[name]["ends"] for name in unstarted} == {None}


@pytest.mark.parametrize(
    ("hours", "in_time"),
    [
        (0, {"C1": True, "C2": True, "C4": True, "C7": True, "C8": True}),
        (30, {"C1": True, "C2": True, "C3": True, "C4": False, "C7": False, "C8": False}),
        (49, {"C1": True, "C2": False, "C3": True, "C8": False}),
        (51, {"C1": True, "C2": False, "C3": False}),
        (121, {"C1": False, "C2": False, "C3": False}),
    ],
)
def test_the_end_of_the_stay_is_within_some_clocks_and_past_others(hours: float, in_time: dict[str, bool]) -> None:
    found = clocks(*all_started(JAIL), JAIL.to_ice(hours))
    assert {name: found[name]["in_time"] for name in in_time} == in_time
    assert found["C2"]["done_at"] == Instant.exact(JAIL.at(hours)).as_json()
    assert found["C2"]["done_by"] == {"event": "custody.released_to_agency", "position": 7}


def test_while_somebody_is_still_there_nothing_is_said_of_being_in_time() -> None:
    assert {"done_at", "in_time"}.isdisjoint(clocks(*all_started(JAIL))["C2"])


def test_the_end_of_another_authoritys_hold_ends_no_clock_and_that_of_the_immigration_hold_does() -> None:
    marshals = JAIL.episode(episode.HoldPlaced, -30, hold="m", kind="us_marshals")
    theirs = JAIL.episode(episode.HoldEnded, 5, hold="m", kind="us_marshals")
    ours = JAIL.episode(episode.HoldEnded, 9, hold="h", kind="immigration")
    events = (JAIL.form(), JAIL.hold(), JAIL.eligible(), marshals, theirs)
    assert "done_at" not in clocks(*events)["C2"]
    assert clocks(*events, ours)["C2"]["done_at"] == Instant.exact(JAIL.at(9)).as_json()


def test_after_service_only_leaving_the_building_ends_the_clock() -> None:
    left = Instant.exact(JAIL.at(60)).as_json()
    found = clocks(*all_started(JAIL), JAIL.transferred(2, physical_at=left))
    assert (found["C3"]["done_at"], found["C3"]["in_time"]) == (left, False)
    assert (found["C2"]["done_at"], found["C2"]["in_time"]) == (Instant.exact(JAIL.at(2)).as_json(), True)


def test_what_the_jail_calls_the_end_of_the_stay_ends_the_clock_after_service() -> None:
    over = JAIL.handoff(handoff.PostTransferDetentionEnded, 40)
    found = clocks(*all_started(JAIL), JAIL.transferred(2), over)
    assert found["C3"]["done_by"]["event"] == "handoff.post_transfer_detention_ended"


@pytest.mark.parametrize(("hours", "in_time"), [(-49, True), (-48, True), (-47, False)])
def test_notice_is_in_time_if_sent_48_hours_before_the_scheduled_release(hours: float, in_time: bool) -> None:
    scheduled = Instant.exact(JAIL.due).as_json()
    sent = JAIL.handoff(handoff.ReleaseNoticeSent, hours, to_agency="us-ice", scheduled_release_at=scheduled)
    notice = clocks(JAIL.form(hours=-90), sent)["C6"]
    assert (notice["ends"], notice["in_time"]) == ("2026-01-14T17:00:00-06:00", in_time)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_scheduled_release_is_what_the_notice_says_else_the_last_projection_else_when_it_was_due(count: int) -> None:
    other = Instant.exact(JAIL.at(24)).as_json()
    told = (
        JAIL.handoff(handoff.ReleaseNoticeSent, -50, to_agency="us-ice", scheduled_release_at=other),
        JAIL.episode(episode.ProjectedReleaseSet, -60, projected_release_at=other),
        JAIL.eligible(),
    )
    assert clocks(JAIL.form(), *told[count - 1 :])["C6"]["started_by"]["event"] == SIX[count - 1]


def test_a_projection_that_moved_counts_as_it_was_set_last() -> None:
    first = JAIL.episode(episode.ProjectedReleaseSet, -60, projected_release_at=Instant.exact(JAIL.at(9)).as_json())
    moved = JAIL.episode(
        episode.ProjectedReleaseChanged, -50, projected_release_at=Instant.exact(JAIL.at(24)).as_json()
    )
    assert clocks(JAIL.form(), moved, first)["C6"]["starts"] == Instant.exact(JAIL.at(24)).as_json()


def test_eligibility_is_preferred_to_an_order_that_came_before_it() -> None:
    ordered = JAIL.episode(episode.ReleaseOrdered, -6)
    without = clocks(JAIL.form(), ordered, JAIL.to_ice(1))["C2"]
    both = clocks(JAIL.form(), ordered, JAIL.eligible(), JAIL.to_ice(1))["C2"]
    assert (without["started_by"]["event"], without["starts"]) == (
        "custody.release_ordered",
        Instant.exact(JAIL.at(-6)).as_json(),
    )
    assert (both["started_by"]["event"], both["starts"]) == (
        "custody.release_eligible",
        Instant.exact(JAIL.at(0)).as_json(),
    )


def test_a_departure_alone_shows_only_that_release_was_due_by_then() -> None:
    hold = clocks(JAIL.form(), JAIL.to_ice(0))["C8"]
    assert hold["starts"] == {"earliest": None, "latest": "2026-01-16T17:00:00-06:00", "precision": "interval"}
    assert hold["in_time"] == "unknown"


def test_a_start_known_only_to_the_day_gives_an_end_between_two_bounds() -> None:
    day = Instant.day(JAIL.due.date(), MINNESOTA)
    due = body(episode.ReleaseEligible, "e-1", at=day, agency=JAIL.agency, facility=JAIL.facility, subject="s-1")
    first = JAIL.due.replace(hour=0, minute=0)
    ends = {
        "earliest": Instant.exact(first + timedelta(hours=48)).as_json(),
        "latest": Instant.exact(first + timedelta(hours=71, minutes=59, seconds=59)).as_json(),
        "precision": "interval",
    }
    for hours, in_time in ((30, True), (40, "unknown"), (60, False)):
        form = clocks(JAIL.form(), due, JAIL.to_ice(hours))["C2"]
        assert (form["starts"]["precision"], form["ends"]) == ("day", ends)
        assert form["in_time"] is in_time or form["in_time"] == in_time


def test_the_clocks_of_the_shipped_rules_on_a_friday_evening_differ_by_three_days() -> None:
    hold = decided(JAIL.form(), JAIL.hold(), JAIL.eligible(), JAIL.served(2))["hold_past_release"]
    ends = {clock["rule"]: clock["ends"] for clock in hold["clocks"]}
    assert ends["US-I247A-2"] == "2026-01-18T17:00:00-06:00"
    assert ends["US-8CFR-287.7d"] == "2026-01-21T17:00:00-06:00"
    assert ends["US-287G-POST48"] == "2026-01-18T19:00:00-06:00"
    assert ends["MN-AG-2025-02-06"] == "2026-01-16T17:00:00-06:00"


def test_the_side_duties_of_the_agreements_have_clocks_of_their_own() -> None:
    claimed = JAIL.handoff(handoff.CitizenshipClaimAsserted, 1)
    served = decided(JAIL.form(), JAIL.served(), claimed)["serve_admin_warrant"]
    claim = next(clock for clock in served["clocks"] if clock["id"] == "citizenship-claim")
    assert (claim["kind"], claim["starts"], claim["ends"]) == (
        "duty",
        "2026-01-16T18:00:00-06:00",
        "2026-01-16T19:00:00-06:00",
    )
    jem = Lists({"mn-sherburne-sheriff": (("JEM", "yes"),)})
    local = Case("mn-sherburne-jail").form(issued_by="jem_local_officer")
    issued = decided(local, agreements=jem)["issue_detainer"]
    tell = next(clock for clock in issued["clocks"] if clock["id"] == "tell-ice")
    assert (tell["rule"], tell["started_by"]["event"], tell["hours"]) == ("US-287G-JEM-SOP", "detainer.prepared", 24)
