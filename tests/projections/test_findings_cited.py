"""Cited against derived and against conduct: each kind with a case that gives it and a near miss that does not."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.events import detainer, episode, handoff
from domain.instants import MINNESOTA
from projections.finding import Kind
from tests.builders import body
from tests.domain.rules.small import book, rule
from tests.projections.findings_of import Sheets, cites, found, notice, only, transferred
from tests.projections.test_decisions import FRIDAY, Case

AITKIN = Case("mn-aitkin-jail")
HENNEPIN = Case("mn-hennepin-jail")
FREEBORN = Case("mn-freeborn-jail")
NOBLES = Case("mn-nobles-jail")
CASS = Case("mn-cass-jail")
PRISON = Case("mn-doc-stillwater")


def response(case: Case, hours: float = -45, **data: object) -> bytes:
    about = {"facility": case.facility, "episode": "e-1"}
    return body(detainer.DetainerResponseDecided, "d-1", at=case.at(hours), agency=case.agency, **about, **data)


def withheld(case: Case, hours: float = -2, **data: object) -> bytes:
    return case.handoff(handoff.NoticeWithheld, hours, **data)


def test_a_rule_that_the_pack_does_not_have_is_named_as_cited_and_a_known_one_is_not() -> None:
    given = found(HENNEPIN.form(), withheld(HENNEPIN, **cites("HCSO-7.12", "prohibition")))

    finding = only(given, Kind.CITED_RULE_UNKNOWN)

    assert finding.words.startswith("mn-hennepin-sheriff cited HCSO-7.12 with notice withheld; pack us-mn ")
    assert (finding.rules, finding.events, finding.who) == (("HCSO-7.12",), (2,), ("mn-hennepin-sheriff",))
    assert not found(HENNEPIN.form(), withheld(HENNEPIN, **cites("MN-HENNEPIN-2021", "prohibition")))


def test_a_rule_cited_before_it_was_in_force_is_given_with_its_dates_and_one_cited_after_is_not() -> None:
    early = Case("mn-hennepin-jail", due=datetime(2019, 2, 10, 12, tzinfo=MINNESOTA))
    june = Case("mn-hennepin-jail", due=datetime(2021, 6, 15, 12, tzinfo=MINNESOTA))
    cited = cites("MN-HENNEPIN-2021", "prohibition")

    finding = only(found(early.form(), withheld(early, **cited)), Kind.CITED_RULE_NOT_IN_FORCE)

    assert "cited MN-HENNEPIN-2021 for 2019-02-10 10:00" in finding.words
    assert "in force from 2021-06 on" in finding.words
    for case in (HENNEPIN, june):  # within the month in which it began, nothing is known against it
        assert Kind.CITED_RULE_NOT_IN_FORCE not in found(case.form(), withheld(case, **cited))


def test_an_agreement_cited_that_no_list_shows_is_told_with_the_lists_and_one_that_may_be_listed_is_not() -> None:
    sent = notice(FREEBORN, **cites("MN-287G-FREEBORN-WSO"))
    unsure = Sheets({"mn-freeborn-sheriff": (("WSO", "unknown"),)})

    finding = only(found(FREEBORN.form(), sent, agreements=Sheets({})), Kind.CITED_AGREEMENT_NOT_LISTED)

    assert finding.words.endswith(
        "ICE's lists next to that (2026-01-15pm and 2026-01-20am) show no WSO agreement of mn-freeborn-sheriff."
    )
    ended = Sheets({}, last=FRIDAY - timedelta(days=30))
    for agreements in (unsure, ended, None):
        given = found(FREEBORN.form(), sent, agreements=agreements)
        assert Kind.CITED_AGREEMENT_NOT_LISTED not in given


def test_a_rule_cited_for_another_point_than_it_speaks_at_is_found() -> None:
    given = found(AITKIN.form(), notice(AITKIN, **cites("US-I247A-2")))
    finding = only(given, Kind.CITED_RULE_OFF_POINT)
    assert "it speaks at hold past release, not at release notice" in finding.words
    assert Kind.CITED_RULE_OFF_POINT not in found(AITKIN.form(), notice(AITKIN, **cites("US-I247A-1")))


def test_a_response_about_several_points_may_cite_a_rule_of_any_of_them() -> None:
    both = {"elements": {"will_notify": True, "will_hold": False}}
    given = found(AITKIN.form(), response(AITKIN, **both, **cites("MN-AG-2025-02-06", "prohibition")))
    assert Kind.CITED_RULE_OFF_POINT not in given
    one = {"elements": {"will_notify": True}}
    given = found(AITKIN.form(), response(AITKIN, **one, **cites("MN-AG-2025-02-06", "prohibition")))
    assert Kind.CITED_RULE_OFF_POINT in given


def test_a_rule_that_applies_to_another_custodian_is_found_and_the_custodians_own_is_not() -> None:
    finding = only(found(AITKIN.form(), withheld(AITKIN, **cites("MN-HENNEPIN-2021"))), Kind.CITED_RULE_BINDS_OTHERS)
    assert finding.words.endswith("it applies to: Hennepin County jail.")
    assert Kind.CITED_RULE_BINDS_OTHERS not in found(HENNEPIN.form(), withheld(HENNEPIN, **cites("MN-HENNEPIN-2021")))


def test_a_rule_whose_condition_is_not_met_when_cited_nor_at_the_decision_is_found() -> None:
    hold = FREEBORN.hold(hours=0.5, **cites("MN-287G-FREEBORN-WSO"))
    events = (FREEBORN.form(), FREEBORN.eligible(), hold, FREEBORN.to_ice(3))

    finding = only(found(*events), Kind.CITED_RULE_NOT_MET)

    assert "at hold past release: “service of an I-200 or I-205 is recorded”." in finding.words
    assert Kind.CITED_RULE_NOT_MET not in found(*events, FREEBORN.served(1))  # met later, while the hold lasted


def test_a_policy_cited_before_a_judges_warrant_came_was_met_when_cited() -> None:
    answer = response(HENNEPIN, elements={"will_hand_over_at_release": False}, **cites("MN-HENNEPIN-2021"))
    warrant = HENNEPIN.handoff(handoff.JudicialWarrantServed, -1)
    given = found(HENNEPIN.form(), answer, warrant, HENNEPIN.eligible(), transferred(HENNEPIN, 0.2))
    assert not {Kind.CITED_RULE_NOT_MET, Kind.CITED_PROHIBITION_AND_DONE} & set(given)


def test_a_rule_that_gives_way_to_another_is_found_and_the_other_is_not() -> None:
    rules = book(rule("OLD", "prohibition"), rule("NEW", "permission", overrides=["OLD"]))
    events = {cited: (AITKIN.form(), AITKIN.hold(**cites(cited)), AITKIN.eligible()) for cited in ("OLD", "NEW")}
    finding = only(found(*events["OLD"], rulebook=rules), Kind.CITED_RULE_DEFEATED)
    assert finding.words.endswith("by pack small 1 it gives way to NEW at hold past release.")
    assert Kind.CITED_RULE_DEFEATED not in found(*events["NEW"], rulebook=rules)


def test_a_permission_cited_as_a_prohibition_is_found_and_one_cited_as_it_is_read_is_not() -> None:
    sent = {modality: notice(NOBLES, **cites("MN-ESPARZA-INJ", modality)) for modality in ("prohibition", "permission")}
    finding = only(found(NOBLES.form(), sent["prohibition"]), Kind.CITED_MODALITY_DIFFERS)
    assert "cited MN-ESPARZA-INJ as prohibition; pack us-mn" in finding.words
    assert "reads it as permission at release notice." in finding.words
    assert Kind.CITED_MODALITY_DIFFERS not in found(NOBLES.form(), sent["permission"])


def test_a_form_that_asks_cited_as_an_obligation_is_found_once_and_as_a_request_not_at_all() -> None:
    hold = {modality: AITKIN.hold(**cites("US-I247A-2", modality)) for modality in ("obligation", "request")}
    given = found(AITKIN.form(), hold["obligation"])
    assert only(given, Kind.REQUEST_CITED_AS_OBLIGATION).words.startswith("mn-aitkin-sheriff cited US-I247A-2 as an")
    assert Kind.CITED_MODALITY_DIFFERS not in given
    assert Kind.REQUEST_CITED_AS_OBLIGATION not in found(AITKIN.form(), hold["request"])


def test_a_hold_rule_cited_for_a_form_that_asks_for_notice_is_found_and_for_a_hold_form_is_not() -> None:
    hold = AITKIN.hold(instrument="US-I247A-2")
    given = found(AITKIN.form("I-247G"), hold, AITKIN.eligible(), AITKIN.to_ice(1))
    finding = only(given, Kind.HOLD_RULE_CITED_FOR_NOTICE_FORM)
    assert finding.words.endswith("the form recorded is I-247G, which asks for notice only.")
    assert Kind.CITED_RULE_NOT_MET not in given  # said once
    assert Kind.HOLD_RULE_CITED_FOR_NOTICE_FORM not in found(AITKIN.form("I-247A"), hold, AITKIN.eligible())


def test_a_task_force_agreement_cited_for_a_hold_in_the_jail_is_found_and_for_a_hand_over_is_not() -> None:
    given = found(CASS.form(), CASS.hold(**cites("MN-287G-CASS-TFM")))
    finding = only(given, Kind.TASK_FORCE_CITED_IN_JAIL)
    assert finding.words.endswith("it does not speak at hold past release.")
    over = found(CASS.form(), CASS.eligible(), transferred(CASS, 0, **cites("MN-287G-CASS-TFM")))
    assert not {Kind.TASK_FORCE_CITED_IN_JAIL, Kind.CITED_RULE_OFF_POINT} & set(over)


def test_a_notice_that_cites_nothing_where_a_rule_of_the_agencys_own_stood_is_found() -> None:
    given = found(HENNEPIN.form(), withheld(HENNEPIN, decision_basis="none_written"))
    finding = only(given, Kind.OWN_RULE_NOT_CITED)
    assert "cited no rule (its basis: none written); of its own rules, MN-HENNEPIN-2021 stood" in finding.words
    assert Kind.OWN_RULE_NOT_CITED not in found(HENNEPIN.form(), withheld(HENNEPIN, **cites("MN-HENNEPIN-2021")))
    assert Kind.OWN_RULE_NOT_CITED not in found(AITKIN.form(), withheld(AITKIN, decision_basis="none_written"))


def test_statewide_rules_not_cited_for_a_hold_are_no_finding_of_their_own() -> None:
    given = found(AITKIN.form(), AITKIN.hold(), AITKIN.eligible(), AITKIN.to_ice(2))
    assert Kind.OWN_RULE_NOT_CITED not in given


def test_a_written_policy_given_as_basis_that_the_pack_does_not_know_is_found() -> None:
    given = found(AITKIN.form(), withheld(AITKIN, decision_basis="written_policy"))
    finding = only(given, Kind.POLICY_NOT_IN_PACK)
    assert "knows no written policy of mn-aitkin-sheriff there" in finding.words
    for near in (
        found(HENNEPIN.form(), withheld(HENNEPIN, decision_basis="written_policy")),
        found(AITKIN.form(), withheld(AITKIN, decision_basis="none_written")),
    ):
        assert Kind.POLICY_NOT_IN_PACK not in near


def test_notice_sent_by_an_agency_that_cites_its_prohibition_of_notice_is_found() -> None:
    cited = response(HENNEPIN, elements={"will_notify": False}, **cites("MN-HENNEPIN-2021", "prohibition"))
    finding = only(found(HENNEPIN.form(), cited, notice(HENNEPIN)), Kind.CITED_PROHIBITION_AND_DONE)
    assert finding.words == (
        "mn-hennepin-sheriff cited MN-HENNEPIN-2021 as a prohibition at release notice, "
        "and recorded release notice sent."
    )
    assert finding.events == (2, 3)
    assert Kind.CITED_PROHIBITION_AND_DONE not in found(HENNEPIN.form(), cited, withheld(HENNEPIN))


def test_a_prohibition_of_holds_cited_in_a_response_says_nothing_against_notice() -> None:
    elements = {"will_notify": True, "will_hold": False}
    answer = response(NOBLES, elements=elements, **cites("MN-ESPARZA-INJ", "prohibition"))
    assert Kind.CITED_PROHIBITION_AND_DONE not in found(NOBLES.form(), answer, notice(NOBLES))


def test_a_hold_of_an_agency_that_cites_the_order_against_holds_is_found_with_the_order() -> None:
    answer = response(NOBLES, elements={"will_hold": False}, **cites("MN-ESPARZA-INJ", "prohibition"))
    given = found(NOBLES.form(), answer, NOBLES.hold(), NOBLES.eligible(), NOBLES.to_ice(20))
    finding = only(given, Kind.CITED_PROHIBITION_AND_DONE)
    assert finding.rules == ("MN-ESPARZA-INJ",)
    assert "recorded hold placed" in finding.words
    ended = NOBLES.episode(episode.HoldEnded, -1, hold="h", kind="immigration")
    gone = NOBLES.episode(episode.ReleasedToCommunity, 1)
    near = found(NOBLES.form(), answer, NOBLES.hold(), ended, NOBLES.eligible(), gone)
    assert Kind.CITED_PROHIBITION_AND_DONE not in near


def test_a_prison_that_cites_its_practice_and_follows_it_gives_no_finding_about_citing() -> None:
    elements = {"will_notify": True, "will_hold": True}
    answer = response(PRISON, elements=elements, **cites("MN-DOC-PRACTICE", "obligation"))
    given = found(
        PRISON.form(), answer, notice(PRISON, **cites("MN-DOC-PRACTICE", "obligation")), transferred(PRISON, 0)
    )
    assert not given
