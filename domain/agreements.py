"""What two published 287(g) sheets, one after the other, say happened to a state's agreements in between.

ICE publishes lists, not events. A row that is there and was not is a listing; a row that is gone ended, if
it did, somewhere between the two sheets; the same row with another signing date or another printed name was
corrected. Everything here is pure: the caller brings the sheets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from domain.events.instrument import AgreementModel
from domain.instants import Instant

NAMES_ITS_COUNTY = re.compile(r"\s*(.+?)\s+county\b", re.IGNORECASE)
SHERIFF = re.compile(r"(.+?) county sheriff.?s (office|department)", re.IGNORECASE)
APOSTROPHES = re.compile("['\u2019\u2018`.]")
NO_SLUG = re.compile(r"[^a-z0-9]+")
SLUG_MAX = 80

NOT_A_COUNTY = "not_a_county"
POSSIBLE_CORRECTION = "possible_correction"

MODELS = {
    "warrant service officer": AgreementModel.WARRANT_SERVICE_OFFICER,
    "jail enforcement model": AgreementModel.JAIL_ENFORCEMENT,
    "task force model": AgreementModel.TASK_FORCE,
    "tribal task force model": AgreementModel.TRIBAL_TASK_FORCE,
}

Key = tuple[str, AgreementModel]


@dataclass(frozen=True, slots=True)
class SheetRef:
    """A published sheet: its code (`2025-07-09pm`) and when it was public."""

    code: str
    published: Instant

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        """Order sheets; only those with a known publication have a place."""
        return publication_order(self.code, self.published)


def publication_order(code: str, published: Instant) -> tuple[datetime, datetime, str]:
    """Order by the middle of the bounds: morning, whole day, afternoon; a capture by its own moment.

    Raise ValueError for a publication without both bounds.
    """
    if published.earliest is None or published.latest is None:
        raise ValueError(f"sheet {code!r} has no known publication to order it by")
    width: timedelta = published.latest - published.earliest
    return published.earliest + width / 2, published.latest, code


@dataclass(frozen=True, slots=True)
class Listing:
    """One agreement as one sheet printed it. `county` only where the agency is a sheriff of the register."""

    agency: str
    model: AgreementModel
    county: str | None
    as_printed: str
    signed: Instant
    sheet: SheetRef

    @property
    def key(self) -> Key:
        """Return the identity of the agreement."""
        return self.agency, self.model


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet lists for one state.

    `complete` is false if rows could not be read: what it does not list may be there all the same.
    `late` are rows that one reading of the sheet held and another did not; their presence is worth saying,
    because an end may have been told on the strength of the shorter reading.
    """

    ref: SheetRef
    listings: Mapping[Key, Listing]
    complete: bool = True
    late: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class Listed:
    """The agreement is on the sheet and was not before. `note` is a reason to look at it."""

    listing: Listing
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Delisted:
    """The agreement was on `listing.sheet` and is not on `absent_from`."""

    listing: Listing
    absent_from: SheetRef
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Corrected:
    """ICE printed another name or signing date; `basis` where the name was read as another agency's."""

    field: str
    before: Listing
    after: Listing
    basis: str | None = None


Transition = Listed | Delisted | Corrected


def transitions(before: Sheet | None, after: Sheet, *, counties: frozenset[str] | None) -> tuple[Transition, ...]:
    """Say what changed from one sheet of a state to the next.

    `counties` are the state's counties, casefolded, or None where we do not know them; without them no
    printed name is ever taken for a misprint of another.
    """
    old = before.listings if before else {}
    appeared = [after.listings[key] for key in sorted(after.listings.keys() - old.keys())]
    vanished = [old[key] for key in sorted(old.keys() - after.listings.keys())] if after.complete else []
    both = sorted(old.keys() & after.listings.keys())
    found: list[Transition] = []
    renamed: set[Key] = set()
    for listing in vanished:
        heir = _only_heir(listing, vanished, appeared)
        if heir and _is_misprint(listing, heir, counties):
            found.append(Corrected("as_printed", listing, heir, NOT_A_COUNTY))
            renamed |= {listing.key, heir.key}
    found += [_delisted(gone, after.ref, vanished, appeared) for gone in vanished if gone.key not in renamed]
    found += [_listed(new, vanished, appeared) for new in appeared if new.key not in renamed]
    for key in both:
        found += corrections(old[key], after.listings[key])
        if key in after.late:
            found.append(Listed(after.listings[key]))
    return tuple(found)


