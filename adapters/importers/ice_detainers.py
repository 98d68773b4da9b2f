"""ICE's FOIA detainer table: a row becomes `detainer.prepared` and, given a lift reason, `detainer.lifted`.

    2026-02-11,"MINN.C.F.,ST.CLOUD",Detainer Declined by LEA,I247A - ... (as of May 2025),...,EID DTA ID
      -> detainer.prepared  time = 2026-02-11 (day)          source agency:us-ice, via import/ice-detainers
      -> detainer.lifted    time = from 2026-02-11 on, open  lift_code A, asserted_by us-ice

Everything here is ICE's word: "Detainer Declined by LEA" says nothing about what the jail did. The table has
no lift date, so the lift lies somewhere after the preparation. Birth date and year, gender, citizenship,
birth country and alien file number are dropped where the row enters: they go into no event and no digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters.importers.bodies import proposed_body, usable_id
from adapters.importers.port import Flag, ImportContext, Refusal, RowOutcome
from adapters.importers.printed_times import EXCEL, EXCEL_DAY, ISO, UnreadableTimeError, read_printed_time
from adapters.importers.tables import TableRow, read_table
from adapters.importers.us_states import state_code
from adapters.places.register import Facility, Register, ice_name_key
from domain.canonical import canonical_bytes
from domain.events.agency import ICE
from domain.events.detainer import (
    LIFT_REASONS,
    DetainerData,
    DetainerForm,
    DetainerLifted,
    DetainerPrepared,
    LiftCode,
    ProbableCause,
    lift_reason_key,
)
from domain.instants import MINNESOTA, Instant

PERSONAL = ("gender", "citizenship_country", "birth_country", "birth_date", "birth_year", "alien_file_number")

SOURCE = f"agency:{ICE}"
VIA = "import/ice-detainers"
REQUIRED = ("detainer_prepare_date", "detainer_facility")
# The columns read here, by the names of ICE's release of March 2026, and those of other releases and of the tables that
# the Deportation Data Project makes of them.
KNOWN = {
    "detainer_prepare_date": ("detainer_prepared_date",),
    "detainer_facility": ("detention_facility",),
    "detainer_facility_code": ("detention_facility_code",),
    "facility_state": ("state",),
    "detainer_criminality": ("detainer_prepared_criminality",),
    "order_to_show_cause_served_yes_no": ("order_show_cause_served_yes_no",),
    "anonymized_identifier": ("unique_identifier", "anonymized_unique_identifier"),
    **dict.fromkeys(
        (
            "eid_dta_id",
            "detainer_type",
            "detainer_lift_reason",
            "detainer_lift_reason_code",
            "deportation_ordered_yes_no",
            "final_order_yes_no",
            "biometric_match_yes_no",
            "statements_made_yes_no",
            "resume_custody_yes_no",
            "notify_release_request_yes_no",
            "arrest_warrant_served_date",
            *PERSONAL,
        ),
        (),
    ),
}
FORMATS = (
    ISO,
    "%m/%d/%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%y",
    "%d-%b-%y",
    "%d-%b-%Y",
    "%Y/%m/%d",
    "%B %d, %Y",
    "%b %d, %Y",
    EXCEL,
)
# What programs write where a column of dates became one of times: still the day, never its first second.
MIDNIGHT = re.compile(r"[T ](0?0:00(:00(\.0+)?)?|12:00(:00)? AM)( ?UTC|Z|\+00:?00)?$", re.IGNORECASE)

REDACTED = re.compile(r"\(?b\)?\s*\(\s*\d+\s*\).*", re.IGNORECASE)
FORM = re.compile(r"I-?247([ADGNX]?)\b", re.IGNORECASE)
REVISION = re.compile(r"\((as of [^)]+)\)", re.IGNORECASE)
BASES = (
    ("deportation_ordered_yes_no", ProbableCause.FINAL_ORDER),
    ("final_order_yes_no", ProbableCause.FINAL_ORDER),
    ("order_to_show_cause_served_yes_no", ProbableCause.PENDING_PROCEEDINGS),
    ("biometric_match_yes_no", ProbableCause.BIOMETRIC_MATCH),
    ("statements_made_yes_no", ProbableCause.STATEMENTS),
)
MISSING = {"(blank)", "na", "n/a", "#n/a", "<na>", "null", "nan", "nat", "none"}
HOME_STATE = "MN"
YES_NO = {"yes": True, "y": True, "no": False, "n": False}

# A code only where the printed words are the definition of it (NIEM 6.0; A is ICE's own and newer).
CODE_OF_REASON = {lift_reason_key(words): code for words, code in LIFT_REASONS}


class IceDetainersImporter:
    """Reads the table as published, raw or snake_case column names, CSV or workbook."""

    kind = "ice-detainers"

    def propose(self, path: Path, context: ImportContext) -> Iterator[RowOutcome]:
        """Yield one outcome per row; raise InputRefused as `read_table` does."""
        rows = read_table(path, required=REQUIRED, known=KNOWN)
        seen = SeenRows()
        return (_outcome(row, context.register, seen) for row in rows)


class SeenRows:
    """What was seen in this file, as digests: constant bytes a row, no cell is kept."""

    def __init__(self) -> None:
        self._content_of: dict[bytes, bytes] = {}
        self._times: dict[bytes, int] = {}

    def identified(self, identifier: str, content: bytes) -> str | None:
        """Note what a row that has an identifier says; return the flag code if the identifier had come before."""
        first = self._content_of.setdefault(_digest(identifier.encode()), content)
        if first is not content:
            return "repeated_row" if first == content else "identifier_reused"
        return None

    def ordinal(self, known_by: bytes) -> int:
        """Count the rows without identifier that are known by the same, from 1."""
        self._times[known_by] = self._times.get(known_by, 0) + 1
        return self._times[known_by]


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()[:12]


def _outcome(row: TableRow, register: Register, seen: SeenRows) -> RowOutcome:
    if row.problem:
        return RowOutcome(row.number, refusals=(row.problem,))
    return Reading(row, seen).outcome(register)


class Reading:
    """One row while it is read: its cells without blanks and redactions, and the flags it earns."""

    def __init__(self, row: TableRow, seen: SeenRows) -> None:
        self.number = row.number
        self.cells = {name: cell for name, cell in row.cells.items() if cell and not is_missing(cell)}
        for name in PERSONAL:
            self.cells.pop(name, None)
        self.flags: list[Flag] = []
        self._seen = seen

    def outcome(self, register: Register) -> RowOutcome:
        """Return the events of the row, or why there are none."""
        prepared_at = self._prepared_at()
        facility = self._facility(register)
        if isinstance(prepared_at, Refusal) or isinstance(facility, Refusal):
            refusals = tuple(one for one in (prepared_at, facility) if isinstance(one, Refusal))
            return RowOutcome(self.number, refusals=refusals)
        record = self.cells.get("eid_dta_id")
        common = {"facility": facility.id if facility else None, "subject": self._subject(), "record_id": record}
        prepared, lifted = {**common, **self._prepared()}, self._lifted()
        detainer = self._detainer_id(prepared_at, prepared, lifted)
        bodies = [_body(DetainerPrepared, detainer, prepared_at, prepared)]
        if lifted:
            after = Instant.between(prepared_at.earliest, None)
            bodies.append(_body(DetainerLifted, detainer, after, {**common, **lifted}))
        return RowOutcome(self.number, tuple(bodies), flags=tuple(self.flags))

    def _flag(self, code: str, what: str) -> None:
        self.flags.append(Flag(self.number, code, what))

    def _prepared_at(self) -> Instant | Refusal:
        field = "detainer_prepare_date"
        printed = self.cells.get(field)
        if printed is None:
            return Refusal(self.number, field, "blank_date", "without it the detainer cannot be placed in time")
        try:
            prepared_at = _read_date(printed)
        except UnreadableTimeError as error:
            return Refusal(self.number, field, error.code, error.reason)
        if EXCEL_DAY.fullmatch(printed.strip()):
            self._flag("serial_date", f"{printed.strip()} was read as the number that Excel has for a day")
        return prepared_at

    def _facility(self, register: Register) -> Facility | Refusal | None:
        """Return the custodian; None where it is in the register's state, under a name that no place there has.

        Other states have a WASHINGTON COUNTY JAIL too: there a name says nothing, and only a code does.
        """
        name, code = self.cells.get("detainer_facility", ""), self.cells.get("detainer_facility_code", "")
        state = self.cells.get("facility_state", "")
        is_elsewhere = state_code(state) not in (None, HOME_STATE)
        by_name, by_code = None if is_elsewhere else register.by_ice_name(name), register.by_ice_name(code)
        if by_name and by_code and by_name is not by_code:
            self._flag("facility_code_disagrees", f"{name[:80]!r} is {by_name.id}, {code[:20]!r} is {by_code.id}")
        if by_code and is_elsewhere:
            self._flag("facility_state_disagrees", f"{code[:20]!r} is {by_code.id}, Facility State is {state[:40]!r}")
        if by_name or by_code:
            return by_name or by_code
        where = f"{name[:80]!r} (code {code[:20]!r})"
        if is_elsewhere:
            reason = f"{where} is in {state[:40]}, and the facility register has Minnesota's custodians"
            return Refusal(self.number, "detainer_facility", "other_state", reason)
        if state_code(state) == HOME_STATE:
            self._flag("facility_not_placed", f"{where} is in no register; recorded as printed")
            return None
        reason = (
            f"ICE's facility {where} is not in the facility register; "
            "to mend it: check the spelling, or add the name to the facility's ice_names"
        )
        return Refusal(self.number, "detainer_facility", "unknown_facility", reason)

    def _detainer_id(self, prepared_at: Instant, prepared: dict[str, Any], lifted: dict[str, Any] | None) -> str:
        identifier = self.cells.get("eid_dta_id")
        if identifier is None:
            known_by = _digest(canonical_bytes([prepared_at.as_json(), *self._known_by(prepared)]))
            ordinal = self._seen.ordinal(known_by)
            self._flag("no_identifier", f"no EID DTA ID: known by its content, number {ordinal} of such rows")
            return f"ice-row-{known_by.hex()}-{ordinal}"
        said = _digest(canonical_bytes([prepared_at.as_json(), prepared, lifted]))
        code = self._seen.identified(identifier, said)
        if code == "repeated_row":
            self._flag(code, "a row that says the same came before in this file; it is recorded once")
        elif code:
            self._flag(code, f"EID DTA ID {identifier[:40]!r} came before in this file with other content")
        return f"ice-{usable_id(identifier)}"

    def _known_by(self, prepared: dict[str, Any]) -> list[Any]:
        """Return what tells a form without identifier from others of its day: what no later release says anew.

        The lift, the status of the case and the like change from release to release, and are the same form's.
        """
        if prepared["subject"] is None:
            return [prepared]
        return [prepared["subject"], ice_name_key(prepared["facility_as_printed"] or ""), prepared["form"]]

    def _subject(self) -> str | None:
        anonymised = self.cells.get("anonymized_identifier")
        return f"ice-{usable_id(anonymised)}" if anonymised else None

    def _prepared(self) -> dict[str, Any]:
        form, revision = self._form()
        bases = dict.fromkeys(basis.value for column, basis in BASES if self._yes_no(column))
        return {
            "form": form,
            "form_revision": revision,
            "form_as_printed": self.cells.get("detainer_type"),
            "box": 2 if self._yes_no("resume_custody_yes_no") else None,
            "bases": list(bases) or None,
            "facility_as_printed": self._first_of("detainer_facility", "detainer_facility_code"),
            "notify_requested": self._yes_no("notify_release_request_yes_no"),
            "criminality": self.cells.get("detainer_criminality"),
            "final_order": self._yes_no("final_order_yes_no"),
            "warrant_served_at": self._warrant_served_at(),
        }

    def _first_of(self, *columns: str) -> str | None:
        return next((self.cells[column] for column in columns if column in self.cells), None)

    def _form(self) -> tuple[str, str | None]:
        printed = self.cells.get("detainer_type")
        if printed is None:
            return DetainerForm.UNKNOWN.value, None
        family = FORM.match(printed.strip())
        if family is None:
            self._flag("unknown_form", f"detainer type {printed[:80]!r} names no form of the I-247 family")
            return DetainerForm.UNKNOWN.value, None
        revision = REVISION.search(printed)
        return f"I-247{family[1].upper()}", revision[1] if revision else None

    def _yes_no(self, column: str) -> bool | None:
        printed = self.cells.get(column)
        if printed is None:
            return None
        answer = YES_NO.get(printed.strip().lower())
        if answer is None:
            self._flag("unknown_value", f"{column} is {printed[:40]!r}, neither YES nor NO; it was left out")
        return answer

    def _warrant_served_at(self) -> str | dict[str, str | None] | None:
        printed = self.cells.get("arrest_warrant_served_date")
        if printed is None:
            return None
        try:
            return _read_date(printed).as_json()
        except UnreadableTimeError as error:
            self._flag("unreadable_warrant_date", f"{error.reason}; it was left out")
            return None

    def _lifted(self) -> dict[str, Any] | None:
        words, code = self.cells.get("detainer_lift_reason"), self.cells.get("detainer_lift_reason_code")
        if words is None and code is None:
            return None
        return {
            "lift_code": self._lift_code(words, code),
            "lift_reason_as_printed": self._first_of("detainer_lift_reason", "detainer_lift_reason_code"),
            "asserted_by": ICE,
        }

    def _lift_code(self, words: str | None, code: str | None) -> str | None:
        key = lift_reason_key(words) if words else ""
        if words and key not in CODE_OF_REASON:
            self._flag("unknown_lift_reason", f"{words[:80]!r} is not among the lift reasons seen so far")
        by_words = CODE_OF_REASON.get(key)
        by_code = CODES.get(code.strip().upper()) if code else None
        if code and by_code is None:
            self._flag("unknown_lift_code", f"{code[:20]!r} is no lift code we know; it was left out")
        if by_code and by_words and by_code != by_words:
            self._flag("lift_code_disagrees", f"the code is {by_code}, the words mean {by_words}")
        return by_code or by_words


CODES = {code.value: code.value for code in LiftCode}


def _read_date(printed: str) -> Instant:
    """Read a cell of a column of dates; raise UnreadableTimeError."""
    return read_printed_time(MIDNIGHT.sub("", printed.strip()), FORMATS, MINNESOTA)


def is_missing(cell: str) -> bool:
    """Say whether a cell says nothing: blank or dashes, a program's mark for that, or a redaction (`b(6), b(7)c`)."""
    text = cell.strip()
    return (
        not any(map(str.isalnum, text))
        or text.casefold() in MISSING
        or (text[0] in "(bB" and REDACTED.fullmatch(text) is not None)
    )


def _body(cls: type[DetainerData], detainer: str, occurred: Instant, data: dict[str, Any]) -> bytes:
    return proposed_body(cls, source=SOURCE, stream=detainer, occurred=occurred, data=data, via=VIA)
