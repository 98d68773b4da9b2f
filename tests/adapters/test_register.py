"""The register of places: complete, unique, and knowing the names ICE prints."""

from __future__ import annotations

import re

import pytest

from adapters.places.register import minnesota_register
from domain.errors import InputRefused

REGISTER = minnesota_register()


def test_there_is_one_jail_a_county_and_eleven_state_prisons() -> None:
    kinds = [facility.kind for facility in REGISTER.facilities]

    assert (87, 11) == (kinds.count("county_jail"), kinds.count("state_prison"))
    assert 87 == len({f.county for f in REGISTER.facilities if f.kind == "county_jail"})


def test_ids_are_unique_lower_case_slugs() -> None:
    ids = [facility.id for facility in REGISTER.facilities]

    assert len(ids) == len(set(ids))
    assert [] == [one for one in ids if not re.fullmatch(r"(mn|us)(-[a-z]+)+", one)]


@pytest.mark.parametrize(
    ("printed", "facility"),
    [
        ("STERNS CO. JAIL", "mn-stearns-jail"),
        ("STEARNS COUNTY SHERIFF/JAIL", "mn-stearns-jail"),
        ("RAMSEY ADC ANNEX, SPM", "mn-ramsey-jail"),
        ("raadcmn", "mn-ramsey-jail"),
        ("MINN.C.F.,ST.CLOUD", "mn-doc-st-cloud"),
        ("Minn. C.F., St. Cloud", "mn-doc-st-cloud"),
        ("us marshals,  minnesota ", "us-usms-minnesota"),
        ("PRAIRIE CORRECT. FACILITY", "mn-prairie-private-prison"),
    ],
)
def test_the_names_ice_prints_lead_to_their_place(printed: str, facility: str) -> None:
    found = REGISTER.by_ice_name(printed)

    assert found is not None
    assert facility == found.id


def test_a_name_ice_never_printed_is_not_guessed() -> None:
    assert REGISTER.by_ice_name("STEARNS") is None
    with pytest.raises(InputRefused):
        REGISTER.facility("mn-stearns")
