"""The rule trail of real-shaped cases under the Minnesota pack: who may do what, on what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.places.register import minnesota_register
from adapters.rules.packs import minnesota_rules
from domain.canonical import canonical_bytes
from domain.events import detainer, episode, handoff
from domain.events.fields import EventData
from domain.instants import MINNESOTA, Instant
from projections.decisions import Decision, decisions
from projections.facts import AgreementsInForce, Custodian
from tests.builders import body, recorded
from tests.projections.test_agreements import OBSERVATIONS, imported

FRIDAY = datetime(2026, 1, 16, 17, 0, tzinfo=MINNESOTA)
CUSTODIANS = {f.id: Custodian(f.kind, f.county, f.agency) for f in minnesota_register().facilities}


@dataclass(frozen=True)
class Lists:
    """Agreements as a list that is one table: agency to what is in force from a day on."""

    rows: dict[str, tuple[tuple[str, str], ...]]
    since: datetime = datetime(2025, 3, 1, tzinfo=MINNESOTA)

    def in_force(self, agency: str, moment: datetime) -> tuple[tuple[str, str], ...]:
        """Return what the table says from its day on."""
        return self.rows.get(agency, ()) if moment >= self.since else ()

    def listings(self, agency: str, moment: datetime) -> tuple[dict[str, Any], ...]:  # noqa: ARG002 - the port's
        """Return a table's listings: it has no sheets."""
        return ()


LISTS = Lists({"mn-freeborn-sheriff": (("WSO", "yes"),), "mn-cass-sheriff": (("TFM", "yes"),)})


@dataclass(frozen=True)
class Case:
    """One person at one facility; hours are counted from when release was due."""

    facility: str
    due: datetime = FRIDAY

    @property
    def agency(self) -> str:
        return CUSTODIANS[self.facility].agency

    def at(self, hours: float) -> datetime:
        return self.due + timedelta(hours=hours)

    def episode(self, cls: type[EventData], hours: float, **data: Any) -> bytes:
        data = {"facility": self.facility, "subject": "s-1", **data}
        return body(cls, "e-1", at=self.at(hours), agency=self.agency, **data)

    def handoff(self, cls: type[EventData], hours: float, **data: Any) -> bytes:
        data = {"facility": self.facility, "episode": "e-1", **data}
        return body(cls, "h-1", at=self.at(hours), agency=self.agency, **data)

    def form(self, form: str = "I-247A", hours: float = -48, **data: Any) -> bytes:
        data = {"facility": self.facility, "episode": "e-1", "form": form, **data}
        return body(detainer.DetainerPrepared, "d-1", at=self.at(hours), agency="us-ice", **data)

    def hold(self, hours: float = -40, **data: Any) -> bytes:
        return self.episode(episode.HoldPlaced, hours, hold="h", kind="immigration", detainer="d-1", **data)

    def eligible(self) -> bytes:
        return self.episode(episode.ReleaseEligible, 0)

    def to_ice(self, hours: float) -> bytes:
        return self.episode(episode.ReleasedToAgency, hours, to_agency="us-ice")

    def transferred(self, hours: float, **data: Any) -> bytes:
        ends = {"releasing_agency": self.agency, "receiving_agency": "us-ice", **data}
        return self.handoff(handoff.CustodyTransferred, hours, **ends)

    def detained(self, cls: type[EventData], hours: float, **data: Any) -> bytes:
        data = {"facility": self.facility, "episode": "e-1", **data}
        return body(cls, "d-1", at=self.at(hours), agency=self.agency, **data)

    def served(self, hours: float = 1) -> bytes:
        return self.handoff(
            handoff.AdministrativeWarrantServed,
            hours,
            warrant="I-200",
            served_by="wso_officer",
            legal_custody_to="us-ice",
        )


def decided(*bodies: bytes, agreements: AgreementsInForce | None = LISTS) -> dict[str, dict[str, Any]]:
    return {decision["decision_point"]: decision for decision in as_json(*bodies, agreements=agreements)}


def as_json(*bodies: bytes, agreements: AgreementsInForce | None = LISTS) -> list[dict[str, Any]]:
    return [decision.as_json() for decision in made(*bodies, agreements=agreements)]


