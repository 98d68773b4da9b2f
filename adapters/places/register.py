"""The facility register: stable, guessable ids, who runs each place, and ICE's names for it.

`data/facilities.csv` holds one county jail for each of Minnesota's 87 counties (about 76 of them run a jail
or lockup; which do not is not recorded here), the 11 state prisons, and the other custodians that ICE's
detainer table names. Its README gives the sources.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from domain.errors import InputRefused


@dataclass(frozen=True, slots=True)
class Facility:
    """A place that holds people, or a custodian without a place of its own (US Marshals)."""

    id: str
    name: str
    kind: str
    agency: str
    agency_name: str
    county: str
    county_fips: str
    ice_names: tuple[str, ...]
    note: str

    def as_json(self) -> dict[str, str]:
        """Return the wire form."""
        return {name: getattr(self, name) for name in ("id", "name", "kind", "agency", "county")}


class Register:
    """Facilities by id, by county and by the names ICE prints."""

    def __init__(self, facilities: tuple[Facility, ...]) -> None:
        self.facilities = facilities
        self.by_id = {facility.id: facility for facility in facilities}
        self._by_ice_name = {ice_name_key(name): f for f in facilities for name in f.ice_names}
        self.sheriffs = {f.agency: f for f in facilities if f.kind == "county_jail"}
        self.counties = {f.county.casefold(): f.county for f in facilities if f.kind == "county_jail"}

    def facility(self, facility_id: str) -> Facility:
        """Return one facility; raise InputRefused(unknown_facility) with near names."""
        found = self.by_id.get(facility_id)
        if found is None:
            raise unknown_facility(facility_id, self.by_id)
        return found

    def by_ice_name(self, printed: str) -> Facility | None:
        """Return the facility ICE means by a printed name or code, whatever its case, spacing and punctuation."""
        return self._by_ice_name.get(ice_name_key(printed))


def name_key(printed: str) -> str:
    """Compare printed names without case and repeated spaces."""
    return " ".join(printed.casefold().split())


def ice_name_key(printed: str) -> str:
    """Compare ICE's names by letters and digits alone: it prints `MINN.C.F.,ST.CLOUD` and `MINN. C.F., FARIBAULT`."""
    return "".join(filter(str.isalnum, printed.casefold()))


def unknown_facility(facility_id: str, known: dict[str, Facility]) -> InputRefused:
    """Build the error for an id that is not in the register, with up to three near ones."""
    from difflib import get_close_matches

    near = get_close_matches(facility_id, known, n=3)
    mend = f"did you mean {', '.join(near)}?" if near else "`custody facilities` lists every id"
    return InputRefused("unknown_facility", f"there is no facility {facility_id[:80]!r}", mend=mend)


@cache
def minnesota_register() -> Register:
    """Load the register that ships with the package."""
    text = files("adapters.places").joinpath("data/facilities.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return Register(tuple(_facility(row) for row in rows))


def _facility(row: dict[str, str]) -> Facility:
    names = tuple(name for name in row["ice_names"].split("|") if name)
    return Facility(**{**row, "ice_names": names})  # type: ignore[arg-type]
