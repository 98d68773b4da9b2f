"""The words of an explanation: the answer first, every rule's reason, what is missing and what it could change."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.rules.packs import minnesota_rules
from domain.calendars import Calendar, Clock, ClockStart, Counts
from domain.canonical import canonical_bytes
from domain.events import episode, handoff
from domain.events.fields import DecisionBasis, DecisionPoint, Modality
from domain.instants import MINNESOTA, Instant, instant_from_text
from domain.rules.decide import decide
from domain.rules.pack import Verified
from domain.rules.rulebook import Rulebook
from domain.rules.trace import Standing
from projections.decisions import Decision
from projections.explained.wording import (
    ACT,
    BASIS,
    CALENDAR,
    CLOCK_START,
    OPEN_QUESTION,
    VERB,
    VERIFIED,
    clock_words,
    text_of,
    when_words,
)
from projections.explanation import Explanation
from tests.domain.rules.small import book, rule
from tests.projections.test_decisions import LISTS, Case, Lists, made

NAMES = {
    "mn-freeborn-sheriff": "Freeborn County Sheriff's Office",
    "mn-hennepin-sheriff": "Hennepin County Sheriff's Office",
}
NEW_YORK = ZoneInfo("America/New_York")


def explained(*bodies: bytes, point: str, agreements: Lists | None = LISTS) -> Explanation:
    """Explain one decision of a case under the Minnesota pack, as known at position 99."""
    found = next(d for d in made(*bodies, agreements=agreements) if d.determination.decision_point == point)
    return Explanation(found, minnesota_rules(), 99, NAMES)


def of_small_pack(rulebook: Rulebook, at: str = "2026-01-20", **facts: Any) -> Explanation:
    """Explain what a small pack gives at hold_past_release."""
    moment = instant_from_text(at, MINNESOTA)
    determination = decide(facts, DecisionPoint.HOLD_PAST_RELEASE, moment, rulebook)
    return Explanation(Decision("episode/e-1", determination, facts, (), (), (), None, (), {}), rulebook, 7, {})


def freeborn_conflict() -> Explanation:
    case = Case("mn-freeborn-jail")
    events = (case.form(), case.hold(), case.eligible(), case.served(), case.to_ice(30))
    return explained(*events, point="hold_past_release")


@pytest.mark.parametrize(
    ("table", "kinds"),
    [
        (ACT, DecisionPoint),
        (VERB, Modality),
        (VERIFIED, Verified),
        (BASIS, DecisionBasis),
        (CLOCK_START, ClockStart),
        (CALENDAR, set(Calendar) - {Calendar.END_OF_LOCAL_DAY}),
    ],
)
def test_every_value_that_can_be_met_has_its_words(table: dict[Any, str], kinds: Any) -> None:
    assert set(table) == set(kinds)


def test_the_answer_to_a_conflict_names_both_sides_and_resolves_nothing() -> None:
    assert text_of(freeborn_conflict().answer) == (
        "At hold past release, on Friday 2026-01-16, 17:00 CST, the status for Freeborn County Sheriff's Office (county"
        " jail, Freeborn County) was conflict: MN-629.30-34, MN-AG-2025-02-06, MN-AG-2025-12-12b and MN-ESPARZA-APP say"
        " that it may not hold the person past the time of release; MN-287G-FREEBORN-WSO and US-287G-POST48 say that it"
        " may; the ledger does not resolve it."
    )


def test_the_answer_under_one_rule_says_what_that_rule_says() -> None:
    case = Case("mn-hennepin-jail")
    notice = explained(case.form(), case.handoff(handoff.NoticeWithheld, -2), point="release_notice")
    assert text_of(notice.answer).endswith(
        "was prohibited: MN-HENNEPIN-2021 says that it may not tell ICE of the release."
    )


def test_the_answer_where_no_policy_is_written_says_so_and_names_who_asks() -> None:
    case = Case("mn-aitkin-jail")
    notice = explained(case.form(), case.eligible(), case.to_ice(0.5), point="release_notice")
    assert text_of(notice.answer).endswith(
        "was no rule: no rule that was considered says that it must, may or may not tell ICE of the release, and no "
        "written policy of its own was found that speaks to this (MN-NONE); US-8CFR-287.7a and US-I247A-1 request it."
    )


def test_the_answer_that_cannot_be_told_says_on_what_it_turns() -> None:
    case = Case("mn-hennepin-jail")
    notice = explained(case.form(), point="release_notice")
    assert text_of(notice.answer).endswith(
        "was undetermined: whether it must, may or may not tell ICE of the release turns on what is not known: "
        "whether a warrant signed by a judge is recorded."
    )


@pytest.mark.parametrize(
    ("modality", "ending"),
    [
        ("obligation", "was required: R says that it must hold the person past the time of release."),
        ("permission", "was permitted: R says that it may hold the person past the time of release."),
        ("request", "may or may not hold the person past the time of release; R requests it."),
    ],
)
def test_the_answer_has_a_sentence_for_every_modality(modality: str, ending: str) -> None:
    assert text_of(of_small_pack(book(rule("R", modality))).answer).endswith(ending)


def test_a_custodian_that_is_not_in_the_register_is_said_to_be_that() -> None:
    answer = text_of(of_small_pack(book(rule("R", "request"))).answer)
    assert "the status for a custodian that is not in the register was" in answer


def test_rules_come_in_the_order_stand_open_defeated_fall() -> None:
    rulebook = book(
        rule("A-FALLS", "permission", when=[{"id": "a", "cel": "bed_contract", "says": "there is a contract"}]),
        rule("B-BEATEN", "permission"),
        rule("C-OPEN", "request", when=[{"id": "c", "cel": "board_approved", "says": "the board approved"}]),
        rule("D-BEATS", "prohibition", overrides=["B-BEATEN"]),
    )

    rules = of_small_pack(rulebook, bed_contract=False).rules

    assert [(found.id, found.standing) for found in rules] == [
        ("D-BEATS", Standing.STANDS),
        ("C-OPEN", Standing.UNKNOWN),
        ("B-BEATEN", Standing.DEFEATED),
        ("A-FALLS", Standing.FAILS),
    ]
    assert [found.because for found in rules] == [
        "It stands: its dates and its scope cover the case, it has no further condition, and nothing defeats it.",
        "It cannot be known whether it stands; not known is whether the county board approved the agreement.",
        "It is defeated: D-BEATS stands and overrides it.",
        "It falls, because this does not hold: “there is a contract”.",
    ]


def test_a_rule_whose_defeater_is_open_is_open_for_that_reason() -> None:
    board = [{"id": "b", "cel": "board_approved", "says": "the board approved"}]
    rulebook = book(rule("GENERAL", "permission"), rule("SPECIAL", "prohibition", exception_to=["GENERAL"], when=board))

    general = next(found for found in of_small_pack(rulebook).rules if found.id == "GENERAL")

    assert general.because == (
        "Its conditions hold, but SPECIAL would defeat it, and whether that stands cannot be known."
    )


def test_a_rule_that_a_court_stopped_falls_and_says_who_stopped_it() -> None:
    stops = [{"from": "2026-01-01", "to": "2026-02-01", "by": "D. Minn., No. 1"}]

    stopped = of_small_pack(book(rule("R", "permission", suspensions=stops))).rules[0]

    assert stopped.because == "It falls, because this does not hold: “not suspended then: D. Minn., No. 1”."
    assert stopped.in_force == "from 2020; no end; stopped from 2026-01-01 to 2026-02-01: D. Minn., No. 1"


def test_a_rule_shows_its_source_its_printed_dates_and_whether_it_was_read() -> None:
    found = next(one for one in freeborn_conflict().rules if one.id == "MN-AG-2025-02-06")

    assert (found.citation, found.authority) == ("Op. Att'y Gen. 3-a (Feb. 6, 2025)", "Minnesota Attorney General")
    assert (found.binds_as, found.in_force) == ("advisory opinion", "from 2025-02-06; no end")
    assert found.verified.endswith("(found)")
    assert found.conditions[0] == (
        "no warrant signed by a judge is recorded",
        "holds",
        ("judicial_warrant_recorded: no",),
    )


def test_both_sides_of_a_conflict_stand_side_by_side_with_advice_on_each_pair() -> None:
    explanation = freeborn_conflict()

    prohibiting, allowing = explanation.sides

    assert {found.verb for found in prohibiting} == {"prohibits"}
    assert [found.id for found in allowing] == ["MN-287G-FREEBORN-WSO", "US-287G-POST48"]
    assert (
        "MN-AG-2025-12-12b against MN-287G-FREEBORN-WSO",
        "MN-AG-2025-12-12b ranks higher; MN-AG-2025-12-12b began later; MN-287G-FREEBORN-WSO is narrower",
    ) in explanation.advice


def test_advice_says_equal_where_neither_side_is_ahead() -> None:
    rulebook = book(rule("MAY", "permission"), rule("MAY-NOT", "prohibition"))
    assert of_small_pack(rulebook).advice == (
        (
            "MAY-NOT against MAY",
            "both have the same rank; which began later cannot be told; both are equally narrow",
        ),
    )


def test_what_is_missing_shows_the_status_there_would_be_under_each_value() -> None:
    case = Case("mn-hennepin-jail")
    notice = explained(case.form(), point="release_notice")

    assert [(one.name, one.statuses) for one in notice.would_be] == [
        ("judicial_warrant_recorded", ((True, "no_rule"), (False, "prohibited")))
    ]
    assert notice.together == ()


def test_two_missing_facts_that_only_together_decide_are_shown_together() -> None:
    both = [
        {"id": "one", "cel": "bed_contract", "says": "there is a contract"},
        {"id": "two", "cel": "board_approved", "says": "the board approved"},
    ]
    explanation = of_small_pack(book(rule("R", "permission", when=both)))

    assert [one.by_status for one in explanation.would_be] == [
        (("yes", "still undetermined"), ("no", "no rule")),
        (("yes", "still undetermined"), ("no", "no rule")),
    ]
    assert [one.as_json() for one in explanation.together][:2] == [
        {"facts": {"bed_contract": True, "board_approved": True}, "status": "permitted"},
        {"facts": {"bed_contract": True, "board_approved": False}, "status": "no_rule"},
    ]
    assert len(explanation.together) == 4


def test_a_missing_fact_without_a_closed_list_of_values_is_named_only() -> None:
    rulebook = book(rule("R", "permission", scope={"applies_to": "one county", "counties": ["Cass"]}))
    explanation = of_small_pack(rulebook)
    assert [(one.name, one.says, one.statuses) for one in explanation.would_be] == [
        ("county", "the custodian's county", ())
    ]


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"in_force": {"from": "2026-01", "to": None}}, "in_force:R", "its dates leave it open"),
        ({"suspensions": [{"from": "2026-01", "to": None, "by": "a court"}]}, "suspended:R", "a court had suspended R"),
    ],
)
def test_dates_that_leave_it_open_are_named_as_missing(changes: dict[str, Any], name: str, words: str) -> None:
    explanation = of_small_pack(book(rule("R", "permission", **changes)))
    assert [one.name for one in explanation.would_be] == [name]
    assert words in text_of(explanation.answer)


def test_rival_readings_show_who_holds_them_and_what_would_follow() -> None:
    readings = [
        {"id": "R1", "says": "binds jails", "held_by": "the text", "facility_kinds": ["county_jail"]},
        {"id": "R2", "says": "binds prisons", "held_by": "an office", "facility_kinds": ["state_prison"]},
    ]
    rulebook = book(rule("R", "obligation", readings=readings))

    explanation = of_small_pack(rulebook, facility_kind="county_jail")

    assert [(one.reading.held_by, one.status.value) for one in explanation.readings] == [
        ("the text", "required"),
        ("an office", "no_rule"),
    ]
    assert [one.statuses for one in explanation.would_be] == [(("R1", "required"), ("R2", "no_rule"))]
    assert "which of the rival readings of R is taken" in text_of(explanation.answer)


def test_what_is_unknown_without_effect_is_told_apart_from_what_is_missing() -> None:
    board = [{"id": "b", "cel": "board_approved", "says": "the board approved"}]
    explanation = of_small_pack(book(rule("R", "request"), rule("S", "request", when=board)))
    assert explanation.would_be == ()
    assert explanation.also_unknown == ("whether the county board approved the agreement",)


def test_clocks_that_are_alike_are_shown_once_with_all_their_rules() -> None:
    alike = {clock.id: (rules, text_of(clock.ends_words)) for clock, rules in freeborn_conflict().clocks_alike}
    assert alike["C3"] == ("MN-287G-FREEBORN-WSO and US-287G-POST48", "on Sunday 2026-01-18, 18:00 CST")
    assert alike["C1"] == ("US-8CFR-287.7d", "on Wednesday 2026-01-21, 17:00 CST")


def test_a_clock_whose_start_no_event_shows_says_so_and_a_side_duty_says_what_it_asks() -> None:
    case = Case("mn-freeborn-jail")
    clocks = explained(case.form(), case.served(), point="serve_admin_warrant").clocks
    duty = next(clock for clock in clocks if clock.id == "citizenship-claim")
    assert duty.counts == (
        "report a claim of US citizenship to ICE: 1 h after the claim of citizenship, every hour counted"
    )
    assert text_of(duty.starts_words) == "at a time that is not recorded"
    assert (duty.as_json()["starts"], duty.as_json()["missing"]) == (None, "citizenship_claimed_at")


@pytest.mark.parametrize(
    ("hours", "calendar", "counts", "words"),
    [
        (48, Calendar.WALL, Counts.AFTER, "48 h after receipt of the detainer, every hour counted"),
        (48, Calendar.WALL, Counts.BEFORE, "48 h before receipt of the detainer, every hour counted"),
        (0, Calendar.WALL, Counts.AFTER, "0 h: at receipt of the detainer"),
        (0, Calendar.END_OF_LOCAL_DAY, Counts.AFTER, "to the end of the day of receipt of the detainer"),
    ],
)
def test_a_clock_says_what_it_counts(hours: int, calendar: Calendar, counts: Counts, words: str) -> None:
    clock = Clock(id="C", start=ClockStart.DETAINER_RECEIVED, hours=hours, calendar=calendar, counts=counts)
    assert clock_words(clock) == words


def test_what_was_cited_stands_beside_where_that_rule_is_in_the_trace() -> None:
    case = Case("mn-hennepin-jail")
    cites = [{"rule": name} for name in ("MN-HENNEPIN-2021", "US-I247A-4", "MN-RAMSEY-2014", "MADE-UP")]
    withheld = case.handoff(handoff.NoticeWithheld, -2, decision_basis="written_policy", cited_rules=cites)

    notice = explained(case.form(box=1), withheld, point="release_notice")

    assert [(cited["rule"], cited["in_this_trace"]) for cited in notice.as_json()["cited"]] == [
        ("MN-HENNEPIN-2021", "stands"),
        ("US-I247A-4", "fails"),
        ("MN-RAMSEY-2014", "not_considered"),
        ("MADE-UP", "not_in_pack"),
    ]
    first = notice.citations[0]
    assert (first.by, first.said) == (
        "Hennepin County Sheriff's Office (mn-hennepin-sheriff)",
        (("basis", "a written policy"),),
    )


def test_an_act_shows_its_own_words_and_on_what_it_was_based() -> None:
    case = Case("mn-aitkin-jail")
    out = case.episode(episode.ReleasedToCommunity, 1, legal_basis="charge dismissed", decision_basis="none_written")

    act = explained(case.form(), case.eligible(), out, point="hand_over").acts[0]

    assert (act.what, text_of(act.when)) == ("released to community", "on Friday 2026-01-16, 18:00 CST")
    assert (act.basis, act.details, act.made_up) == (
        "no written policy",
        (("legal basis", "charge dismissed"),),
        False,
    )


def test_facts_looked_for_and_not_known_are_listed_after_those_known() -> None:
    case = Case("mn-hennepin-jail")
    facts = explained(case.form(), point="release_notice").facts
    assert ("judicial_warrant_recorded", "a warrant signed by a judge is recorded", "not known") in facts
    assert facts[0][2] != "not known"


def test_rules_of_the_point_that_bind_others_are_named_as_not_considered() -> None:
    assert {"MN-RAMSEY-2014", "MN-HENNEPIN-2021"} <= set(freeborn_conflict().not_considered)


def test_the_wire_form_has_the_promised_keys_and_is_canonical() -> None:
    document = freeborn_conflict().as_json()

    promised = "ref decision_point at status rules conflicts readings missing clocks pack facts facts_digest cited done"
    assert {*promised.split(), "answer"} <= document.keys()
    assert document["pack"].keys() == {"id", "version", "digest"}
    assert all({"id", "starts", "ends"} <= clock.keys() for clock in document["clocks"])
    assert ["MN-AG-2025-12-12b", "MN-287G-FREEBORN-WSO"] in [pair["rules"] for pair in document["conflicts"]]
    assert canonical_bytes(document)


@pytest.mark.parametrize(
    ("instant", "words", "machine"),
    [
        (instant_from_text("2026-01-16T17:00-06:00", MINNESOTA), "on Friday 2026-01-16, 17:00 CST", "23:00:00Z"),
        (instant_from_text("2026-07-04T00:00:09Z", MINNESOTA), "on Friday 2026-07-03, 19:00:09 CDT", "00:00:09Z"),
        (instant_from_text("2026-01-16", MINNESOTA), "on Friday 2026-01-16 (time of day not recorded)", "2026-01-16"),
        (instant_from_text("2026-01", MINNESOTA), "in 2026-01", "2026-01"),
        (instant_from_text("2026", MINNESOTA), "in 2026", "2026"),
        (
            Instant.between(datetime(2026, 1, 2, tzinfo=MINNESOTA), datetime(2026, 1, 4, 23, 59, tzinfo=MINNESOTA)),
            "between Friday 2026-01-02 and Sunday 2026-01-04",
            "2026-01-04",
        ),
        (
            Instant.between(datetime(2026, 1, 2, 5, tzinfo=MINNESOTA), datetime(2026, 1, 2, 9, tzinfo=MINNESOTA)),
            "between Friday 2026-01-02, 05:00 CST and Friday 2026-01-02, 09:00 CST",
            "15:00:00Z",
        ),
        (
            Instant.between(datetime(2026, 1, 2, 5, tzinfo=MINNESOTA), None),
            "not before Friday 2026-01-02, 05:00 CST",
            "11:00:00Z",
        ),
        (
            Instant.between(None, datetime(2026, 1, 2, 5, tzinfo=MINNESOTA)),
            "not after Friday 2026-01-02, 05:00 CST",
            "11:00:00Z",
        ),
        (Instant.unknown(), "at a time that is not recorded", ""),
    ],
)
def test_a_moment_is_written_no_more_precisely_than_it_is_known(instant: Instant, words: str, machine: str) -> None:
    phrase = when_words(instant, MINNESOTA)
    assert text_of(phrase) == words
    assert phrase[-1].machine.endswith(machine) or phrase[-2].machine.endswith(machine)


def test_a_moment_is_written_in_the_zone_of_the_pack() -> None:
    moment = instant_from_text("2026-01-16T17:00-06:00", MINNESOTA)
    assert text_of(when_words(moment, NEW_YORK)) == "on Friday 2026-01-16, 18:00 EST"


def test_every_kind_of_open_question_that_a_rule_can_raise_has_words() -> None:
    assert set(OPEN_QUESTION) == {"in_force", "reading", "suspended", "terminated"}