def made(*bodies: bytes, agreements: AgreementsInForce | None = LISTS) -> list[Decision]:
    return decisions(recorded(*bodies), "episode/e-1", minnesota_rules(), agreements=agreements, custodians=CUSTODIANS)


def applying(decision: dict[str, Any]) -> set[str]:
    return {rule["id"] for rule in decision["rules"] if rule["applies"] is True}


def test_freeborn_holding_past_release_after_service_is_a_conflict_with_both_sides_shown() -> None:
    case = Case("mn-freeborn-jail")

    hold = decided(case.form(), case.hold(), case.eligible(), case.served(), case.to_ice(30))["hold_past_release"]

    assert hold["status"] == "conflict"
    assert ["MN-AG-2025-12-12b", "MN-287G-FREEBORN-WSO"] in [pair["rules"] for pair in hold["conflicts"]]
    assert applying(hold) >= {"US-I247A-2", "US-8CFR-287.7d", "MN-629.30-34"}
    assert (hold["missing"], hold["held_minutes"]) == ([], 1800)


def test_freeborn_without_service_has_only_the_prohibitions() -> None:
    case = Case("mn-freeborn-jail")
    hold = decided(case.form(), case.hold(), case.eligible(), case.to_ice(30))["hold_past_release"]
    assert (hold["status"], hold["conflicts"]) == ("prohibited", [])


def test_a_newer_list_changes_the_answer_and_no_list_leaves_it_undetermined() -> None:
    case = Case("mn-freeborn-jail")
    events = (case.form(), case.hold(), case.eligible(), case.served(), case.to_ice(30))

    assert decided(*events, agreements=Lists({}))["hold_past_release"]["status"] == "prohibited"
    unsure = Lists({"mn-freeborn-sheriff": (("WSO", "unknown"),)})
    for lists in (unsure, None):
        hold = decided(*events, agreements=lists)["hold_past_release"]
        assert hold["status"] == "undetermined"
        assert "agreement_wso" in hold["missing"]


def test_a_sheriff_with_a_new_agreement_that_the_pack_does_not_name_is_covered_by_the_standard_terms() -> None:
    case = Case("mn-anoka-jail")
    lists = Lists({"mn-anoka-sheriff": (("WSO", "yes"),)})
    hold = decided(case.form(), case.hold(), case.eligible(), case.served(), agreements=lists)["hold_past_release"]
    assert hold["status"] == "conflict"
    assert "US-287G-POST48" in applying(hold)


def test_nobles_is_prohibited_with_its_court_order_listed() -> None:
    case = Case("mn-nobles-jail")
    hold = decided(case.form(), case.hold(), case.eligible(), case.to_ice(20))["hold_past_release"]
    order = next(rule for rule in hold["rules"] if rule["id"] == "MN-ESPARZA-INJ")
    assert hold["status"] == "prohibited"
    assert (order["bindingness"], order["applies"]) == ("court_order", True)


def test_hennepin_withholding_notice_is_prohibited_notice_against_a_request() -> None:
    case = Case("mn-hennepin-jail")
    withheld = case.handoff(
        handoff.NoticeWithheld,
        -2,
        decision_basis="written_policy",
        cited_rules=[{"rule": "MN-HENNEPIN-2021", "modality": "prohibition", "cited_by_role": "records"}],
    )

    notice = decided(case.form(), withheld)["release_notice"]

    assert notice["status"] == "prohibited"
    assert applying(notice) == {"MN-HENNEPIN-2021", "US-I247A-1", "US-8CFR-287.7a"}
    assert notice["cited"] == [
        {
            "rule": "MN-HENNEPIN-2021",
            "by": "mn-hennepin-sheriff",
            "event": "handoff.notice_withheld",
            "position": 2,
            "modality": "prohibition",
            "role": "records",
            "basis": "written_policy",
        }
    ]
    assert [act["event"] for act in notice["done"]] == ["handoff.notice_withheld"]


