"""Running an import: propose, submit, report. The report counts only what is on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from os import SEEK_END
from pathlib import Path
from typing import Any

from adapters.importers.cloudevents import SignedEventsImporter
from adapters.importers.port import Flag, ImportContext, Importer, Refusal, RowOutcome
from adapters.importers.text_files import READ_BYTES, ZIP_MAGIC, open_input
from adapters.intake.checking import SerialChecker
from adapters.intake.door import Door
from adapters.intake.evidence import different_bytes
from adapters.intake.gate import Gate
from adapters.intake.intake import Intake, Item
from adapters.intake.offered import Answer, Offered
from adapters.intake.signed_intake import SignedIntake
from adapters.places.register import Register
from adapters.store.ledger import Clock, Ledger
from adapters.store.recording import Equivocation, Outcome
from domain.errors import InputRefused

DETAILS_MAX = 10_000  # refusals and flags beyond this are counted, and every refusal is in the ledger

NO_FINAL_NEWLINE = "the last line has no end: if the file was cut, its last row may be incomplete"
FILE_CHANGED = "the file was changed while it was read, so rows of it may be missing; import it again"

Progress = Callable[[int], None]


@dataclass(slots=True)
class Report:
    """What an import did. `stored`, `already_there` count events; `read` counts rows."""

    read: int = 0
    stored: int = 0
    already_there: int = 0
    refused_count: int = 0
    flagged_count: int = 0
    refused_codes: Counter[str] = field(default_factory=Counter)
    flagged_codes: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, Any]] = field(default_factory=list)
    flagged: list[dict[str, Any]] = field(default_factory=list)
    file: str = ""  # the one being read

    def note_refusal(self, refusal: Refusal) -> None:
        """Count a refusal and keep its details while there is room."""
        self.refused_count += 1
        self.refused_codes[refusal.code] += 1
        if len(self.refused) < DETAILS_MAX:
            detail = {
                "row": refusal.row,
                "field": refusal.field,
                "code": refusal.code,
                "reason": refusal.reason,
            }
            self.refused.append({"file": self.file, **detail})

    def note_flag(self, flag: Flag) -> None:
        """Count a flag and keep its details while there is room."""
        self.flagged_count += 1
        self.flagged_codes[flag.code] += 1
        if len(self.flagged) < DETAILS_MAX:
            self.flagged.append({"file": self.file, "row": flag.row, "code": flag.code, "what": flag.what})

    def settle(self, settled: Sequence[tuple[Item, Outcome]]) -> None:
        """Count what a durable batch did."""
        for item, outcome in settled:
            if isinstance(outcome, Equivocation):
                why = different_bytes(outcome.first)
                self.note_refusal(Refusal(item.row, why.where, why.code, why.what))
            elif outcome.is_new:
                self.stored += 1
            else:
                self.already_there += 1

    def answer(self, offered: Offered, answer: Answer) -> None:
        """Count what became of a signed event."""
        if isinstance(answer, InputRefused):
            self.note_refusal(Refusal.of(offered.row, answer))
        elif answer.receipt.is_new:
            self.stored += 1
        else:
            self.already_there += 1

    def as_json(self) -> dict[str, Any]:
        """Return the report as `import --json` prints it."""
        return {
            "read": self.read,
            "stored": self.stored,
            "already_there": self.already_there,
            "refused": self.refused,
            "refused_count": self.refused_count,
            "flagged": self.flagged,
            "flagged_count": self.flagged_count,
        }


def run_import(
    importer: Importer,
    paths: Sequence[Path],
    context: ImportContext,
    ledger: Ledger,
    clock: Clock,
    progress: Progress,
) -> Report:
    """Import files one after the other; a file that cannot be read on is refused from there, the next goes on."""
    report = Report()
    with _way_in(importer, context.register, ledger, clock, report) as intake:
        for path in paths:
            _run_file(importer, path, context, intake, report, progress)
            intake.flush()
    return report


def _way_in(
    importer: Importer, register: Register, ledger: Ledger, clock: Clock, report: Report
) -> Intake | SignedIntake:
    """Return what records the bodies: transcribed as they are, or signed, as if they came over the network."""
    if importer.kind == SignedEventsImporter.kind:
        return SignedIntake(Door(ledger, SerialChecker(register), clock), report.answer)
    return Intake(ledger, Gate(register), clock, report.settle)


def _run_file(
    importer: Importer,
    path: Path,
    context: ImportContext,
    intake: Intake | SignedIntake,
    report: Report,
    progress: Progress,
) -> None:
    report.file = path.name
    before, origin, row = _state(path), _origin(path), 0
    try:
        for outcome in importer.propose(path, context):
            row = outcome.row
            report.read += outcome.rows
            _submit(outcome, origin, intake, report)
            progress(report.read)
        if _state(path) != before:
            report.note_flag(Flag(row, "file_changed", FILE_CHANGED))
        elif _ends_mid_line(path):
            report.note_flag(Flag(row, "no_final_newline", NO_FINAL_NEWLINE))
    except InputRefused as refusal:
        where = refusal.where.replace(str(path), path.name)
        intake.refuse(InputRefused(refusal.code, refusal.what, where=where), origin=origin, row=row)
        report.note_refusal(replace(Refusal.of(row, refusal), field=where))


def _state(path: Path) -> tuple[int, int, int] | None:
    """Return what is another once a file was changed; None if it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _origin(path: Path) -> str:
    """Name the file and its content, so that two files of one name leave two pieces of evidence."""
    digest = sha256()
    with open_input(path) as file:
        while piece := file.read(READ_BYTES):
            digest.update(piece)
    return f"{path.name} sha256:{digest.hexdigest()}"


def _ends_mid_line(path: Path) -> bool:
    """Say whether a text file's last line has no end: a complete file may, a cut one does."""
    with open_input(path) as file:
        is_workbook = file.read(len(ZIP_MAGIC)) == ZIP_MAGIC
        size = file.seek(0, SEEK_END)
        file.seek(max(0, size - 1))
        return not is_workbook and file.read(1) not in b"\r\n"


def _submit(outcome: RowOutcome, origin: str, intake: Intake | SignedIntake, report: Report) -> None:
    for refusal in outcome.refusals:
        intake.refuse(refusal.as_error(), origin=origin, row=refusal.row)
        report.note_refusal(refusal)
    for flag in outcome.flags:
        report.note_flag(flag)
    for body in outcome.bodies:
        try:
            intake.submit(body, origin=origin, row=outcome.row)
        except InputRefused as refusal:
            report.note_refusal(Refusal.of(outcome.row, refusal))