def corrections(before: Listing, after: Listing) -> list[Transition]:
    """Return what ICE corrected of one agreement; spacing alone is no correction."""
    if before.sheet == after.sheet:
        return []
    found: list[Transition] = []
    if same_words(before.as_printed) != same_words(after.as_printed):
        found.append(Corrected("as_printed", before, after))
    if before.signed != after.signed:
        found.append(Corrected("signed", before, after))
    return found


def _only_heir(gone: Listing, vanished: list[Listing], appeared: list[Listing]) -> Listing | None:
    """Return the one new row of the same model and signing date, if the choice is clear on both sides."""

    def alike(listing: Listing) -> bool:
        return listing.model is gone.model and listing.signed == gone.signed

    heirs = [listing for listing in appeared if alike(listing)]
    return heirs[0] if len(heirs) == 1 and sum(map(alike, vanished)) == 1 else None


def _is_misprint(gone: Listing, heir: Listing, counties: frozenset[str] | None) -> bool:
    named = county_named(gone.as_printed)
    if counties is None or named is None or heir.county is None:
        return False
    return named.casefold() not in counties


def _delisted(gone: Listing, by: SheetRef, vanished: list[Listing], appeared: list[Listing]) -> Delisted:
    return Delisted(gone, by, POSSIBLE_CORRECTION if _only_heir(gone, vanished, appeared) else None)


def _listed(new: Listing, vanished: list[Listing], appeared: list[Listing]) -> Listed:
    heirs = (_only_heir(gone, vanished, appeared) for gone in vanished)
    return Listed(new, POSSIBLE_CORRECTION if any(heir is new for heir in heirs) else None)


def merged(printings: Iterable[Mapping[Key, Listing]]) -> tuple[dict[Key, Listing], frozenset[Key]]:
    """Unite several readings of one sheet; return the rows and those that not every reading holds.

    A row printed is a fact, a row missing is not. Where two rows claim one agreement the later signing
    date stands for the sheet, whatever order they came in.
    """
    readings = list(printings)
    united: dict[Key, Listing] = {}
    for reading in readings:
        for key, listing in reading.items():
            united[key] = later_signed(united.get(key), listing)
    return united, frozenset(key for key in united if not all(key in reading for reading in readings))


def later_signed(first: Listing | None, second: Listing) -> Listing:
    """Return which of two rows for one agreement on one sheet stands for it."""
    if first is None:
        return second
    return max(first, second, key=lambda listing: (listing.signed.sort_key, listing.as_printed))


def carried(sheets: Iterable[Sheet]) -> list[Sheet]:
    """Order a state's sheets and let incomplete ones keep the rows of the sheet before.

    A row that is carried still names the sheet that printed it, so an end found later starts there.
    """
    chain: list[Sheet] = []
    for sheet in sorted(sheets, key=lambda sheet: sheet.ref.order):
        if chain and not sheet.complete:
            chain.append(replace(sheet, listings={**chain[-1].listings, **sheet.listings}))
        else:
            chain.append(sheet)
    return chain


def same_words(printed: str) -> str:
    """Return a printed name with its spacing evened out: what two printings are compared by."""
    return " ".join(printed.split())


def county_named(printed: str) -> str | None:
    """Return the county a printed name starts with: `Freedom` of `Freedom County Sheriff's Office`."""
    found = NAMES_ITS_COUNTY.match(printed)
    return same_words(found[1]) if found else None


def model_of(printed: str) -> AgreementModel | None:
    """Return the model of a printed support type, or None if ICE prints one we do not know."""
    return MODELS.get(same_words(printed).casefold())


def agency_identity(state: str, printed: str, sheriffs: Mapping[str, tuple[str, str]]) -> tuple[str, str | None]:
    """Return the agency id of a printed name, and its county if it is one of `sheriffs`.

    `sheriffs` maps a county, casefolded, to (agency id, county name) for the state. Every other name
    becomes a slug: `mn-isle-police-department`; one too long for an id ends in a digest of the whole.
    """
    sheriff = SHERIFF.fullmatch(same_words(printed))
    if sheriff and sheriff[1].casefold() in sheriffs:
        return sheriffs[sheriff[1].casefold()]
    name = NO_SLUG.sub("-", APOSTROPHES.sub("", printed.casefold())).strip("-")
    slug = f"{state.lower()}-{name}"
    if len(slug) > SLUG_MAX or not name:
        digest = sha256(same_words(printed).encode()).hexdigest()[:10]
        slug = f"{slug[: SLUG_MAX - 11].rstrip('-')}-{digest}"
    return slug, None
