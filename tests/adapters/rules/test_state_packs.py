"""California, Illinois, New Jersey, Washington: one case in four states, versions in time, a day ending at 23:59."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.rules.packs import shipped_pack
from domain.calendars import expiry
from domain.events import detainer, episode
from domain.events.fields import DecisionPoint, Modality
from domain.instants import Instant
from domain.rules.decide import decide
from domain.rules.pack import Rule, Status
from domain.rules.trace import Determination, Standing
from domain.rules.vocabulary import FactValue
from projections.decisions import decisions
from projections.facts import Custodian
from tests.builders import body, recorded

STATES = ("us-ca", "us-il", "us-nj", "us-wa")
PACIFIC, EASTERN = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/New_York")
NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
CONVICTED: dict[str, FactValue] = {
    "facility_kind": "county_jail",
    "agreement_wso": False,
    "agreement_jem": False,
    "agreement_tfm": False,
    "detainer_form": "I-247A",
    "detainer_box": 1,
    "judicial_warrant_recorded": False,
    "other_hold_recorded": False,
    "admin_warrant_served_recorded": False,
    "listed_charge": False,
    "listed_conviction": True,
    "recent_indictable_conviction": False,
    "final_order_of_removal": False,
    "held_to_answer_by_magistrate": False,
    "release_date_public": False,
    "needed_for_investigation": False,
    "interview_advised_in_writing": True,
    "interview_consent": "given",
    "bed_contract_left_in_force": False,
}
GROUNDS = ("listed_charge", "listed_conviction", "recent_indictable_conviction", "final_order_of_removal")
NOTHING_LISTED: dict[str, FactValue] = {**CONVICTED, **dict.fromkeys(GROUNDS, False)}


def decided(pack: str, point: DecisionPoint, facts: dict[str, FactValue], at: datetime = NOW) -> Determination:
    return decide(facts, point, Instant.exact(at), shipped_pack(pack))


def standing(found: Determination) -> list[Rule]:
    """Return the rules of the state that stand."""
    rules = [trace.rule for trace in found.rules if trace.standing is Standing.STANDS]
    return [rule for rule in rules if not rule.id.startswith("US-")]


@pytest.mark.parametrize(
    ("point", "california", "illinois", "new_jersey", "washington"),
    [
        ("hold_past_release", "prohibited", "prohibited", "permitted", "prohibited"),
        ("release_notice", "permitted", "prohibited", "permitted", "prohibited"),
        ("hand_over", "permitted", "prohibited", "no_rule", "no_rule"),
        ("allow_interview", "permitted", "prohibited", "permitted", "permitted"),
        ("serve_detainer", "required", "requested_only", "required", "requested_only"),
        ("serve_admin_warrant", "prohibited", "prohibited", "no_rule", "prohibited"),
        ("ask_status", "prohibited", "prohibited", "prohibited", "prohibited"),
        ("share_information", "permitted", "permitted", "permitted", "permitted"),
        ("enter_agreement", "prohibited", "prohibited", "prohibited", "prohibited"),
        ("house_for_ice", "prohibited", "prohibited", "prohibited", "prohibited"),
    ],
)
def test_a_listed_conviction_and_a_detainer_in_four_states(
    point: str, california: str, illinois: str, new_jersey: str, washington: str
) -> None:
    found = [decided(pack, DecisionPoint(point), CONVICTED).status.value for pack in STATES]
    assert found == [california, illinois, new_jersey, washington]


@pytest.mark.parametrize("pack", STATES)
def test_without_a_judge_or_a_listed_case_no_state_lets_a_jail_hold_for_one_minute(pack: str) -> None:
    found = decided(pack, DecisionPoint.HOLD_PAST_RELEASE, NOTHING_LISTED)
    assert found.status is Status.PROHIBITED
    for rule in standing(found):
        assert rule.clock is not None
        assert expiry(rule.clock, NOW, PACIFIC) == NOW


@pytest.mark.parametrize("pack", STATES)
def test_an_unknown_judicial_warrant_leaves_the_hold_undetermined_and_is_named(pack: str) -> None:
    facts = {name: value for name, value in NOTHING_LISTED.items() if name != "judicial_warrant_recorded"}
    found = decided(pack, DecisionPoint.HOLD_PAST_RELEASE, facts)
    assert found.status is Status.UNDETERMINED
    assert found.missing == ("judicial_warrant_recorded",)


@pytest.mark.parametrize("pack", STATES)
def test_a_fact_taken_away_never_turns_a_determined_answer_into_another_one(pack: str) -> None:
    rulebook = shipped_pack(pack)
    for test in rulebook.pack.tests:
        whole = decide(test.facts, test.decision_point, test.at, rulebook).status
        for name in test.facts:
            rest = {key: value for key, value in test.facts.items() if key != name}
            fewer = decide(rest, test.decision_point, test.at, rulebook)
            assert fewer.status in (whole, Status.UNDETERMINED), f"{test.name} without {name}"


@pytest.mark.parametrize("pack", STATES)
def test_an_exception_says_another_thing_than_the_rule_it_is_an_exception_to(pack: str) -> None:
    rulebook = shipped_pack(pack)
    for exception in rulebook.pack.rules:
        for beaten in map(rulebook.rule, exception.exception_to):
            shared = [point for point in DecisionPoint if exception.speaks_at(point) and beaten.speaks_at(point)]
            assert shared, f"{exception.id} never meets {beaten.id}"
            for point in shared:
                said = {exception.modality_at(point), beaten.modality_at(point)}
                assert said == {Modality.PERMISSION, Modality.PROHIBITION}


@pytest.mark.parametrize(
    ("at", "status", "rules"),
    [
        (datetime(2013, 12, 31, 12, tzinfo=PACIFIC), "requested_only", []),
        (datetime(2014, 1, 2, 12, tzinfo=PACIFIC), "permitted", ["CA-TRUST-LISTED"]),
        (datetime(2018, 1, 1, tzinfo=PACIFIC) - timedelta(microseconds=1), "permitted", ["CA-TRUST-LISTED"]),
        (datetime(2018, 1, 1, tzinfo=PACIFIC), "prohibited", ["CA-VALUES-HOLD"]),
        (datetime(2018, 1, 1, 7, 30, tzinfo=UTC), "permitted", ["CA-TRUST-LISTED"]),
    ],
)
def test_a_hold_in_california_under_three_states_of_the_law(at: datetime, status: str, rules: list[str]) -> None:
    found = decided("us-ca", DecisionPoint.HOLD_PAST_RELEASE, CONVICTED | {"detainer_form": "I-247D"}, at)
    assert found.status.value == status
    assert [rule.id for rule in standing(found)] == rules


def test_a_moment_around_the_new_year_of_2018_is_open_in_california_and_names_the_acts() -> None:
    around = Instant.between(datetime(2017, 12, 1, tzinfo=PACIFIC), datetime(2018, 1, 31, tzinfo=PACIFIC))
    found = decide(CONVICTED, DecisionPoint.HOLD_PAST_RELEASE, around, shipped_pack("us-ca"))
    assert found.status is Status.UNDETERMINED
    assert set(found.missing) == {"in_force:CA-TRUST-HOLD", "in_force:CA-TRUST-LISTED", "in_force:CA-VALUES-HOLD"}


def test_held_to_answer_opens_the_notice_in_california_and_not_the_transfer() -> None:
    facts = NOTHING_LISTED | {"held_to_answer_by_magistrate": True}
    assert decided("us-ca", DecisionPoint.RELEASE_NOTICE, facts).status is Status.PERMITTED
    assert decided("us-ca", DecisionPoint.HAND_OVER, facts).status is Status.PROHIBITED


def test_whoever_is_told_in_california_the_person_is_told_too() -> None:
    for ground in ("listed_conviction", "held_to_answer_by_magistrate", "release_date_public"):
        found = decided("us-ca", DecisionPoint.RELEASE_NOTICE, NOTHING_LISTED | {ground: True})
        (rule,) = standing(found)
        assert any("same notice in writing to the person" in duty.says for duty in rule.duties), ground


def test_consent_opens_an_interview_everywhere_but_in_illinois() -> None:
    for answer, expected in (("given", "permitted"), ("counsel", "permitted"), ("refused", "prohibited")):
        facts = CONVICTED | {"interview_consent": answer}
        found = {pack: decided(pack, DecisionPoint.ALLOW_INTERVIEW, facts).status.value for pack in STATES}
        assert found == {pack: "prohibited" if pack == "us-il" else expected for pack in STATES}


@pytest.mark.parametrize(
    ("release", "end"),
    [
        (datetime(2026, 1, 16, 17, 0, tzinfo=EASTERN), datetime(2026, 1, 16, 23, 59, tzinfo=EASTERN)),
        (datetime(2026, 1, 16, 0, 0, tzinfo=EASTERN), datetime(2026, 1, 16, 23, 59, tzinfo=EASTERN)),
        (datetime(2026, 1, 16, 23, 58, tzinfo=EASTERN), datetime(2026, 1, 16, 23, 59, tzinfo=EASTERN)),
        (datetime(2026, 1, 17, 3, 30, tzinfo=UTC), datetime(2026, 1, 16, 23, 59, tzinfo=EASTERN)),
        (datetime(2026, 3, 8, 1, 30, tzinfo=EASTERN), datetime(2026, 3, 9, 3, 59, tzinfo=UTC)),
        (datetime(2026, 11, 1, 0, 30, tzinfo=EASTERN), datetime(2026, 11, 2, 4, 59, tzinfo=UTC)),
    ],
)
def test_a_new_jersey_hold_ends_one_minute_before_midnight_of_the_day_of_release(
    release: datetime, end: datetime
) -> None:
    ordered = NOTHING_LISTED | {"final_order_of_removal": True}
    found = decided("us-nj", DecisionPoint.HOLD_PAST_RELEASE, ordered, release)
    (rule,) = standing(found)
    assert rule.clock is not None
    assert expiry(rule.clock, release, shipped_pack("us-nj").zone) == end


@pytest.mark.parametrize("ground", GROUNDS)
def test_each_ground_of_the_directive_is_enough_though_the_others_are_unknown(ground: str) -> None:
    facts = {name: value for name, value in CONVICTED.items() if name not in GROUNDS} | {ground: True}
    for point in (DecisionPoint.HOLD_PAST_RELEASE, DecisionPoint.RELEASE_NOTICE):
        assert decided("us-nj", point, facts).status is Status.PERMITTED


def test_a_new_jersey_record_that_says_nothing_of_the_grounds_names_all_four() -> None:
    jail = {"facility": "nj-jail", "subject": "s-1"}
    due = datetime(2026, 1, 16, 17, 0, tzinfo=EASTERN)
    form = {"facility": "nj-jail", "episode": "e-1", "form": "I-247A"}
    hold = {**jail, "hold": "h", "kind": "immigration", "detainer": "d-1"}
    early = due - timedelta(hours=40)

    (found,) = [
        decision.as_json()
        for decision in decisions(
            recorded(
                body(detainer.DetainerPrepared, "d-1", at=early, agency="us-ice", **form),
                body(episode.HoldPlaced, "e-1", at=early, agency="nj-sheriff", **hold),
                body(episode.ReleaseEligible, "e-1", at=due, agency="nj-sheriff", **jail),
            ),
            "episode/e-1",
            shipped_pack("us-nj"),
            agreements=None,
            custodians={"nj-jail": Custodian("county_jail", "Essex", "nj-sheriff")},
        )
        if decision.determination.decision_point is DecisionPoint.HOLD_PAST_RELEASE
    ]

    assert found["status"] == "undetermined"
    assert set(GROUNDS) <= set(found["missing"])
    assert [clock["clock"] for clock in found["clocks"]] == ["C1", "C2"]


@pytest.mark.parametrize(
    ("point", "jail", "prison"),
    [
        ("hold_past_release", "prohibited", "prohibited"),
        ("release_notice", "prohibited", "permitted"),
        ("ask_status", "prohibited", "permitted"),
        ("hand_over", "no_rule", "permitted"),
        ("allow_interview", "prohibited", "prohibited"),
    ],
)
def test_a_washington_prison_is_excepted_in_part(point: str, jail: str, prison: str) -> None:
    facts = NOTHING_LISTED | {"interview_consent": "none"}
    kinds = ("county_jail", "state_prison")
    found = [decided("us-wa", DecisionPoint(point), facts | {"facility_kind": kind}).status.value for kind in kinds]
    assert found == [jail, prison]


def test_the_day_the_washington_act_was_signed_is_open_and_the_days_around_it_are_not() -> None:
    facts = NOTHING_LISTED | {"committed_recorded": True, "nationality": "non_citizen"}
    days = [datetime(2019, 5, day, 12, tzinfo=PACIFIC) for day in (20, 21, 22)]
    found = [decided("us-wa", DecisionPoint.COMMITMENT_NOTICE, facts, day).status.value for day in days]
    assert found == ["required", "undetermined", "no_rule"]


def test_the_private_facility_ban_of_new_jersey_stays_in_the_trace_with_the_court_that_stopped_it() -> None:
    found = decided("us-nj", DecisionPoint.HOUSE_FOR_ICE, CONVICTED | {"facility_kind": "private_prison"})
    trace = next(trace for trace in found.rules if trace.rule.id == "NJ-A5207-PRIVATE")
    assert trace.standing is Standing.FAILS
    assert any("CoreCivic" in atom.says for atom in trace.atoms)
