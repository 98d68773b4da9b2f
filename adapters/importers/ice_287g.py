"""287(g) sheets into the log: each sheet as evidence, and what it changes against its neighbours in time.

For every sheet and state, in the order of publication, come the sheet's rows (`rule.source_observed`) and
the agreements that are listed, corrected or gone against the sheet known before it. A sheet that falls
between two sheets of the log is compared with both. Ids come from what an event says, so importing again
proposes the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from adapters.batches import shared_out
from adapters.importers.ice_known_sheets import KnownSheets, printing_of
from adapters.importers.ice_sheets import PrintedRow, ReadFile, ReadSheet, Sheriffs, read_sheets, refused_rows
from adapters.importers.port import Flag, ImportContext, RowOutcome
from adapters.places.register import Register
from domain.agreements import Corrected, Delisted, Listed, Listing, Transition, transitions
from domain.canonical import canonical_bytes
from domain.envelope import compose
from domain.events.fields import EventData
from domain.events.instrument import (
    SHEET_PART_ROWS_MAX,
    AgreementCorrected,
    AgreementDelisted,
    AgreementListed,
    RuleSourceObserved,
)
from domain.identifiers import derived_uuid7
from domain.instants import Instant

SOURCE = "agency:us-ice"
VIA = "import/ice-287g"
PART_BYTES_MAX = 50_000
MINNESOTA_STATE = "MN"

FLAG_WORDS = {
    "filename_year_a_year_early": "the file name gives a year too early; the table's own date is used",
    "invalid_filename_date": "the file name gives no possible date: kept as evidence, compared with nothing",
    "rows_refused": "some rows could not be read, so no agreement ends by its absence here",
    "rows_unplaced": "a row could not be placed in a state, so no agreement ends by its absence here",
}


class Ice287gImporter:
    """Reads ICE's national sheets and the table of Minnesota observations (`docs/importers/ice-287g.md`)."""

    kind = "ice-287g"

    def propose(self, path: Path, context: ImportContext) -> Iterator[RowOutcome]:
        """Yield refused rows first, then one outcome per sheet and state in the order of publication.

        Holds the file and the known sheets of its states in memory. Raise InputRefused for a file that is
        neither form, or a national sheet whose name gives no date.
        """
        found = read_sheets(path, sheriffs_of(context.register))
        known = KnownSheets.read(context.history(RuleSourceObserved.TYPE), _states(found))
        for sheet in found.sheets.values():
            known.add(sheet.ref.code, printing_of(sheet))
        for refusal in refused_rows(found):
            yield RowOutcome(refusal.row, refusals=(refusal,))
        changes = _changes(found, known, frozenset(context.register.counties))
        for sheet in sorted(found.sheets.values(), key=_publication):
            yield from _sheet_outcomes(sheet, found, changes)


def sheriffs_of(register: Register) -> Sheriffs:
    """Return county, casefolded -> (agency id, county) of the register's sheriffs."""
    return {place.county.casefold(): (agency, place.county) for agency, place in register.sheriffs.items()}


def _states(found: ReadFile) -> frozenset[str] | None:
    """Return the states a file speaks about; None is every state."""
    if any(sheet.national for sheet in found.sheets.values()):
        return None
    return frozenset(state for sheet in found.sheets.values() for state in sheet.rows.keys() | sheet.gaps)


def _publication(sheet: ReadSheet) -> tuple[bool, Any]:
    if sheet.ref.published.latest is None:
        return False, sheet.ref.code
    return True, sheet.ref.order


Changes = dict[tuple[str, str], list[Transition]]


def _changes(found: ReadFile, known: KnownSheets, counties: frozenset[str]) -> Changes:
    """Return (sheet code, state) -> what to tell beside the sheet's own rows."""
    changes: Changes = {}
    for state in known.states():
        for code, transition in _state_changes(state, found, known, counties):
            changes.setdefault((code, state), []).append(transition)
    return changes


def _state_changes(
    state: str, found: ReadFile, known: KnownSheets, counties: frozenset[str]
) -> Iterator[tuple[str, Transition]]:
    """Compare each of the file's sheets with its neighbours, and on past sheets that carry its rows."""
    before = None
    told_by: str | None = None
    for sheet in known.chain(state):
        own = sheet.ref.code in found.sheets
        if own or told_by:
            owner = sheet.ref.code if own else told_by
            spoken = counties if state == MINNESOTA_STATE else None
            for transition in transitions(before, sheet, counties=spoken):
                yield owner or sheet.ref.code, transition
        if own:
            told_by = sheet.ref.code
        elif sheet.complete:
            told_by = None
        before = sheet


def _sheet_outcomes(sheet: ReadSheet, found: ReadFile, changes: Changes) -> Iterator[RowOutcome]:
    code = sheet.ref.code
    printing = printing_of(sheet).digest
    last = max((row.number for rows in sheet.rows.values() for row in rows), default=0)
    states = sheet.rows.keys() | (sheet.gaps - {"*"}) | {state for seen, state in changes if seen == code}
    for state in sorted(states):
        rows = sheet.rows.get(state, [])
        told = changes.get((code, state), [])
        row = rows[-1].number if rows else last
        bodies = [*_evidence(sheet, state, rows, printing), *(_agreement(state, change) for change in told)]
        flags = (*_sheet_flags(sheet, state, row), *_change_flags(row, told), *_row_flags(found, rows))
        yield RowOutcome(row, tuple(bodies), flags=flags, rows=len(rows))