def test_hennepin_in_2017_gave_notice_under_its_policy_of_then() -> None:
    case = Case("mn-hennepin-jail", due=datetime(2017, 2, 10, 12, tzinfo=MINNESOTA))
    sent = case.handoff(handoff.ReleaseNoticeSent, -3, to_agency="us-ice")
    notice = decided(case.form("I-247D"), sent)["release_notice"]
    assert (notice["status"], "MN-HENNEPIN-2014" in applying(notice)) == ("permitted", True)


@pytest.mark.parametrize("point", ["release_notice", "hand_over"])
def test_a_county_without_a_policy_has_no_rule_and_says_no_written_policy(point: str) -> None:
    case = Case("mn-aitkin-jail")
    decision = decided(case.form(), case.eligible(), case.to_ice(0.5))[point]
    none = next(rule for rule in decision["rules"] if rule["id"] == "MN-NONE")
    assert decision["status"] == "no_rule"
    assert (none["applies"], none["citation"]) == (True, "no written policy found that speaks to this")


def test_state_law_speaks_about_a_hold_even_where_a_county_has_no_policy() -> None:
    case = Case("mn-aitkin-jail")
    hold = decided(case.form(), case.hold(), case.eligible())["hold_past_release"]
    assert hold["status"] == "prohibited"
    assert applying(hold) >= {"MN-NONE", "MN-AG-2025-02-06", "US-I247A-2"}


def test_before_the_opinion_the_statute_and_the_court_of_appeals_spoke() -> None:
    case = Case("mn-aitkin-jail", due=datetime(2024, 6, 3, 12, tzinfo=MINNESOTA))
    hold = decided(case.form(), case.hold(), case.eligible())["hold_past_release"]
    assert not [rule for rule in hold["rules"] if rule["id"].startswith("MN-AG-")]
    assert applying(hold) >= {"MN-629.30-34", "MN-ESPARZA-APP"}


def test_a_prison_hands_over_under_its_practice() -> None:
    case = Case("mn-doc-stillwater")
    transfer = case.transferred(0, legal_basis="I-205")
    decision = decided(case.form(), case.eligible(), transfer)["hand_over"]
    assert decision["status"] == "required"
    assert applying(decision) == {"MN-DOC-PRACTICE"}


def test_a_task_force_county_may_hand_over_at_scheduled_release() -> None:
    case = Case("mn-cass-jail")
    decision = decided(case.form(), case.eligible(), case.to_ice(0))["hand_over"]
    assert (decision["status"], "MN-287G-CASS-TFM" in applying(decision)) == ("permitted", True)


def test_a_judicial_warrant_in_the_record_ends_the_prohibition() -> None:
    case = Case("mn-nobles-jail")
    warrant = case.handoff(handoff.JudicialWarrantServed, -1)
    hold = decided(case.form(), case.hold(), case.eligible(), warrant)["hold_past_release"]
    assert hold["status"] == "no_rule"
    order = next(rule for rule in hold["rules"] if rule["id"] == "MN-ESPARZA-INJ")
    assert [atom["value"] for atom in order["why"]] == [False, True]


def test_another_authoritys_hold_is_another_basis_until_it_ends() -> None:
    case = Case("mn-aitkin-jail")
    marshals = case.episode(episode.HoldPlaced, -30, hold="m", kind="us_marshals")
    ended = case.episode(episode.HoldEnded, -1, hold="m", kind="us_marshals")
    events = (case.form(), case.hold(), case.eligible(), marshals)
    assert decided(*events)["hold_past_release"]["facts"]["other_hold_recorded"] is True
    assert decided(*events, ended)["hold_past_release"]["facts"]["other_hold_recorded"] is False


def test_a_case_that_only_ice_has_told_of_says_nothing_about_the_jails_papers() -> None:
    case = Case("mn-hennepin-jail")
    notice = decided(case.form())["release_notice"]
    assert notice["status"] == "undetermined"
    assert notice["missing"] == ["judicial_warrant_recorded"]


def test_a_form_of_unknown_kind_is_left_open_not_guessed() -> None:
    case = Case("mn-aitkin-jail")
    hold = decided(case.form("unknown"), case.hold(), case.eligible())["hold_past_release"]
    assert "detainer_form" not in hold["facts"]
    form = next(rule for rule in hold["rules"] if rule["id"] == "US-I247A-2")
    assert (form["applies"], form["missing"]) == ("unknown", ["detainer_form"])


