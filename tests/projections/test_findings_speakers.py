"""Who speaks of a detainer: its two sides may, and whoever else does is recorded, counts, and is found."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.rules.packs import minnesota_rules
from domain.events import detainer, episode
from domain.events.fields import EventData
from projections.finding import Finding, Kind, Setting
from projections.finding_trail import FindingTrail
from projections.findings_speakers import told_by_others
from tests.builders import body, recorded
from tests.projections.findings_of import found, only
from tests.projections.test_decisions import CUSTODIANS, Case

AITKIN = Case("mn-aitkin-jail")
OTHER = "mn-cass-sheriff"
KIND = Kind.DETAINER_TOLD_BY_ANOTHER
LIFTED = {"lift_reason_as_printed": "Case Closed", "asserted_by": "us-ice"}
ENDS = [
    (detainer.DetainerLifted, LIFTED),
    (detainer.DetainerCancelled, {}),
    (detainer.DetainerSuperseded, {"superseded_by": "d-2"}),
    (detainer.DetainerExpiredUnclaimed, {}),
    (detainer.DetainerDeclinedAsserted, {"asserted_by": OTHER}),
    (detainer.DetainerNotHonored, {}),
    (detainer.DetainerReceived, {}),
]


def word(agency: str, cls: type[EventData] = detainer.DetainerLifted, hours: float = 1, **data: Any) -> bytes:
    """An agency tells something of the detainer."""
    return body(cls, "d-1", at=AITKIN.at(hours), agency=agency, **(data or LIFTED))


def spoken(*bodies: bytes) -> list[Finding]:
    return list(told_by_others(recorded(*bodies), CUSTODIANS))


@pytest.mark.parametrize(("cls", "data"), ENDS)
def test_what_an_agency_that_is_no_side_of_a_detainer_tells_of_it_is_found(
    cls: type[EventData], data: dict[str, Any]
) -> None:
    told = body(cls, "d-1", at=AITKIN.at(1), agency=OTHER, **data)

    finding = only(found(AITKIN.form(), AITKIN.detained(detainer.DetainerReceived, -40), told, AITKIN.eligible()), KIND)

    assert (1, 3) == finding.events
    assert 3 == finding.about
    assert ("mn-aitkin-sheriff", OTHER, "us-ice") == finding.who
    words = cls.TYPE.partition(".")[2].replace("_", " ")
    assert finding.words == (f"{OTHER} recorded “{words}” of detainer d-1, which us-ice issued to mn-aitkin-jail.")


@pytest.mark.parametrize("agency", ["us-ice", "us-ice-st-paul", "mn-aitkin-sheriff"])
def test_what_ice_or_the_custodian_tells_of_it_is_not_found(agency: str) -> None:
    assert [] == spoken(AITKIN.form(), *(body(cls, "d-1", agency=agency, **data) for cls, data in ENDS))


def test_naming_a_place_of_ones_own_makes_nobody_a_side_of_a_detainer_that_is_addressed_elsewhere() -> None:
    assert [(1, 2)] == [one.events for one in spoken(AITKIN.form(), word(OTHER, facility="mn-cass-jail", **LIFTED))]


def test_a_preparation_told_by_another_makes_it_no_side_and_its_words_are_found_in_whatever_order_they_come() -> None:
    mine = {"form": "I-247A", "facility": "mn-cass-jail"}
    prepared = word(OTHER, detainer.DetainerPrepared, -60, **mine)

    assert [2, 3] == [one.about for one in spoken(AITKIN.form(), prepared, word(OTHER))]
    assert [1] == [one.about for one in spoken(word(OTHER), AITKIN.form())]


def test_of_a_detainer_whose_place_is_in_no_register_whoever_names_a_place_of_its_own_may_tell() -> None:
    prepared = AITKIN.form(facility=None, facility_as_printed="AITKIN WORK CAMP")

    assert [] == spoken(prepared, word(OTHER, facility="mn-cass-jail", **LIFTED))
    assert ["no facility of the register."] == [one.words[-28:] for one in spoken(prepared, word(OTHER))]


def test_of_a_detainer_that_nobody_has_told_of_the_preparation_nothing_is_found() -> None:
    assert [] == spoken(word(OTHER), word("mn-aitkin-sheriff"))


def test_a_word_that_names_an_episode_elsewhere_is_found_and_each_finding_is_about_the_detainer() -> None:
    elsewhere = {"facility": "mn-cass-jail", "subject": "s-2"}
    events = recorded(
        AITKIN.form(),
        AITKIN.episode(episode.SubjectBooked, -60),
        body(episode.SubjectBooked, "e-2", at=AITKIN.at(-50), agency=OTHER, **elsewhere),
        word(OTHER, episode="e-2", **LIFTED),
        word(OTHER, detainer.DetainerCancelled, episode="e-1"),
    )
    trail = FindingTrail(Setting(minnesota_rules(), None, None), CUSTODIANS)
    for event in events:
        trail.apply(event)

    rows = [row for row in trail.rows() if row["kind"] == KIND]

    assert [("detainer/d-1", [1, 4]), ("detainer/d-1", [1, 5])] == [(row["case"], row["events"]) for row in rows]
    assert ["mn-aitkin-jail"] * 2 == [row["facility"] for row in rows]
