"""What was owed, by when, under which rule, and whether it was done: from case-shaped events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from domain.events import detainer, episode, handoff
from domain.instants import MINNESOTA, Instant
from projections.duties import DUTIES, Duties
from projections.folding.now import rows_now
from projections.leaving import DEPARTURES
from projections.owed import owed
from tests.builders import body, recorded
from tests.projections.test_decisions import FRIDAY, Case, made

PRISON, JAIL = Case("mn-doc-stillwater"), Case("mn-anoka-jail")


def duties(*bodies: bytes) -> list[dict[str, Any]]:
    return rows_now(Duties(), recorded(*bodies))[DUTIES.name]


def listed(*bodies: bytes, at: datetime = FRIDAY) -> list[dict[str, Any]]:
    """The duties as the command lists them: as of the moment release was due, unless another is given."""
    known = [one for one in recorded(*bodies) if one.occurred.maybe_by(at)]
    by_point = {one.determination.decision_point: one for one in made(*bodies)}
    left = next((one.occurred for one in known if isinstance(one.data, DEPARTURES)), None)
    rows = duties(*bodies)
    return [one for row in rows for one in owed(row, by_point, owed_by="agency", left=left, at=at)]


def only(duty: str, rule: str | None, *bodies: bytes, at: datetime = FRIDAY) -> dict[str, Any]:
    (row,) = [one for one in listed(*bodies, at=at) if (one["duty"], one["rule"]) == (duty, rule)]
    return row


def committed(case: Case, level: str = "felony", **data: Any) -> bytes:
    return case.episode(episode.CommittedToInstitution, -100, conviction_level=level, **data)


def asked(case: Case, result: str = "non_citizen") -> bytes:
    return case.episode(episode.NationalityInquired, -99, result=result)


def told(case: Case) -> bytes:
    items = dict.fromkeys(
        (
            "has_commitment_date_and_reasons",
            "has_commitment_length",
            "has_country_of_citizenship",
            "has_last_entry_date_and_port",
        ),
        True,
    )
    return case.episode(episode.CommitmentNoticeSent, -98, to_agency="us-ice", **items)


def received(case: Case, hours: float = -47) -> bytes:
    return case.detained(detainer.DetainerReceived, hours)


def notice(case: Case, hours: float, **data: Any) -> bytes:
    due = case.at(0).isoformat()
    return case.handoff(handoff.ReleaseNoticeSent, hours, to_agency="us-ice", scheduled_release_at=due, **data)


def test_commitment_for_a_felony_starts_the_question_and_the_answer_starts_the_notice() -> None:
    open_question = only("ask_status", "MN-631.50", committed(PRISON))
    notice_open = only("commitment_notice", "MN-631.50", committed(PRISON), asked(PRISON))
    done = only("commitment_notice", "MN-631.50", committed(PRISON), asked(PRISON), told(PRISON))

    assert ("open", PRISON.at(-100).isoformat()) == (open_question["status"], open_question["started"])
    assert ("open", PRISON.at(-99).isoformat(), "obligation") == tuple(
        notice_open[key] for key in ("status", "started", "modality")
    )
    assert ("done", PRISON.at(-98).isoformat(), [2, 3]) == tuple(done[key] for key in ("status", "done", "events"))


def test_no_notice_of_commitment_is_owed_for_a_citizen_or_after_a_misdemeanor() -> None:
    assert ["ask_status"] == [row["duty"] for row in listed(committed(PRISON), asked(PRISON, "citizen"))]
    assert [] == listed(committed(PRISON, "misdemeanor", found_mentally_ill=False), asked(PRISON, "citizen"))


def test_where_rival_readings_or_an_unknown_answer_leave_it_open_the_duty_is_not_known_until_it_is_done() -> None:
    jail = only("ask_status", "MN-631.50", committed(JAIL))
    unknown = only("commitment_notice", "MN-631.50", committed(PRISON), asked(PRISON, "unknown"))

    assert ("not_known", "not_known") == (jail["status"], unknown["status"])
    assert "done" == only("ask_status", "MN-631.50", committed(JAIL), asked(JAIL))["status"]


@pytest.mark.parametrize(("hours", "status"), [(-49, "done"), (-48, "done"), (-7, "late")])
def test_notice_of_release_is_due_by_the_clock_of_the_form_and_has_its_lead(hours: float, status: str) -> None:
    row = only("release_notice", "US-I247A-1", JAIL.form(hours=-60), received(JAIL, -59), notice(JAIL, hours))

    assert (status, "C6", JAIL.at(-48).isoformat(), -hours * 60) == tuple(
        row[key] for key in ("status", "clock", "due", "lead_minutes")
    )
    assert ("request", JAIL.at(-59).isoformat()) == (row["modality"], row["started"])


def test_what_is_not_recorded_is_open_until_it_is_due_and_overdue_after_that() -> None:
    events = (
        JAIL.form(hours=-200),
        received(JAIL, -199),
        JAIL.episode(episode.ProjectedReleaseSet, -190, projected_release_at=JAIL.at(0).isoformat()),
    )

    statuses = [only("release_notice", "US-I247A-1", *events, at=JAIL.at(hours))["status"] for hours in (-49, -47)]

    assert ["open", "overdue"] == statuses
    assert [] == listed(*events, at=JAIL.at(-300)), "nothing had begun"


def test_where_the_rule_gives_no_time_it_is_overdue_once_the_person_has_left() -> None:
    events = (JAIL.form(), received(JAIL))

    assert "open" == only("serve_detainer", "US-I247A-3", *events)["status"]
    assert "overdue" == only("serve_detainer", "US-I247A-3", *events, JAIL.to_ice(-1))["status"]


def test_a_notice_withheld_is_not_done_and_says_when_it_was_withheld() -> None:
    row = only("release_notice", "US-I247A-1", JAIL.form(), received(JAIL), JAIL.handoff(handoff.NoticeWithheld, -3))

    assert (None, JAIL.at(-3).isoformat()) == (row["done"], row["withheld"])


def test_each_form_is_answered_and_no_rule_of_the_pack_asks_for_it() -> None:
    answer = JAIL.detained(detainer.DetainerResponseDecided, -46, elements={"will_notify": True})
    other = {"facility": JAIL.facility, "episode": "e-1"}
    second = body(detainer.DetainerReceived, "d-2", at=JAIL.at(-40), agency=JAIL.agency, **other)

    rows = [row for row in listed(JAIL.form(), received(JAIL), answer, second) if row["duty"] == "answer_detainer"]

    assert [("d-1", "done", None), ("d-2", "open", None)] == [
        (row["detainer"], row["status"], row["rule"]) for row in rows
    ]


def test_a_claim_of_citizenship_is_to_be_reported_within_the_hour_and_no_event_tells_that_it_was() -> None:
    freeborn = Case("mn-freeborn-jail")
    events = (freeborn.form(), freeborn.served(-10), freeborn.handoff(handoff.CitizenshipClaimAsserted, -5))

    row = only("report_citizenship_claim", "US-287G-WSO-SOP", *events, at=freeborn.at(-4.5))
    later = only("report_citizenship_claim", "US-287G-WSO-SOP", *events)

    assert ("open", freeborn.at(-4).isoformat(), "not_known") == (row["status"], row["due"], later["status"])


def test_a_notice_known_only_to_the_day_may_or_may_not_have_been_in_time() -> None:
    day = Instant.day(JAIL.at(-48).date(), MINNESOTA)
    due = JAIL.at(0).isoformat()
    sent = body(
        handoff.ReleaseNoticeSent,
        "h-1",
        at=day,
        agency=JAIL.agency,
        facility=JAIL.facility,
        episode="e-1",
        to_agency="us-ice",
        scheduled_release_at=due,
    )

    assert (
        "not_known" == only("release_notice", "US-I247A-1", JAIL.form(hours=-60), received(JAIL, -59), sent)["status"]
    )