@pytest.mark.parametrize("form", ["I-247G", "I-247N", "I-247X"])
def test_a_form_that_asks_for_no_hold_gives_no_hold_decision(form: str) -> None:
    case = Case("mn-aitkin-jail")
    assert "hold_past_release" not in decided(case.form(form), case.eligible(), case.to_ice(0))


def test_a_form_lifted_before_release_gives_no_hold_decision_and_no_hand_over() -> None:
    case = Case("mn-aitkin-jail")
    lifted = body(
        detainer.DetainerLifted,
        "d-1",
        at=case.at(-5),
        agency="us-ice",
        lift_code="L",
        lift_reason_as_printed="Lifted",
        asserted_by="us-ice",
    )
    out = case.episode(episode.ReleasedToCommunity, 1)
    assert set(decided(case.form(), lifted, case.eligible(), out)) == {"issue_detainer", "release_notice"}


def test_a_hold_placed_only_after_release_was_due_is_a_decision_of_that_later_moment() -> None:
    case = Case("mn-aitkin-jail")
    hold = decided(case.eligible(), case.hold(2))["hold_past_release"]
    assert hold["at"] == "2026-01-16T19:00:00-06:00"


def test_a_plain_booking_and_release_raises_no_decision_point() -> None:
    case = Case("mn-aitkin-jail")
    out = case.episode(episode.ReleasedToCommunity, 1)
    elsewhere = case.episode(episode.ReleasedToAgency, 2, to_agency="us-usms")
    assert as_json(case.episode(episode.SubjectBooked, -50), case.eligible(), out, elsewhere) == []


def test_a_release_known_only_to_the_day_gives_no_minutes() -> None:
    case = Case("mn-aitkin-jail")
    day = Instant.day(FRIDAY.date(), MINNESOTA)
    due = body(episode.ReleaseEligible, "e-1", at=day, agency=case.agency, facility=case.facility, subject="s-1")
    hold = decided(case.form(), case.hold(), due, case.to_ice(30))["hold_past_release"]
    assert hold["held_minutes"] is None
    assert hold["at"]["precision"] == "day"


def test_a_departure_alone_does_not_show_when_release_was_due_so_there_are_no_minutes() -> None:
    case = Case("mn-aitkin-jail")
    hold = decided(case.form(), case.hold(), case.to_ice(30))["hold_past_release"]
    assert (hold["status"], hold["held_minutes"]) == ("prohibited", None)


def test_what_an_answer_to_a_form_cites_is_shown_where_the_answer_decided_something() -> None:
    case = Case("mn-aitkin-jail")
    cites = {"elements": {"will_hold": False}, "cited_rules": [{"rule": "MN-AG-2025-02-06"}]}
    answer = case.detained(detainer.DetainerResponseDecided, -30, **cites)
    found = decided(case.form(), answer, case.eligible(), case.to_ice(1))
    citing = {point for point, decision in found.items() if decision["cited"]}
    assert citing == {"hold_past_release"}


def test_a_moment_known_only_as_an_interval_across_a_rules_start_is_undetermined_and_names_the_rule() -> None:
    case = Case("mn-aitkin-jail")
    around = Instant.between(datetime(2022, 11, 1, tzinfo=MINNESOTA), datetime(2022, 12, 31, tzinfo=MINNESOTA))
    told = {"facility": case.facility, "subject": "s-1", "result": "declined"}
    asked = body(episode.NationalityInquired, "e-1", at=around, agency=case.agency, **told)
    status = decided(asked)["ask_status"]
    assert "in_force:MN-PARADA" in status["missing"]


