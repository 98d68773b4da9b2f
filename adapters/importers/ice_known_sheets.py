"""Every reading of every 287(g) sheet that is known: those in the log and those of the file at hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from adapters.importers.ice_sheets import ReadSheet, printed_day
from domain.agreements import Key, Listing, Sheet, SheetRef, carried, later_signed, merged
from domain.canonical import canonical_bytes
from domain.events.instrument import RuleSourceObserved
from domain.instants import WASHINGTON, Instant
from projections.recorded import Recorded

Listings = dict[Key, Listing]


@dataclass(slots=True)
class Printing:
    """One reading of one sheet, identified by the digest of its rows."""

    digest: str
    ref: SheetRef
    national: bool
    states: dict[str, Listings] = field(default_factory=dict)
    gaps: set[str] = field(default_factory=set)

    def covers(self, state: str) -> bool:
        """Say whether the sheet would list the state's agreements if there were any."""
        return self.ref.published.latest is not None and (self.national or state in self.states)

    def complete(self, state: str) -> bool:
        """Say whether every row of the state could be read."""
        return not self.gaps & {state, "*"}

    def put(self, state: str, listing: Listing) -> None:
        """Add a row; of two rows for one agreement the later signed stands."""
        listings = self.states.setdefault(state, {})
        listings[listing.key] = later_signed(listings.get(listing.key), listing)


def printing_of(sheet: ReadSheet) -> Printing:
    """Return a sheet just read as a printing."""
    rows = [[state, _printed_cells(row.cells)] for state in sorted(sheet.rows) for row in sheet.rows[state]]
    said = canonical_bytes({"file": sheet.file, "gaps": sorted(sheet.gaps), "rows": rows})
    digest = sha256(said).hexdigest()
    printing = Printing(digest, sheet.ref, sheet.national, gaps=set(sheet.gaps))
    for state in sheet.gaps - {"*"}:
        printing.states.setdefault(state, {})
    for state, printed in sheet.rows.items():
        for row in printed:
            printing.put(state, row.listing)
    return printing


class KnownSheets:
    """Printings by sheet code; `chain` gives a state's sheets in the order of publication."""

    def __init__(self) -> None:
        self._printings: dict[str, dict[str, Printing]] = {}

    @classmethod
    def read(cls, history: Iterable[Recorded], states: frozenset[str] | None) -> KnownSheets:
        """Read the log's sheets of the given states; None reads every state's."""
        known = cls()
        for event in history:
            data = event.data
            if not isinstance(data, RuleSourceObserved):
                continue
            wanted = states is None or data.state in states
            if wanted or data.national:
                known._observe(data, keep=wanted)
        return known

    def _observe(self, data: RuleSourceObserved, *, keep: bool) -> None:
        printings = self._printings.setdefault(data.sheet, {})
        ref = SheetRef(data.sheet, data.published)
        printing = printings.setdefault(data.printing, Printing(data.printing, ref, data.national))
        if "rows_unplaced" in data.flags:
            printing.gaps.add("*")
        if not keep:
            return
        if "rows_refused" in data.flags:
            printing.gaps.add(data.state)
        printing.states.setdefault(data.state, {})
        for listing in _listings(data, ref):
            printing.put(data.state, listing)

    def add(self, code: str, printing: Printing) -> None:
        """Add the printing of a sheet at hand."""
        self._printings.setdefault(code, {})[printing.digest] = printing

    def states(self) -> list[str]:
        """Return every state that any sheet lists."""
        printings = (printing for known in self._printings.values() for printing in known.values())
        return sorted({state for printing in printings for state in printing.states})

    def chain(self, state: str) -> list[Sheet]:
        """Return the state's sheets in the order of publication, incomplete ones with the rows they carry."""
        sheets = (self._sheet(state, known.values()) for known in self._printings.values())
        return carried(sheet for sheet in sheets if sheet is not None)

    @staticmethod
    def _sheet(state: str, known: Iterable[Printing]) -> Sheet | None:
        printings = sorted((p for p in known if p.covers(state)), key=lambda printing: printing.digest)
        if not printings:
            return None
        listings, late = merged(printing.states.get(state, {}) for printing in printings)
        complete = any(printing.complete(state) for printing in printings)
        return Sheet(printings[0].ref, listings, complete, late)


def _listings(data: RuleSourceObserved, ref: SheetRef) -> Iterable[Listing]:
    for row in data.rows:
        signed = Instant.day(printed_day(row.signed_as_printed or ""), WASHINGTON)
        yield Listing(row.agency, row.model, row.county, row.agency_as_printed, signed, ref)


def _printed_cells(cells: dict[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in cells.items() if text is not None}