def _evidence(sheet: ReadSheet, state: str, rows: list[PrintedRow], printing: str) -> Iterator[bytes]:
    if not rows and state not in sheet.gaps:
        return
    parts = list(_parts(rows)) or [[]]
    for number, part in enumerate(parts, 1):
        data = {
            "sheet": sheet.ref.code,
            "file": sheet.file,
            "published": sheet.ref.published.as_json(),
            "state": state,
            "national": sheet.national,
            "printing": printing,
            "part": number,
            "parts": len(parts),
            "rows": part,
            "flags": list(evidence_flags(sheet, state)),
        }
        stream = f"ice-287g.{sheet.ref.code}.{state}"
        yield _event(RuleSourceObserved, stream, sheet.ref.published, sheet.ref.published, data)


def evidence_flags(sheet: ReadSheet, state: str) -> tuple[str, ...]:
    """Return a sheet's flags for one state: its file name's, and what of it could not be read."""
    refused = ("rows_refused",) if state in sheet.gaps else ()
    return (*sheet.flags, *refused, *(("rows_unplaced",) if "*" in sheet.gaps else ()))


def _parts(rows: list[PrintedRow]) -> Iterator[list[dict[str, str]]]:
    """Cut rows so that each event stays under the cap of an envelope."""
    every = ({name: text for name, text in row.cells.items() if text is not None} for row in rows)
    return shared_out(
        every, lambda cells: len(canonical_bytes(cells)), size_max=PART_BYTES_MAX, count_max=SHEET_PART_ROWS_MAX
    )


def _agreement(state: str, change: Transition) -> bytes:
    if isinstance(change, Listed):
        return _listed(state, change.listing)
    if isinstance(change, Delisted):
        return _delisted(state, change)
    return _corrected(state, change)


def _listed(state: str, listing: Listing) -> bytes:
    published = listing.sheet.published
    data = {
        **_identity(state, listing),
        **_printing("", listing),
        "sheet": listing.sheet.code,
        "published": published.as_json(),
    }
    return _event(AgreementListed, _stream(listing), published, published, data)


def _delisted(state: str, change: Delisted) -> bytes:
    listing, sheet = change.listing, change.absent_from
    ended = Instant.between(listing.sheet.published.earliest, sheet.published.latest)
    data = {
        **_identity(state, listing),
        **_printing("", listing),
        "last_sheet": listing.sheet.code,
        "last_published": listing.sheet.published.as_json(),
        "sheet": sheet.code,
        "published": sheet.published.as_json(),
        "ended": ended.as_json(),
    }
    return _event(AgreementDelisted, _stream(listing), ended, sheet.published, data)


def _corrected(state: str, change: Corrected) -> bytes:
    before, after = change.before, change.after
    texts = {listing: _field_text(change.field, listing) for listing in (before, after)}
    data = {
        **_identity(state, after),
        **_printing("", after),
        **_printing("before_", before),
        "field": change.field,
        "before": texts[before],
        "after": texts[after],
        "before_agency": before.agency if before.agency != after.agency else None,
        "basis": change.basis,
        "before_sheet": before.sheet.code,
        "before_published": before.sheet.published.as_json(),
        "sheet": after.sheet.code,
        "published": after.sheet.published.as_json(),
    }
    when = Instant.between(before.sheet.published.earliest, after.sheet.published.latest)
    return _event(AgreementCorrected, _stream(after), when, after.sheet.published, data)


def _field_text(field: str, listing: Listing) -> str:
    if field == "signed" and listing.signed.earliest:
        return listing.signed.earliest.date().isoformat()
    return listing.as_printed


def _identity(state: str, listing: Listing) -> dict[str, str | None]:
    return {"agency": listing.agency, "model": listing.model.value, "state": state, "county": listing.county}


def _printing(prefix: str, listing: Listing) -> dict[str, Any]:
    return {f"{prefix}as_printed": listing.as_printed, f"{prefix}signed": listing.signed.as_json()}


def _stream(listing: Listing) -> str:
    return f"{listing.agency}.{listing.model.value}"


def _event(cls: type[EventData], stream: str, occurred: Instant, recorded: Instant, data: dict[str, Any]) -> bytes:
    said = canonical_bytes({name: value for name, value in data.items() if value is not None})
    return compose(
        cls,
        event_id=derived_uuid7(recorded.earliest, VIA, cls.TYPE, stream, said.decode()),
        source=SOURCE,
        stream=stream,
        occurred=occurred,
        recorded=recorded,
        data=data,
        via=VIA,
    )


def _sheet_flags(sheet: ReadSheet, state: str, row: int) -> Iterator[Flag]:
    for code in evidence_flags(sheet, state):
        yield Flag(row, code, f"{sheet.file}: {FLAG_WORDS.get(code, 'the source marks this sheet')}")


def _change_flags(row: int, told: Iterable[Transition]) -> Iterator[Flag]:
    for change in told:
        if isinstance(change, Corrected) and change.basis:
            what = (
                f"{change.before.as_printed!r} is read as a misprint of {change.after.as_printed!r}: "
                "it names no county of the state, and model and signing date are the same"
            )
            yield Flag(row, "name_correction_inferred", what)
        elif isinstance(change, Delisted) and change.note:
            what = f"{change.listing.as_printed!r} is gone and one row of the same model and date appeared"
            yield Flag(row, change.note, what)


def _row_flags(found: ReadFile, rows: list[PrintedRow]) -> Iterator[Flag]:
    numbers = {row.number for row in rows}
    return (flag for flag in found.flags if flag.row in numbers)
