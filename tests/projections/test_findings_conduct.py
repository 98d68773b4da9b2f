"""Derived against conduct: each kind with a case that gives it and a near miss that does not."""

from __future__ import annotations

from datetime import datetime

import pytest

from domain.events import detainer, episode, handoff
from domain.events.fields import DecisionPoint
from domain.instants import MINNESOTA, Instant
from projections.finding import Kind
from tests.builders import body
from tests.domain.rules.small import book, rule
from tests.projections.findings_of import NOT_NEUTRAL, found, notice, only, transferred
from tests.projections.test_decisions import FRIDAY, Case

AITKIN = Case("mn-aitkin-jail")
HENNEPIN = Case("mn-hennepin-jail")
FREEBORN = Case("mn-freeborn-jail")
NOBLES = Case("mn-nobles-jail")
PRISON = Case("mn-doc-stillwater")
PAST = {Kind.HELD_PAST_C1, Kind.HELD_PAST_C2, Kind.HELD_PAST_C3, Kind.HELD_PAST_CLOCK}


def out(case: Case, hours: float) -> bytes:
    return case.episode(episode.ReleasedToCommunity, hours)


def held(case: Case, hours: float) -> tuple[bytes, ...]:
    return case.form(), case.hold(), case.eligible(), out(case, hours)


def test_a_hold_past_release_where_the_pack_derives_prohibited_is_told_with_its_minutes_and_rules() -> None:
    finding = only(found(*held(AITKIN, 5.5)), Kind.DONE_WHERE_PROHIBITED)

    assert finding.words == (
        "Derived at hold past release: prohibited, under MN-629.30-34, MN-AG-2025-02-06 and MN-ESPARZA-APP; recorded: "
        "hold placed by mn-aitkin-sheriff, and released to community by mn-aitkin-sheriff 5 h 30 min after release was "
        "due."
    )
    assert (finding.events, finding.who) == ((2, 4), ("mn-aitkin-sheriff",))


def test_a_hold_that_ended_when_release_was_due_is_no_finding() -> None:
    ended = AITKIN.episode(episode.HoldEnded, 0, hold="h", kind="immigration")
    given = found(AITKIN.form(), AITKIN.hold(), ended, AITKIN.eligible(), out(AITKIN, 1))
    assert Kind.DONE_WHERE_PROHIBITED not in given


def test_a_hold_that_ended_before_the_person_left_counts_to_its_own_end() -> None:
    ended = AITKIN.episode(episode.HoldEnded, 2, hold="h", kind="immigration")
    given = found(AITKIN.form(), AITKIN.hold(), ended, AITKIN.eligible(), out(AITKIN, 9))
    assert "hold ended by mn-aitkin-sheriff 2 h after" in only(given, Kind.DONE_WHERE_PROHIBITED).words


def test_a_hold_past_a_release_known_by_day_only_is_told_as_at_least() -> None:
    day = Instant.day(FRIDAY.date(), MINNESOTA)
    due = body(episode.ReleaseEligible, "e-1", at=day, agency=AITKIN.agency, facility=AITKIN.facility, subject="s-1")
    later = only(found(AITKIN.form(), AITKIN.hold(), due, out(AITKIN, 10)), Kind.DONE_WHERE_PROHIBITED)
    assert "at least 3 h after release was due" in later.words
    assert Kind.DONE_WHERE_PROHIBITED not in found(AITKIN.form(), AITKIN.hold(), due, out(AITKIN, 6))


def test_in_nobles_the_court_order_is_among_what_is_shown() -> None:
    assert "MN-ESPARZA-INJ" in only(found(*held(NOBLES, 20)), Kind.DONE_WHERE_PROHIBITED).rules
    assert "MN-ESPARZA-INJ" not in only(found(*held(AITKIN, 20)), Kind.DONE_WHERE_PROHIBITED).rules


def test_a_hold_after_service_in_a_county_with_an_agreement_is_a_conflict_with_both_sides_named() -> None:
    given = found(FREEBORN.form(), FREEBORN.eligible(), FREEBORN.served(0.1), FREEBORN.to_ice(30))
    finding = only(given, Kind.DONE_WHERE_CONFLICT)
    assert "(prohibition) against" in finding.words
    assert {"MN-AG-2025-12-12b", "MN-287G-FREEBORN-WSO"} <= set(finding.rules)
    assert Kind.DONE_WHERE_PROHIBITED not in given
    assert Kind.DONE_WHERE_CONFLICT not in found(FREEBORN.form(), FREEBORN.eligible(), FREEBORN.to_ice(30))


def test_notice_sent_where_the_pack_derives_prohibited_is_found_and_notice_withheld_is_not() -> None:
    finding = only(found(HENNEPIN.form(), notice(HENNEPIN)), Kind.DONE_WHERE_PROHIBITED)
    assert finding.words.endswith("under MN-HENNEPIN-2021; recorded: release notice sent by mn-hennepin-sheriff.")
    assert finding.decision_point is DecisionPoint.RELEASE_NOTICE
    withheld = HENNEPIN.handoff(handoff.NoticeWithheld, -2)
    assert Kind.DONE_WHERE_PROHIBITED not in found(HENNEPIN.form(), withheld)


