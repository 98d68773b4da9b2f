"""What two sheets, one after the other, say happened in between."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.agreements import (
    NOT_A_COUNTY,
    POSSIBLE_CORRECTION,
    Corrected,
    Delisted,
    Listed,
    Listing,
    Sheet,
    SheetRef,
    agency_identity,
    carried,
    county_named,
    merged,
    model_of,
    transitions,
)
from domain.events.instrument import AgreementModel
from domain.instants import WASHINGTON, Instant

COUNTIES = frozenset({"freeborn", "cass", "jackson"})
SHERIFFS = {county: (f"mn-{county}-sheriff", county.title()) for county in COUNTIES}
WSO, TFM = AgreementModel.WARRANT_SERVICE_OFFICER, AgreementModel.TASK_FORCE
MARCH, APRIL, MAY = (
    SheetRef(f"2025-0{month}-01", Instant.day(date(2025, month, 1), WASHINGTON)) for month in (3, 4, 5)
)


def row(ref: SheetRef, printed: str, day: int = 26, model: AgreementModel = WSO) -> Listing:
    agency, county = agency_identity("MN", printed, SHERIFFS)
    return Listing(agency, model, county, printed, Instant.day(date(2025, 3, day), WASHINGTON), ref)


def sheet(ref: SheetRef, *rows: Listing, complete: bool = True) -> Sheet:
    return Sheet(ref, {listing.key: listing for listing in rows}, complete)


def test_the_first_sheet_known_lists_all_its_rows() -> None:
    cass = row(MARCH, "Cass County Sheriff's Office")

    assert transitions(None, sheet(MARCH, cass), counties=COUNTIES) == (Listed(cass),)


def test_the_same_rows_again_say_nothing() -> None:
    before, after = (sheet(ref, row(ref, "Cass County Sheriff's Office")) for ref in (MARCH, APRIL))

    assert transitions(before, after, counties=COUNTIES) == ()


def test_a_row_that_is_gone_ended_between_the_two_sheets() -> None:
    cass = row(MARCH, "Cass County Sheriff's Office")

    assert transitions(sheet(MARCH, cass), sheet(APRIL), counties=COUNTIES) == (Delisted(cass, APRIL),)


def test_another_signing_date_is_a_correction() -> None:
    before, after = (
        row(MARCH, "Cass County Sheriff's Office", 27),
        row(APRIL, "Cass County Sheriff's Office", 26),
    )

    found = transitions(sheet(MARCH, before), sheet(APRIL, after), counties=COUNTIES)

    assert found == (Corrected("signed", before, after),)


def test_another_apostrophe_is_a_corrected_name_of_the_same_agency() -> None:
    before = row(MARCH, "Isle Constable's Department")
    after = row(APRIL, "Isle Constable\u2019s Department")

    found = transitions(sheet(MARCH, before), sheet(APRIL, after), counties=COUNTIES)

    assert found == (Corrected("as_printed", before, after),)


@pytest.mark.parametrize("printed", ["Cass County Sheriff's Office ", "Cass  County Sheriff's Office"])
def test_spacing_alone_is_no_correction(printed: str) -> None:
    before, after = row(MARCH, "Cass County Sheriff's Office"), row(APRIL, printed)

    assert transitions(sheet(MARCH, before), sheet(APRIL, after), counties=COUNTIES) == ()


def test_a_county_that_does_not_exist_is_read_as_a_misprint_of_the_one_row_that_took_its_place() -> None:
    freedom, freeborn = (
        row(MARCH, "Freedom County Sheriff's Office"),
        row(APRIL, "Freeborn County Sheriff's Office"),
    )
    cass = row(APRIL, "Cass County Sheriff's Office", model=TFM)

    found = transitions(sheet(MARCH, freedom), sheet(APRIL, freeborn, cass), counties=COUNTIES)

    assert found == (Corrected("as_printed", freedom, freeborn, NOT_A_COUNTY), Listed(cass))


@pytest.mark.parametrize(
    ("gone", "came", "counties"),
    [
        ("Jackson County Sheriff's Office", "Freeborn County Sheriff's Office", COUNTIES),
        ("Freedom County Sheriff's Office", "Freeborn County Sheriff's Office", None),
        ("Freedom Police Department", "Freeborn County Sheriff's Office", COUNTIES),
        ("Freedom County Sheriff's Office", "Isle Police Department", COUNTIES),
    ],
    ids=["a real county vanished", "counties unknown", "no county named", "no sheriff appeared"],
)
def test_without_clear_ground_nothing_is_guessed_and_both_sides_are_marked(
    gone: str, came: str, counties: frozenset[str] | None
) -> None:
    before, after = row(MARCH, gone), row(APRIL, came)

    found = transitions(sheet(MARCH, before), sheet(APRIL, after), counties=counties)

    assert found == (Delisted(before, APRIL, POSSIBLE_CORRECTION), Listed(after, POSSIBLE_CORRECTION))


def test_two_candidates_of_the_same_date_leave_a_misprint_undecided() -> None:
    freedom = row(MARCH, "Freedom County Sheriff's Office")
    two = [row(APRIL, f"{county} County Sheriff's Office") for county in ("Cass", "Freeborn")]

    found = transitions(sheet(MARCH, freedom), sheet(APRIL, *two), counties=COUNTIES)

    assert found == (Delisted(freedom, APRIL), *map(Listed, two))


def test_a_sheet_with_unread_rows_ends_nothing_and_a_later_end_starts_at_the_last_printing() -> None:
    cass = row(MARCH, "Cass County Sheriff's Office")
    march, april, may = carried([sheet(MAY), sheet(APRIL, complete=False), sheet(MARCH, cass)])

    assert transitions(march, april, counties=COUNTIES) == ()
    assert transitions(april, may, counties=COUNTIES) == (Delisted(cass, MAY),)


def test_a_row_that_one_reading_of_a_sheet_lacked_is_said_to_be_there() -> None:
    before, now = row(MARCH, "Cass County Sheriff's Office"), row(APRIL, "Cass County Sheriff's Office")
    listings, late = merged([{}, {now.key: now}])

    found = transitions(sheet(MARCH, before), Sheet(APRIL, listings, late=late), counties=COUNTIES)

    assert found == (Listed(now),)


@given(st.permutations([24, 25, 26, 27]))
def test_of_rows_that_claim_one_agreement_the_later_signed_stands_in_any_order(days: list[int]) -> None:
    rows = [row(MARCH, "Cass County Sheriff's Office", day) for day in days]

    listings, _ = merged([{listing.key: listing} for listing in rows])

    assert list(listings.values()) == [row(MARCH, "Cass County Sheriff's Office", 27)]


def test_sheets_of_one_day_stand_in_the_order_of_their_slots() -> None:
    day = date(2025, 9, 29)
    noon = Instant.day(day, WASHINGTON)
    assert noon.earliest
    assert noon.latest
    morning = Instant.between(noon.earliest, noon.earliest.replace(hour=11, minute=59, second=59))
    afternoon = Instant.between(noon.earliest.replace(hour=12), noon.latest)
    refs = [SheetRef("a", afternoon), SheetRef("b", noon), SheetRef("c", morning)]

    assert [ref.code for ref in sorted(refs, key=lambda ref: ref.order)] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("printed", "agency", "county"),
    [
        ("Freeborn County Sheriff's Office", "mn-freeborn-sheriff", "Freeborn"),
        ("FREEBORN  COUNTY SHERIFF\u2019S DEPARTMENT ", "mn-freeborn-sheriff", "Freeborn"),
        ("Freedom County Sheriff's Office", "mn-freedom-county-sheriffs-office", None),
        ("Isle Police Department", "mn-isle-police-department", None),
        ('Cut "N" Shoot Police Department', "mn-cut-n-shoot-police-department", None),
    ],
)
def test_a_printed_name_gives_a_guessable_id(printed: str, agency: str, county: str | None) -> None:
    assert agency_identity("MN", printed, SHERIFFS) == (agency, county)


@given(st.text(min_size=1, max_size=300))
def test_every_printed_name_gives_a_usable_id(printed: str) -> None:
    agency, _ = agency_identity("MN", printed, SHERIFFS)

    assert len(agency) <= 80
    assert set(agency) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert agency.startswith("mn-")


def test_names_too_long_for_an_id_keep_apart() -> None:
    one, two = (agency_identity("MN", "Long " * 30 + end, {})[0] for end in ("one", "two"))

    assert one != two


def test_a_model_is_known_by_its_words_whatever_the_spacing() -> None:
    assert model_of("Jail Enforcement Model ") is AgreementModel.JAIL_ENFORCEMENT
    assert model_of("Jail Model") is None


def test_the_county_of_a_printed_name_is_what_stands_before_the_word_county() -> None:
    assert county_named(" Lac  qui Parle County Sheriff's Office") == "Lac qui Parle"
    assert county_named("Isle Police Department") is None
