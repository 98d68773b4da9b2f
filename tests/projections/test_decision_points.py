"""Which decision points arise in a case, when, whose decision each is, and what the pack then derives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from adapters.rules.packs import minnesota_rules
from domain.envelope import compose
from domain.events import detainer, episode, handoff, instrument, record
from domain.events.fields import DecisionPoint, EventData
from domain.identifiers import derived_uuid7
from domain.instants import MINNESOTA, Instant
from projections.decision_points import ACTS, FINDERS
from projections.decisions import decisions
from tests.builders import body
from tests.projections.test_agreements import OBSERVATIONS, imported
from tests.projections.test_decisions import CUSTODIANS, Case, Lists, applying, decided

NONE_LISTED = Lists({})
JEM = Lists({"mn-sherburne-sheriff": (("JEM", "yes"),)})


def done(decision: dict[str, Any]) -> list[str]:
    return [act["event"] for act in decision["done"]]


def test_every_decision_point_has_acts_and_a_finder() -> None:
    assert set(ACTS) == set(DecisionPoint)
    assert len(FINDERS) == len(DecisionPoint)


def test_a_felony_commitment_to_a_prison_obliges_to_ask_and_the_answer_obliges_to_notify() -> None:
    prison = Case("mn-doc-stillwater")
    committed = prison.episode(
        episode.CommittedToInstitution, -900, conviction_level="felony", found_mentally_ill=False
    )
    asked = prison.episode(episode.NationalityInquired, -899, result="non_citizen")
    sent = prison.episode(episode.CommitmentNoticeSent, -898, to_agency="us-ice", **four_items())

    found = decided(committed, asked, sent)

    assert set(found) == {"ask_status", "commitment_notice", "share_information"}
    assert {point: found[point]["status"] for point in found} == {
        "ask_status": "required",
        "commitment_notice": "required",
        "share_information": "permitted",
    }
    assert done(found["ask_status"]) == ["custody.nationality_inquired", "custody.commitment_notice_sent"]
    assert done(found["commitment_notice"]) == ["custody.commitment_notice_sent"]
    assert found["commitment_notice"]["facts"]["nationality"] == "non_citizen"


def four_items() -> dict[str, bool]:
    return {
        "has_commitment_date_and_reasons": True,
        "has_commitment_length": True,
        "has_country_of_citizenship": True,
        "has_last_entry_date_and_port": True,
    }


def test_commitment_without_any_notice_is_a_decision_with_nothing_done() -> None:
    prison = Case("mn-doc-stillwater")
    committed = prison.episode(episode.CommittedToInstitution, -900, conviction_level="felony")
    asked = prison.episode(episode.NationalityInquired, -899, result="non_citizen")
    notice = decided(committed, asked)["commitment_notice"]
    assert (notice["status"], notice["done"]) == ("required", [])


def test_a_county_jails_felony_commitment_is_undetermined_because_the_readings_of_the_statute_differ() -> None:
    jail = Case("mn-aitkin-jail")
    committed = jail.episode(episode.CommittedToInstitution, -900, conviction_level="felony")
    asked = jail.episode(episode.NationalityInquired, -899, result="non_citizen")
    notice = decided(committed, asked, agreements=NONE_LISTED)["commitment_notice"]
    assert (notice["status"], notice["missing"]) == ("undetermined", ["reading:MN-631.50"])


def test_a_notice_to_ice_before_any_commitment_leaves_open_on_what_it_rested() -> None:
    prison = Case("mn-doc-stillwater")
    sent = prison.episode(episode.CommitmentNoticeSent, -950, to_agency="us-ice", **four_items())
    committed = prison.episode(episode.CommittedToInstitution, -900, conviction_level="felony")
    assert "referral_by_foreign_birth_alone" in decided(sent, committed)["ask_status"]["missing"]


def test_hennepin_asking_at_booking_is_prohibited_by_its_policy_and_shown_as_done() -> None:
    jail = Case("mn-hennepin-jail")
    asked = jail.episode(episode.NationalityInquired, -50, result="declined")
    status = decided(asked, agreements=NONE_LISTED)["ask_status"]
    assert "MN-HENNEPIN-2021" in applying(status)
    assert done(status) == ["custody.nationality_inquired"]


def test_a_question_asked_before_commitment_is_of_its_own_moment_with_the_facts_of_the_commitment() -> None:
    prison = Case("mn-doc-stillwater")
    asked = prison.episode(episode.NationalityInquired, -1000, result="citizen")
    committed = prison.episode(episode.CommittedToInstitution, -900, conviction_level="felony")
    status = decided(asked, committed)["ask_status"]
    assert status["at"] == Instant.exact(prison.at(-1000)).as_json()
    assert status["facts"]["committed_recorded"] is True
    assert done(status) == ["custody.nationality_inquired"]


def test_a_claim_of_citizenship_is_information_that_may_be_shared() -> None:
    jail = Case("mn-freeborn-jail")
    claimed = jail.handoff(handoff.CitizenshipClaimAsserted, -3)
    proved = jail.handoff(handoff.CitizenshipClaimResolved, -2, is_citizen=True)
    shared = decided(claimed, proved)["share_information"]
    assert (shared["status"], done(shared)) == ("permitted", ["handoff.citizenship_claim_asserted"])


def test_a_form_that_rests_on_a_biometric_match_shows_that_the_booking_was_shared() -> None:
    jail = Case("mn-aitkin-jail")
    booked = jail.episode(episode.SubjectBooked, -72)
    match = jail.form(bases=["biometric_match"])
    found = decided(booked, match)["share_booking"]
    assert found["at"] == Instant.exact(jail.at(-72)).as_json()
    assert (found["status"], done(found)) == ("no_rule", ["custody.subject_booked"])
    assert "share_booking" not in decided(booked, jail.form(bases=["statements"]))
    assert "share_booking" not in decided(match)


@pytest.mark.parametrize(
    ("answer", "consent", "told"),
    [
        (handoff.InterviewHeld, "yes", "given"),
        (handoff.InterviewDenied, "no", "refused"),
        (handoff.InterviewDenied, "counsel", "counsel"),
    ],
)
def test_an_interview_is_decided_when_held_or_denied_on_what_the_person_said(
    answer: type[EventData], consent: str, told: str
) -> None:
    jail = Case("mn-freeborn-jail")
    asked = jail.handoff(handoff.InterviewRequested, -20)
    said = jail.handoff(handoff.InterviewConsentRecorded, -19, consent=consent)
    interview = decided(asked, said, jail.handoff(answer, -18))["allow_interview"]
    assert interview["at"] == Instant.exact(jail.at(-18)).as_json()
    assert (interview["status"], "MN-287G-FREEBORN-WSO" in applying(interview)) == ("permitted", True)
    assert interview["facts"]["interview_consent"] == told


def test_an_interview_that_was_only_asked_for_is_a_decision_of_that_moment_without_an_answer() -> None:
    jail = Case("mn-aitkin-jail")
    asked = jail.handoff(handoff.InterviewRequested, -20)
    interview = decided(asked, agreements=NONE_LISTED)["allow_interview"]
    assert interview["at"] == Instant.exact(jail.at(-20)).as_json()
    assert (interview["status"], interview["facts"]["interview_consent"]) == ("no_rule", "none")


def test_a_form_received_is_to_be_served_and_the_record_shows_whether_it_was() -> None:
    jail = Case("mn-aitkin-jail")
    received = jail.detained(detainer.DetainerReceived, -47)
    served = jail.detained(detainer.DetainerServedOnSubject, -40)

    waiting = decided(jail.form(), received)["serve_detainer"]
    assert ("US-I247A-3" in applying(waiting), waiting["done"]) == (True, [])
    assert waiting["facts"]["detainer_served_recorded"] is False
    assert waiting["facts"]["detainer_received_recorded"] is True

    told = decided(jail.form(), received, served)["serve_detainer"]
    assert told["at"] == Instant.exact(jail.at(-47)).as_json()
    assert (done(told), told["facts"]["detainer_served_recorded"]) == (["detainer.served_on_subject"], True)


def test_a_form_that_only_ice_tells_of_is_not_yet_to_be_served() -> None:
    assert "serve_detainer" not in decided(Case("mn-aitkin-jail").form())


@pytest.mark.parametrize(("facility", "status"), [("mn-freeborn-jail", "permitted"), ("mn-cass-jail", "prohibited")])
def test_local_officers_may_serve_where_a_warrant_service_agreement_is_in_force(facility: str, status: str) -> None:
    jail = Case(facility)
    served = decided(jail.form(), jail.served())["serve_admin_warrant"]
    assert (served["status"], done(served)) == (status, ["handoff.administrative_warrant_served"])


def test_what_ices_own_officer_serves_is_ices_decision_and_not_the_jails() -> None:
    jail = Case("mn-cass-jail")
    theirs = jail.handoff(handoff.AdministrativeWarrantServed, 1, warrant="I-200", served_by="ice")
    served = decided(jail.form(), theirs)["serve_admin_warrant"]
    assert (served["facts"]["agency"], served["status"]) == ("us-ice", "no_rule")


def test_what_ices_table_says_of_a_service_is_enough_for_the_point() -> None:
    jail = Case("mn-freeborn-jail")
    served = decided(jail.form(warrant_served_at="2026-01-16T18:00:00-06:00"))["serve_admin_warrant"]
    assert (served["at"], served["done"]) == ("2026-01-16T18:00:00-06:00", [])


def test_a_person_who_stays_after_legal_custody_passed_is_in_a_post_transfer_hold_until_gone() -> None:
    jail = Case("mn-freeborn-jail")
    hold = decided(jail.form(), jail.eligible(), jail.served(), jail.to_ice(30))["post_transfer_hold"]
    assert (hold["at"], hold["status"]) == (Instant.exact(jail.at(1)).as_json(), "permitted")
    assert done(hold) == ["custody.released_to_agency"]


def test_a_service_at_the_very_moment_of_leaving_starts_no_post_transfer_hold() -> None:
    jail = Case("mn-freeborn-jail")
    assert "post_transfer_hold" not in decided(jail.form(), jail.served(1), jail.to_ice(1))


def test_a_transfer_on_paper_hours_before_the_person_left_is_a_post_transfer_hold() -> None:
    jail = Case("mn-freeborn-jail")
    late = jail.transferred(0, physical_at=Instant.exact(jail.at(5)).as_json())
    prompt = jail.transferred(0, physical_at=Instant.exact(jail.at(0)).as_json())
    assert decided(jail.form(), late)["post_transfer_hold"]["at"] == Instant.exact(jail.at(0)).as_json()
    assert "post_transfer_hold" not in decided(jail.form(), prompt)


def test_a_stay_that_the_jail_itself_calls_post_transfer_needs_no_other_evidence() -> None:
    jail = Case("mn-aitkin-jail")
    stay = jail.handoff(handoff.PostTransferDetentionStarted, 2, legal_custodian="us-ice")
    over = jail.handoff(handoff.PostTransferDetentionEnded, 9)
    hold = decided(stay, over, agreements=NONE_LISTED)["post_transfer_hold"]
    assert hold["status"] == "no_rule"
    assert done(hold) == ["handoff.post_transfer_detention_started", "handoff.post_transfer_detention_ended"]


def test_a_civil_booking_by_ice_into_a_county_jail_is_a_decision_to_house() -> None:
    jail = Case("mn-kandiyohi-jail")
    housed = jail.episode(episode.SubjectBooked, -50, booking_category="administrative", arresting_agency="us-ice-ero")
    decision = decided(housed)["house_for_ice"]
    assert (decision["status"], applying(decision)) == ("permitted", {"MN-IGSA-KANDIYOHI"})


@pytest.mark.parametrize("booking", [{"booking_category": "criminal"}, {"arresting_agency": "mn-aitkin-sheriff"}, {}])
def test_other_bookings_are_no_decision_to_house_for_ice(booking: dict[str, str]) -> None:
    booked = {"arresting_agency": "us-ice", "booking_category": "administrative", **booking}
    if not booking:
        del booked["arresting_agency"]
    assert "house_for_ice" not in decided(Case("mn-kandiyohi-jail").episode(episode.SubjectBooked, -50, **booked))


def test_ices_own_rooms_house_nobody_for_ice() -> None:
    room = Case("us-ice-whipple")
    booked = {"arresting_agency": "us-ice", "booking_category": "administrative"}
    assert "house_for_ice" not in decided(room.episode(episode.SubjectBooked, -50, **booked))
    jail = Case("mn-hennepin-jail")
    assert "house_for_ice" not in decided(jail.transferred(0, receiving_facility="us-ice-whipple"))


def test_a_transfer_to_ice_into_another_countys_jail_is_that_countys_decision_to_house() -> None:
    jail = Case("mn-hennepin-jail")
    housed = decided(jail.transferred(0, receiving_facility="mn-freeborn-jail"))["house_for_ice"]
    assert housed["facts"]["agency"] == "mn-freeborn-sheriff"
    assert (housed["status"], applying(housed)) == ("permitted", {"MN-IGSA-FREEBORN"})


def test_issuing_a_form_is_ices_decision_whatever_the_jail_is() -> None:
    issued = decided(Case("mn-freeborn-jail").form(final_order=True))["issue_detainer"]
    assert (issued["facts"]["agency"], issued["facts"]["facility_kind"]) == ("us-ice", "ice_facility")
    assert "county" not in issued["facts"]
    assert issued["facts"]["final_order_of_removal"] is True
    assert "US-ICE-10074.2" in applying(issued)
    assert (issued["status"], issued["missing"]) == ("undetermined", ["covered_by_gonzalez"])


def test_before_the_settlement_issuing_with_a_warrant_was_required_of_ice_alone() -> None:
    issued = decided(Case("mn-freeborn-jail", due=datetime(2018, 5, 2, tzinfo=MINNESOTA)).form())["issue_detainer"]
    assert (issued["status"], done(issued)) == ("required", ["detainer.prepared"])


@pytest.mark.parametrize("publisher", ["us-ice", "mn-sherburne-sheriff"])
def test_a_form_that_a_jail_enforcement_officer_issues_is_the_sheriffs_decision(publisher: str) -> None:
    data = {"facility": "mn-sherburne-jail", "form": "I-247A", "issued_by": "jem_local_officer"}
    prepared = body(detainer.DetainerPrepared, "d-1", at=Case("mn-sherburne-jail").at(0), agency=publisher, **data)
    issued = decided(prepared, agreements=JEM)["issue_detainer"]
    assert (issued["facts"]["agency"], issued["facts"]["facility_kind"]) == ("mn-sherburne-sheriff", "county_jail")
    assert issued["status"] == "permitted"
    assert "US-ICE-10074.2" not in {rule["id"] for rule in issued["rules"]}


def test_a_form_of_the_border_patrol_is_not_ices() -> None:
    issued = decided(Case("mn-aitkin-jail").form(issued_by="cbp"))["issue_detainer"]
    assert (issued["facts"]["agency"], issued["status"]) == ("us-cbp", "no_rule")


def test_of_several_forms_the_latest_is_the_decision_to_issue() -> None:
    jail = Case("mn-aitkin-jail")
    newer = body(
        detainer.DetainerPrepared, "d-2", at=jail.at(-10), agency="us-ice", facility=jail.facility, form="I-247G"
    )
    issued = decided(jail.form(), newer)["issue_detainer"]
    assert issued["at"] == Instant.exact(jail.at(-10)).as_json()
    assert issued["facts"]["detainer_form"] == "I-247G"


def test_a_hand_off_is_to_be_published_where_no_agreement_says_otherwise() -> None:
    jail = Case("mn-aitkin-jail")
    booked = jail.episode(episode.SubjectBooked, -72, booking_category="criminal")
    published = decided(booked, jail.form(), jail.transferred(0), agreements=NONE_LISTED)["publish_handoff"]
    assert (published["status"], published["missing"]) == ("required", [])
    assert "MN-13.82-2" in applying(published)
    assert done(published) == ["handoff.custody_transferred"]


def test_where_the_jails_own_officer_served_the_warrant_publication_is_a_conflict_with_the_agreement() -> None:
    jail = Case("mn-freeborn-jail")
    own = jail.handoff(handoff.AdministrativeWarrantServed, -1, warrant="I-200", served_by="wso_officer")
    published = decided(jail.episode(episode.ChargeFiled, -70, charge="1"), own, jail.transferred(0))["publish_handoff"]
    assert published["status"] == "conflict"
    assert [pair["rules"] for pair in published["conflicts"]] == [["US-287G-INFO", "MN-13.82-2"]]


def test_where_ices_officer_served_it_the_hand_off_is_not_the_agreements_work() -> None:
    jail = Case("mn-freeborn-jail")
    theirs = jail.handoff(handoff.AdministrativeWarrantServed, -1, warrant="I-200", served_by="ice")
    published = decided(jail.episode(episode.ChargeFiled, -70, charge="1"), theirs, jail.transferred(0))
    assert published["publish_handoff"]["status"] == "required"


def test_after_legal_custody_passed_it_is_open_for_whom_the_person_was_held() -> None:
    jail = Case("mn-freeborn-jail")
    charged = jail.episode(episode.ChargeFiled, -70, charge="1")
    facts = decided(charged, jail.served(-1), jail.transferred(0))["publish_handoff"]["facts"]
    assert "held_for_ice_under_contract" not in facts


def test_a_release_to_somebody_else_is_no_hand_off_to_publish() -> None:
    jail = Case("mn-aitkin-jail")
    out = jail.episode(episode.ReleasedToAgency, 0, to_agency="us-usms")
    assert "publish_handoff" not in decided(jail.form(), out)


def test_a_sealed_record_is_a_decision_that_hangs_on_whether_the_record_qualifies() -> None:
    jail = Case("mn-aitkin-jail")
    sealed = body(
        record.RecordSealed, "r-1", at=jail.at(900), agency=jail.agency, target="episode/e-1", scope="episode"
    )
    seal = decided(jail.episode(episode.SubjectBooked, -72), sealed)["seal_record"]
    assert (seal["status"], seal["missing"]) == ("undetermined", ["qualifies_for_clean_slate"])
    assert done(seal) == ["record.sealed"]


def agreement(cls: type[EventData], day: str, **data: Any) -> bytes:
    data = {"agency": "mn-freeborn-sheriff", "model": "WSO", "state": "MN", "county": "Freeborn", **data}
    at = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=MINNESOTA)
    return compose(
        cls,
        event_id=derived_uuid7(at, cls.TYPE, day),
        source="agency:mn-freeborn-sheriff",
        stream="mn-freeborn-sheriff.WSO",
        occurred=Instant.exact(at),
        data=data,
    )


def test_a_sheriffs_agreement_is_undetermined_until_it_is_known_what_the_board_said() -> None:
    signed = agreement(instrument.AgreementSigned, "2026-02-01", signed="2026-02-01T12:00:00-06:00")
    ratified = agreement(instrument.BoardApprovalRecorded, "2026-03-03", approved=True, body="county board")
    refused = agreement(instrument.BoardApprovalRecorded, "2026-03-03", approved=False)

    entered = decided(signed)["enter_agreement"]
    assert (entered["status"], entered["missing"]) == ("undetermined", ["board_approved"])
    assert {name: entered["facts"][name] for name in ("agency", "county", "facility_kind")} == {
        "agency": "mn-freeborn-sheriff",
        "county": "Freeborn",
        "facility_kind": "county_jail",
    }
    assert decided(signed, ratified)["enter_agreement"]["status"] == "permitted"
    assert decided(signed, refused)["enter_agreement"]["status"] == "conflict"
    assert done(decided(signed, refused)["enter_agreement"])[-1] == "agreement.board_approval_recorded"


def test_before_the_opinion_a_sheriff_could_sign_alone() -> None:
    signed = agreement(instrument.AgreementSigned, "2025-03-26", signed="2025-03-26T12:00:00-06:00")
    assert decided(signed)["enter_agreement"]["status"] == "permitted"


def test_an_agreement_that_ice_only_listed_was_entered_on_the_day_ice_printed_last() -> None:
    log = imported(OBSERVATIONS)
    ref = "agreement/mn-crow-wing-sheriff.WSO"
    listed = [event for event in log.events if event.stream == ref]
    assert {event.type for event in listed} == {"agreement.listed", "agreement.corrected"}
    made = decisions(listed, ref, minnesota_rules(), agreements=log.model, custodians=CUSTODIANS)
    entered = made[0].as_json()
    assert entered["at"]["earliest"][:10] == "2025-03-26"
    assert entered["facts"]["basic_ordering_agreement"] is False


def test_bail_and_an_order_of_release_are_recorded_facts() -> None:
    jail = Case("mn-aitkin-jail")
    bail = jail.episode(episode.BailPosted, -1)
    assert decided(jail.form(), jail.eligible(), bail)["release_notice"]["facts"]["bond_posted_recorded"] is True
    assert decided(jail.form(), jail.eligible())["release_notice"]["facts"]["bond_posted_recorded"] is False
