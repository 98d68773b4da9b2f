"""What two records say of one case: each kind with a case that gives it and a near miss that does not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from domain.events import detainer, episode, handoff
from domain.events.fields import EventData
from domain.instants import MINNESOTA, Instant
from projections.finding import TEMPLATES, Finding, Kind
from projections.findings_many import BULK_ISSUE_MORE_THAN, bulk_issues, duplicate_detainers
from tests.builders import body, recorded
from tests.projections.findings_of import NOT_NEUTRAL, Sheets, found, notice, only, transferred
from tests.projections.test_decisions import FRIDAY, Case

AITKIN = Case("mn-aitkin-jail")
FREEBORN = Case("mn-freeborn-jail")
CASS = Case("mn-cass-jail")
LATER = FRIDAY + timedelta(days=30)


def told(case: Case, cls: type[EventData], hours: float, *, agency: str | None = None, **data: Any) -> bytes:
    """Somebody tells something of the detainer; the custodian, if not said."""
    about = {"facility": case.facility, "episode": "e-1"}
    return body(cls, "d-1", at=case.at(hours), agency=agency or case.agency, **about, **data)


def declined(case: Case, hours: float = 40) -> bytes:
    words = {"lift_code": "A", "lift_reason_as_printed": "Detainer Declined by LEA", "asserted_by": "us-ice"}
    return told(case, detainer.DetainerLifted, hours, agency="us-ice", **words)


def booked(case: Case, hours: float, **data: Any) -> bytes:
    return case.episode(episode.SubjectBooked, hours, **data)


def test_a_transfer_recorded_before_the_booking_at_the_releasing_facility_is_found_and_kept() -> None:
    finding = only(found(transferred(AITKIN, -3), booked(AITKIN, -2)), Kind.TRANSFER_BEFORE_BOOKING)
    assert finding.words.endswith("at 2026-01-16 14:00, before the booking at the same facility at 2026-01-16 15:00.")
    assert Kind.TRANSFER_BEFORE_BOOKING not in found(transferred(AITKIN, -1), booked(AITKIN, -2))
    elsewhere = booked(AITKIN, -2, facility="mn-cass-jail")
    assert Kind.TRANSFER_BEFORE_BOOKING not in found(transferred(AITKIN, -3), elsewhere)


def test_a_release_recorded_before_the_booking_is_found_unless_days_leave_it_open() -> None:
    out = AITKIN.episode(episode.ReleasedToCommunity, -3)
    assert Kind.RELEASE_BEFORE_BOOKING in found(out, booked(AITKIN, -2))
    day = Instant.day(FRIDAY.date(), MINNESOTA)
    about = {"facility": AITKIN.facility, "subject": "s-1"}
    by_day = body(episode.SubjectBooked, "e-1", at=day, agency=AITKIN.agency, **about)
    assert Kind.RELEASE_BEFORE_BOOKING not in found(out, by_day)


@pytest.mark.parametrize(("form", "asks"), [("I-247N", False), ("I-247G", False), ("I-247A", True), ("I-247D", True)])
def test_an_immigration_hold_on_a_form_that_asks_for_notice_is_found(form: str, asks: bool) -> None:
    given = found(AITKIN.form(form), AITKIN.hold())
    assert (Kind.HOLD_WITHOUT_REQUEST in given) is not asks
    marshals = AITKIN.episode(episode.HoldPlaced, -30, hold="m", kind="us_marshals")
    assert Kind.HOLD_WITHOUT_REQUEST not in found(AITKIN.form(form), marshals)


def test_a_hold_that_no_form_in_the_log_explains_is_not_said_to_lack_a_request() -> None:
    assert Kind.HOLD_WITHOUT_REQUEST not in found(AITKIN.hold(), AITKIN.eligible())


@pytest.mark.parametrize(
    ("warrant", "form", "day", "bare"),
    [
        ("none", "I-247A", datetime(2026, 1, 5, tzinfo=MINNESOTA), True),
        ("none", "I-247A", datetime(2017, 4, 1, tzinfo=MINNESOTA), False),
        ("I-200", "I-247A", datetime(2026, 1, 5, tzinfo=MINNESOTA), False),
        (None, "I-247A", datetime(2026, 1, 5, tzinfo=MINNESOTA), False),
        ("none", "I-247G", datetime(2026, 1, 5, tzinfo=MINNESOTA), False),
    ],
)
def test_a_form_known_to_come_without_a_warrant_is_found_from_the_policys_day_on(
    warrant: str | None, form: str, day: datetime, bare: bool
) -> None:
    attached = {"warrant_attached": warrant} if warrant else {}
    assert (Kind.POLICY_10074_2 in found(Case("mn-aitkin-jail", due=day).form(form, 0, **attached))) is bare


def test_a_hold_past_release_without_service_on_the_person_is_found_and_with_service_is_not() -> None:
    held = (AITKIN.form(), AITKIN.hold(), AITKIN.eligible(), AITKIN.to_ice(3))
    assert only(found(*held), Kind.HOLD_NOT_SERVED).rules == ("US-I247A-3",)
    assert Kind.HOLD_NOT_SERVED not in found(*held, told(AITKIN, detainer.DetainerServedOnSubject, -20))
    assert Kind.HOLD_NOT_SERVED not in found(AITKIN.form(), AITKIN.hold())  # release is not due yet


def test_ices_word_that_a_custodian_declined_is_found_where_the_custodian_recorded_no_end_and_no_answer() -> None:
    received = told(AITKIN, detainer.DetainerReceived, -40)
    finding = only(found(AITKIN.form(), received, declined(AITKIN)), Kind.DECLINED_UNMATCHED)
    assert finding.words == (
        "us-ice recorded “Detainer Declined by LEA”; mn-aitkin-sheriff has recorded neither a release nor that it did "
        "not do what the form asks."
    )
    assert finding.who == ("mn-aitkin-sheriff", "us-ice")
    for answer in (
        told(AITKIN, detainer.DetainerNotHonored, 1),
        told(AITKIN, detainer.DetainerResponseDecided, -30, elements={"will_hold": False}),
        AITKIN.episode(episode.ReleasedToCommunity, 1),
    ):
        assert Kind.DECLINED_UNMATCHED not in found(AITKIN.form(), received, declined(AITKIN), answer)


def test_ices_word_about_a_custodian_that_has_published_nothing_is_one_sided() -> None:
    given = found(AITKIN.form(), declined(AITKIN))
    assert Kind.DECLINED_ONE_SIDED in given
    assert Kind.DECLINED_UNMATCHED not in given
    lifted = told(
        AITKIN,
        detainer.DetainerLifted,
        1,
        agency="us-ice",
        lift_reason_as_printed="Early Release",
        asserted_by="us-ice",
    )
    assert Kind.DECLINED_ONE_SIDED not in found(AITKIN.form(), lifted)


def test_ices_word_that_a_custodian_declined_is_set_beside_the_custodians_word_that_it_handed_over() -> None:
    finding = only(found(AITKIN.form(), AITKIN.to_ice(0), declined(AITKIN)), Kind.DECLINED_AND_TRANSFERRED)
    assert finding.words.endswith("mn-aitkin-sheriff recorded that custody passed to us-ice.")
    assert finding.events == (2, 3)
    only_ice_says_so = transferred(AITKIN, 0, by="us-ice")
    assert Kind.DECLINED_AND_TRANSFERRED not in found(AITKIN.form(), only_ice_says_so, declined(AITKIN))


def test_a_transfer_that_ice_has_not_recorded_within_72_hours_is_found_once_its_records_reach_that_far() -> None:
    told_by_jail = (AITKIN.form(), transferred(AITKIN, 0))
    finding = only(found(*told_by_jail, ice_reaches=LATER), Kind.TRANSFER_UNCONFIRMED)
    assert "us-ice has recorded no transfer within 72 h of it" in finding.words
    assert finding.who == ("mn-aitkin-sheriff", "us-ice")
    for reaches in (FRIDAY + timedelta(hours=71), None):
        assert Kind.TRANSFER_UNCONFIRMED not in found(*told_by_jail, ice_reaches=reaches)


@pytest.mark.parametrize(("hours", "in_time"), [(71, True), (73, False)])
def test_ices_own_record_of_the_transfer_counts_if_it_says_it_happened_in_time(hours: float, in_time: bool) -> None:
    confirmed = body(
        handoff.CustodyTransferConfirmed, "h-1", at=AITKIN.at(hours), agency="us-ice", facility=AITKIN.facility
    )
    given = found(AITKIN.form(), transferred(AITKIN, 0), confirmed, ice_reaches=LATER)
    assert (Kind.TRANSFER_UNCONFIRMED not in given) is in_time


def test_a_detainer_lifted_as_booked_into_detention_confirms_the_transfer() -> None:
    words = {"lift_code": "B", "lift_reason_as_printed": "Booked into Detention", "asserted_by": "us-ice"}
    lifted = told(AITKIN, detainer.DetainerLifted, 5, agency="us-ice", **words)
    given = found(AITKIN.form(), transferred(AITKIN, 0), lifted, ice_reaches=LATER)
    assert Kind.TRANSFER_UNCONFIRMED not in given


def test_a_transfer_that_ice_contests_is_found_as_contested_and_not_as_unconfirmed() -> None:
    about = {"facility": AITKIN.facility, "reason": "arrested outside"}
    contested = body(handoff.CustodyTransferContested, "h-1", at=AITKIN.at(8), agency="us-ice", **about)
    given = found(AITKIN.form(), transferred(AITKIN, 0), contested, ice_reaches=LATER)
    assert only(given, Kind.TRANSFER_CONTESTED).words.endswith("us-ice recorded that it contests this.")
    assert Kind.TRANSFER_UNCONFIRMED not in given
    assert Kind.TRANSFER_CONTESTED not in found(AITKIN.form(), transferred(AITKIN, 0))


def test_service_by_a_local_officer_where_the_lists_show_no_jail_agreement_is_found() -> None:
    finding = only(found(CASS.form(), CASS.served()), Kind.SERVICE_NOT_LISTED)  # Cass has a task force agreement
    assert finding.words.endswith(
        "ICE's lists next to that (2026-01-15pm and 2026-01-20am) show no warrant service or jail enforcement "
        "agreement of mn-cass-sheriff."
    )
    assert Kind.SERVICE_NOT_LISTED not in found(FREEBORN.form(), FREEBORN.served())
    unsure = Sheets({"mn-cass-sheriff": (("WSO", "unknown"),)})
    ended = Sheets({}, last=FRIDAY - timedelta(days=30))
    for lists in (unsure, ended, None):
        assert Kind.SERVICE_NOT_LISTED not in found(CASS.form(), CASS.served(), agreements=lists)


def test_service_by_ices_own_officers_needs_no_agreement() -> None:
    about = {"warrant": "I-200", "served_by": "ice", "legal_custody_to": "us-ice"}
    served = CASS.handoff(handoff.AdministrativeWarrantServed, 1, **about)
    assert Kind.SERVICE_NOT_LISTED not in found(CASS.form(), served)


def form(number: int, *, subject: str = "s-1", at: datetime = FRIDAY, facility: str = "mn-aitkin-jail") -> bytes:
    data = {"facility": facility, "subject": subject, "form": "I-247A"}
    return body(detainer.DetainerPrepared, f"d-{number}", at=at, agency="us-ice", **data)


def test_two_forms_about_one_person_to_one_facility_on_one_day_are_found() -> None:
    finding = only(found(form(1), form(2, at=FRIDAY + timedelta(hours=2))), Kind.DUPLICATE_DETAINER)
    assert finding.words == ("us-ice recorded 2 detainers about one person to one facility on 2026-01-16: d-1 and d-2.")
    superseded = body(detainer.DetainerSuperseded, "d-1", at=FRIDAY, agency="us-ice", superseded_by="d-2")
    for near in (
        (form(1), form(2, at=FRIDAY + timedelta(days=1))),
        (form(1), form(2, subject="s-2")),
        (form(1), form(2, facility="mn-cass-jail")),
        (form(1), form(2), superseded),
    ):
        assert list(duplicate_detainers(recorded(*near))) == []


@pytest.mark.parametrize(("count", "many"), [(BULK_ISSUE_MORE_THAN, False), (BULK_ISSUE_MORE_THAN + 1, True)])
def test_more_than_twenty_forms_to_one_facility_on_one_day_are_noted_once(count: int, many: bool) -> None:
    forms = [form(n, subject=f"s-{n}") for n in range(count)]
    elsewhere = [form(100 + n, subject=f"t-{n}", facility="mn-cass-jail") for n in range(3)]
    noted = list(bulk_issues(recorded(*forms, *elsewhere)))
    assert [finding.words for finding in noted] == (
        [f"us-ice recorded {count} detainers to mn-aitkin-jail on 2026-01-16."] if many else []
    )


def test_a_plain_booking_and_release_gives_no_finding() -> None:
    assert found(booked(AITKIN, -20), AITKIN.eligible(), AITKIN.episode(episode.ReleasedToCommunity, 5)) == {}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_one_sentence_and_neither_its_words_nor_its_code_judges(kind: Kind) -> None:
    template = TEMPLATES[kind]
    assert template.endswith(".")
    assert ". " not in template.replace(" 10074.2, ", " ")
    assert not NOT_NEUTRAL.search(template)
    assert not NOT_NEUTRAL.search(kind.value)


def test_a_finding_has_no_severity_and_is_written_with_plain_keys() -> None:
    finding = only(found(AITKIN.form(), AITKIN.to_ice(0), declined(AITKIN)), Kind.DECLINED_AND_TRANSFERRED)
    assert set(finding.as_json()) == {"kind", "decision_point", "rules", "events", "who", "words"}


@for_all(st.permutations(range(7)))
def test_the_order_in_which_events_were_recorded_changes_no_sentence(order: list[int]) -> None:
    case = FREEBORN
    events = [
        booked(case, -80),
        case.form(),
        case.hold(),
        case.eligible(),
        notice(case, -5, lead_minutes=300),
        case.served(0.1),
        case.to_ice(60),
    ]

    def words(*bodies: bytes) -> set[str]:
        listed: list[Finding] = [one for several in found(*bodies).values() for one in several]
        return {finding.words for finding in listed}

    assert words(*(events[index] for index in order)) == words(*events) != set()
