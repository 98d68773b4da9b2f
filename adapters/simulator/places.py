"""Who holds people, how often each is drawn, and what each says it decides by."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import accumulate
from random import Random
from typing import Any, Generic, TypeVar

from adapters.places.register import Facility, Register
from adapters.simulator import rates
from adapters.simulator.wire import start_of

ItemT = TypeVar("ItemT")

LIFT_TABLE = "data/mn_detainers_surge_by_facility_liftreason.csv"
LIFT_COLUMNS = (
    "Booked into Detention",
    "Detainer Declined by LEA",
    "No longer in State, Local, or Federal Custody",
    "NA",
    "other",
)


class Draw(Generic[ItemT]):
    """Draws items by weight."""

    def __init__(self, weighted: Sequence[tuple[ItemT, float]]) -> None:
        self.items = [item for item, _ in weighted]
        self._sums = list(accumulate(weight for _, weight in weighted))

    def from_(self, rng: Random) -> ItemT:
        """Draw one."""
        return rng.choices(self.items, cum_weights=self._sums)[0]


def written(rule: str, modality: str, basis: str = "written_policy") -> dict[str, Any]:
    """Return the fields of an event that cites one rule."""
    return {"decision_basis": basis, "cited_rules": [{"rule": rule, "modality": modality}]}


NONE_WRITTEN: dict[str, Any] = {"decision_basis": "none_written"}


@dataclass(frozen=True, slots=True)
class Policy:
    """What a custodian says it decides by, and how often it does what the form asks (shares of its cases).

    `on_notice` and `on_hold` are the fields its events carry. `server` is whose officer serves ICE's warrants
    in this jail; a deputy does so under a 287(g) agreement from the moment `server_since` on.
    """

    notifies: float = 0.8
    holds: float = 0.25
    on_notice: dict[str, Any] = field(default_factory=lambda: NONE_WRITTEN)
    on_hold: dict[str, Any] = field(default_factory=lambda: NONE_WRITTEN)
    server: str = "ice"
    server_since: int = 0


# Who decides by what [found: domain facts 2.2, 2.4 and 7.5]; how often each does what is [chosen].
HENNEPIN_FROM = start_of(date(2021, 6, 1))
HENNEPIN = written("MN-HENNEPIN-2021", "prohibition")
RAMSEY = written("MN-RAMSEY-2014", "prohibition")
NOBLES = written("MN-ESPARZA-INJ", "prohibition", "court_order")
DOC = written("MN-DOC-PRACTICE", "obligation", "none_written")

COUNTY_POLICIES = {
    "mn-hennepin-jail": Policy(notifies=0.0, holds=0.0, on_notice=HENNEPIN, on_hold=HENNEPIN),
    "mn-ramsey-jail": Policy(notifies=0.4, holds=0.0, on_hold=RAMSEY),
    "mn-nobles-jail": Policy(notifies=0.8, holds=0.0, on_hold=NOBLES),
    "mn-anoka-jail": Policy(notifies=1.0, holds=0.2),
    "mn-freeborn-jail": Policy(1.0, 0.6, server="wso_officer", server_since=start_of(date(2025, 3, 26))),
    "mn-crow-wing-jail": Policy(1.0, 0.6, server="wso_officer", server_since=start_of(date(2025, 3, 26))),
    "mn-kandiyohi-jail": Policy(1.0, 0.6, server="wso_officer", server_since=start_of(date(2025, 5, 22))),
    "mn-sherburne-jail": Policy(1.0, 0.6, server="jem_officer", server_since=start_of(date(2025, 10, 17))),
}
NO_POLICY = Policy()
DOC_POLICY = Policy(notifies=1.0, holds=1.0, on_notice=DOC, on_hold=DOC)


@dataclass(slots=True)
class Place:
    """A custodian, its constants, and how many episodes it has opened."""

    id: str
    agency: str
    source: str
    county: str
    kind: str
    policy: Policy
    opened: int = 0

    def next_episode(self, year: str) -> str:
        """Return `mn-hennepin-jail.2026-000123`."""
        self.opened += 1
        return f"{self.id}.{year}-{self.opened:06d}"

    def policy_at(self, moment: int) -> Policy:
        """Return what the place decides by: its own policy once in force, before that none written."""
        early = self.policy.on_notice is HENNEPIN and moment < HENNEPIN_FROM
        return NO_POLICY if early or moment < self.policy.server_since else self.policy


@dataclass(frozen=True, slots=True)
class DetainerKind:
    """One cell of the table of detainers: who is asked, how ICE prints them, why it lifts (None: not yet)."""

    place: Place
    printed: str
    lift: str | None


class Places:
    """Every custodian of the register, and what to draw from."""

    def __init__(self, register: Register) -> None:
        self.by_id = {facility.id: _place(facility) for facility in register.facilities}
        jails = [place for place in self.by_id.values() if place.kind == "county_jail"]
        self.jails = Draw([(place, float(rates.COUNTY_SIZE[place.county])) for place in jails])
        self.intake = Draw([(self.by_id[name], share) for name, share in rates.INTAKE])
        self.detainers = Draw(list(self._detainers(register)))

    def _detainers(self, register: Register) -> list[tuple[DetainerKind, float]]:
        found = []
        for row in lift_table():
            facility = register.by_ice_name(row["detention_facility"])
            if facility is None:
                raise LookupError(f"{LIFT_TABLE}: no facility is printed {row['detention_facility']!r}")
            for column in LIFT_COLUMNS:
                if row[column] not in {"NA", "0"}:
                    cell = DetainerKind(self.by_id[facility.id], row["detention_facility"], column)
                    found += _split(cell, float(row[column]))
        return found


def _split(cell: DetainerKind, count: float) -> list[tuple[DetainerKind, float]]:
    if cell.lift == "NA":
        return [(DetainerKind(cell.place, cell.printed, None), count)]
    if cell.lift == "other":
        return [(DetainerKind(cell.place, cell.printed, lift), count * share) for lift, share in rates.OTHER_LIFTS]
    return [(cell, count)]


def _place(facility: Facility) -> Place:
    policy = DOC_POLICY if facility.kind == "state_prison" else COUNTY_POLICIES.get(facility.id, NO_POLICY)
    source = f"synthetic:{facility.agency}"
    return Place(facility.id, facility.agency, source, facility.county, facility.kind, policy)


@cache
def lift_table() -> tuple[dict[str, str], ...]:
    """Return the rows of the packaged table."""
    text = files("adapters.simulator").joinpath(LIFT_TABLE).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