def test_a_hold_between_the_last_sheet_with_an_agreement_and_the_first_without_is_undetermined() -> None:
    case = Case("mn-jackson-jail", due=datetime(2025, 12, 20, 17, tzinfo=MINNESOTA))
    events = (case.form(), case.hold(), case.eligible(), case.served(), case.to_ice(30))

    hold = decided(*events, agreements=imported(OBSERVATIONS).model)["hold_past_release"]

    assert hold["status"] == "undetermined"
    assert hold["missing"] == ["agreement_wso"]
    agreement = next(rule for rule in hold["rules"] if rule["id"] == "MN-287G-JACKSON-WSO")
    assert (agreement["applies"], agreement["missing"]) == ("unknown", ["agreement_wso"])


def test_the_instrument_of_a_hold_counts_as_cited() -> None:
    case = Case("mn-aitkin-jail")
    hold = decided(case.form(), case.hold(instrument="US-I247A-2"), case.eligible())["hold_past_release"]
    assert [(cited["rule"], cited["by"]) for cited in hold["cited"]] == [("US-I247A-2", "mn-aitkin-sheriff")]


def test_a_facility_outside_the_register_leaves_the_custodian_unknown() -> None:
    prepared = body(detainer.DetainerPrepared, "d-1", agency="us-ice", form="I-247A", facility="mn-nowhere-jail")
    notice = decided(prepared)["release_notice"]
    assert notice["status"] == "undetermined"
    assert {"facility_kind", "agency"} <= set(notice["missing"])


def test_what_the_person_was_convicted_of_and_answered_are_facts_only_if_known() -> None:
    case = Case("mn-doc-stillwater")
    committed = case.episode(episode.CommittedToInstitution, -900, conviction_level="felony")
    asked = case.episode(episode.NationalityInquired, -899, result="non_citizen")
    silent = case.episode(episode.NationalityInquired, -899, result="declined")
    facts = decided(committed, asked, case.form(), case.to_ice(0))["hand_over"]["facts"]
    assert (facts["conviction_level"], facts["nationality"], facts["committed_recorded"]) == (
        "felony",
        "non_citizen",
        True,
    )
    assert "nationality" not in decided(committed, silent, case.form(), case.to_ice(0))["hand_over"]["facts"]


def test_the_kinds_of_things_written_are_canonical_json() -> None:
    case = Case("mn-freeborn-jail")
    events = (case.form(), case.hold(), case.eligible(), case.served(), case.to_ice(30))
    for decision in as_json(*events):
        assert decision.keys() >= {
            "decision_point",
            "at",
            "status",
            "rules",
            "conflicts",
            "missing",
            "cited",
            "done",
            "clocks",
        }
        assert all(rule.keys() >= {"id", "citation", "effect", "bindingness", "applies"} for rule in decision["rules"])
        assert canonical_bytes(decision)


@settings(deadline=None)  # the first example compiles the pack
@given(st.permutations(range(6)))
def test_the_order_in_which_events_were_recorded_changes_no_decision(order: list[int]) -> None:
    case = Case("mn-freeborn-jail")
    events = [
        case.form(),
        case.hold(),
        case.eligible(),
        case.served(),
        case.handoff(handoff.ReleaseNoticeSent, -5, to_agency="us-ice"),
        case.to_ice(30),
    ]
    expected = {(d.determination.decision_point, d.status, str(d.facts)) for d in made(*events)}
    shuffled = made(*(events[index] for index in order))
    assert {(d.determination.decision_point, d.status, str(d.facts)) for d in shuffled} == expected


def test_release_was_due_when_the_last_charge_stopped_keeping_the_person_if_each_is_told_of() -> None:
    case = Case("mn-anoka-jail")
    filed = [case.episode(episode.ChargeFiled, -60, charge=charge) for charge in ("A", "B")]
    over = [
        case.episode(episode.ChargeDisposed, hours, charge=charge, charge_released_at=case.at(hours).isoformat())
        for charge, hours in (("A", -5), ("B", 0))
    ]

    some = decided(case.form(), case.hold(), *filed, over[0], case.to_ice(30))["hold_past_release"]
    every = decided(case.form(), case.hold(), *filed, *over, case.to_ice(30))["hold_past_release"]

    assert (case.at(30).isoformat(), None) == (some["at"], some["held_minutes"])
    assert (case.at(0).isoformat(), 30 * 60) == (every["at"], every["held_minutes"])