def test_a_hand_over_where_the_pack_derives_prohibited_is_found_and_one_under_a_judges_warrant_is_not() -> None:
    over = (HENNEPIN.form(), HENNEPIN.eligible(), transferred(HENNEPIN, 0.2))
    prohibited = found(*over)[Kind.DONE_WHERE_PROHIBITED]
    assert [finding.decision_point for finding in prohibited] == [DecisionPoint.HAND_OVER]
    warrant = HENNEPIN.handoff(handoff.JudicialWarrantServed, -1)
    assert Kind.DONE_WHERE_PROHIBITED not in found(*over, warrant)


def test_a_transfer_to_another_agency_than_ice_is_no_hand_over_to_it() -> None:
    marshals = HENNEPIN.episode(episode.ReleasedToAgency, 0.2, to_agency="us-usms")
    assert Kind.DONE_WHERE_PROHIBITED not in found(HENNEPIN.form(), HENNEPIN.eligible(), marshals)


def test_somebody_who_left_hours_after_release_was_due_without_a_hold_is_found_and_after_paperwork_is_not() -> None:
    finding = only(found(AITKIN.form(), AITKIN.eligible(), out(AITKIN, 4)), Kind.KEPT_WITHOUT_HOLD)
    assert "recorded “released to community” 4 h after release was due" in finding.words
    assert Kind.KEPT_WITHOUT_HOLD not in found(AITKIN.form(), AITKIN.eligible(), out(AITKIN, 2))
    marshals = AITKIN.episode(episode.HoldPlaced, -30, hold="m", kind="us_marshals")
    assert Kind.KEPT_WITHOUT_HOLD not in found(AITKIN.form(), AITKIN.eligible(), marshals, out(AITKIN, 4))


def test_a_prison_that_records_no_notice_by_the_time_somebody_left_is_found_and_one_that_did_is_not() -> None:
    gone = (PRISON.form(), PRISON.eligible(), transferred(PRISON, 0))
    finding = only(found(*gone), Kind.REQUIRED_NOT_RECORDED)
    assert finding.words == (
        "Derived at release notice: required, under MN-DOC-PRACTICE; not recorded: release notice sent."
    )
    assert Kind.REQUIRED_NOT_RECORDED not in found(*gone, notice(PRISON))
    assert Kind.REQUIRED_NOT_RECORDED not in found(PRISON.form(), PRISON.eligible())  # still there: not yet due


def test_a_prison_that_withheld_notice_is_found_in_its_own_words() -> None:
    withheld = PRISON.handoff(handoff.NoticeWithheld, -2)
    given = found(PRISON.form(), withheld, PRISON.eligible(), transferred(PRISON, 0))
    finding = only(given, Kind.WITHHELD_WHERE_REQUIRED)
    assert finding.words.endswith("mn-doc recorded that it withheld notice.")
    assert Kind.REQUIRED_NOT_RECORDED not in given
    assert Kind.WITHHELD_WHERE_REQUIRED not in found(PRISON.form(), withheld, notice(PRISON))


def test_a_prison_whose_pickup_was_missed_is_not_looked_at_for_its_release() -> None:
    gone = (PRISON.form(), notice(PRISON), PRISON.eligible(), out(PRISON, 1))
    assert only(found(*gone), Kind.REQUIRED_NOT_RECORDED).decision_point is DecisionPoint.HAND_OVER
    missed = PRISON.handoff(handoff.PickupNoShow, 0.9)
    assert Kind.REQUIRED_NOT_RECORDED not in found(*gone, missed)


def test_the_notice_of_631_50_is_looked_for_in_a_prison_and_cannot_be_known_to_be_owed_in_a_jail() -> None:
    items = ("has_commitment_date_and_reasons", "has_commitment_length", "has_country_of_citizenship")
    told = dict.fromkeys((*items, "has_last_entry_date_and_port"), True)

    def committed(case: Case) -> tuple[bytes, ...]:
        felony = case.episode(episode.CommittedToInstitution, 0, conviction_level="felony")
        asked = case.episode(episode.NationalityInquired, 1, result="non_citizen")
        return felony, asked

    finding = only(found(*committed(PRISON)), Kind.REQUIRED_NOT_RECORDED)
    assert finding.decision_point is DecisionPoint.COMMITMENT_NOTICE
    assert (finding.rules, finding.events) == (("MN-631.50", "MN-DOC-PRACTICE"), (1, 2))
    assert finding.words.endswith("not recorded: commitment notice sent.")
    sent = PRISON.episode(episode.CommitmentNoticeSent, 2, to_agency="us-ice", **told)
    assert found(*committed(PRISON), sent) == {}
    jail = found(*committed(AITKIN))
    assert Kind.REQUIRED_NOT_RECORDED not in jail
    unknown = {finding.decision_point: finding for finding in jail[Kind.CANNOT_BE_KNOWN]}
    assert "which of the rival readings of MN-631.50 is taken" in unknown[DecisionPoint.COMMITMENT_NOTICE].words


def test_the_question_of_631_50_is_looked_for_once_the_custodians_record_goes_on() -> None:
    felony = PRISON.episode(episode.CommittedToInstitution, 0, conviction_level="felony")
    later = PRISON.episode(episode.ProjectedReleaseSet, 30, projected_release_at=PRISON.at(900).isoformat())
    assert only(found(felony, later), Kind.REQUIRED_NOT_RECORDED).decision_point is DecisionPoint.ASK_STATUS
    assert Kind.REQUIRED_NOT_RECORDED not in found(felony)


@pytest.mark.parametrize(
    ("hours", "kinds"),
    [(47, set()), (49, {Kind.HELD_PAST_C2}), (119, {Kind.HELD_PAST_C2}), (121, {Kind.HELD_PAST_C1, Kind.HELD_PAST_C2})],
)
def test_the_clocks_of_the_form_and_of_the_regulation_are_told_apart(hours: float, kinds: set[Kind]) -> None:
    given = found(*held(AITKIN, hours))
    assert set(given) & PAST == kinds


def test_a_clock_that_ran_out_is_told_with_its_length_its_rule_and_how_long_before() -> None:
    finding = only(found(*held(AITKIN, 50)), Kind.HELD_PAST_C2)
    assert finding.words == (
        "mn-aitkin-sheriff recorded “released to community” at 2026-01-18 19:00; clock C2 (48 h from the time of "
        "release otherwise due, under US-I247A-2) had run out at 2026-01-18 17:00, 2 h earlier."
    )


@pytest.mark.parametrize(("hours", "past"), [(49, False), (51, True)])
def test_the_clock_of_the_agreements_runs_from_service(hours: float, past: bool) -> None:
    given = found(FREEBORN.form(), FREEBORN.hold(), FREEBORN.eligible(), FREEBORN.served(2), FREEBORN.to_ice(hours))
    assert (Kind.HELD_PAST_C3 in given) is past
    if past:
        assert set(only(given, Kind.HELD_PAST_C3).rules) == {"US-287G-POST48", "MN-287G-FREEBORN-WSO"}


def test_the_clock_of_another_pack_is_named_by_its_own_id() -> None:
    clock = {"id": "C9", "start": "otherwise_released_at", "hours": 2, "calendar": "wall"}
    rules = book(rule("TWO-HOURS", "permission", clock=clock))
    assert "clock C9 (2 h from " in only(found(*held(AITKIN, 3), rulebook=rules), Kind.HELD_PAST_CLOCK).words
    assert Kind.HELD_PAST_CLOCK not in found(*held(AITKIN, 2), rulebook=rules)


@pytest.mark.parametrize(("minutes", "short"), [(48 * 60 - 1, True), (48 * 60, False)])
def test_notice_with_less_than_the_forms_48_hours_is_told_with_the_forms_own_if_possible(
    minutes: int, short: bool
) -> None:
    given = found(AITKIN.form(hours=-90), notice(AITKIN, lead_minutes=minutes), AITKIN.eligible())
    assert (Kind.NOTICE_LEAD_SHORT in given) is short
    if short:
        assert only(given, Kind.NOTICE_LEAD_SHORT).words.endswith("asks for at least 48 h, “if possible”.")


def test_an_earlier_notice_in_time_is_enough_and_times_stand_in_for_minutes() -> None:
    scheduled = {"scheduled_release_at": FRIDAY.isoformat()}
    late, early = notice(AITKIN, -7, **scheduled), notice(AITKIN, -60, **scheduled)
    form = AITKIN.form(hours=-90)
    assert "recorded notice 7 h before" in only(found(form, late), Kind.NOTICE_LEAD_SHORT).words
    assert Kind.NOTICE_LEAD_SHORT not in found(form, late, early)
    assert Kind.NOTICE_LEAD_SHORT not in found(AITKIN.form("I-247G", hours=-90), late)  # asks for no 48 hours


def test_what_cannot_be_known_names_what_is_missing_and_nobody() -> None:
    finding = only(found(HENNEPIN.form()), Kind.CANNOT_BE_KNOWN)
    assert finding.words == (
        "What the pack derives at release notice cannot be known, because this is not known: whether a warrant signed "
        "by a judge is recorded."
    )
    assert finding.who == ()
    received = body(detainer.DetainerReceived, "d-1", at=HENNEPIN.at(-40), agency=HENNEPIN.agency, episode="e-1")
    assert Kind.CANNOT_BE_KNOWN not in found(HENNEPIN.form(), received)


def test_an_undetermined_decision_is_never_told_against_what_was_done() -> None:
    case = Case("mn-hennepin-jail", due=datetime(2021, 6, 15, 12, tzinfo=MINNESOTA))
    given = found(case.form(), notice(case))
    assert Kind.CANNOT_BE_KNOWN in given
    assert not {Kind.DONE_WHERE_PROHIBITED, Kind.DONE_WHERE_CONFLICT, Kind.REQUIRED_NOT_RECORDED} & set(given)
    assert "whether MN-HENNEPIN-2014 was in force then" in only(given, Kind.CANNOT_BE_KNOWN).words
    assert not NOT_NEUTRAL.search(only(given, Kind.CANNOT_BE_KNOWN).words)
