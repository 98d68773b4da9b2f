"""Running an import: propose, submit, report. The report counts only what is on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from os import SEEK_END
from pathlib import Path
from typing import Any

from adapters.importers.port import Flag, ImportContext, Importer, Refusal, RowOutcome
from adapters.intake.gate import Gate
from adapters.intake.intake import Intake, Item, different_bytes
from adapters.store.ledger import Clock, Ledger
from adapters.store.recorder import Equivocation, Outcome
from domain.errors import InputRefused

DETAILS_MAX = 10_000  # refusals and flags beyond this are counted, and every refusal is in the ledger

ZIP_MAGIC = b"PK\x03\x04"  # how an .xlsx file begins
NO_FINAL_NEWLINE = "the last line has no end: if the file was cut, its last row may be incomplete"

Progress = Callable[[int], None]


@dataclass(slots=True)
class Report:
    """What an import did. `stored`, `already_there` count events; `read` counts rows."""

    read: int = 0
    stored: int = 0
    already_there: int = 0
    refused_count: int = 0
    flagged_count: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    flagged: list[dict[str, Any]] = field(default_factory=list)

    def note_refusal(self, file: str, refusal: Refusal) -> None:
        """Count a refusal and keep its details while there is room."""
        self.refused_count += 1
        if len(self.refused) < DETAILS_MAX:
            detail = {
                "row": refusal.row,
                "field": refusal.field,
                "code": refusal.code,
                "reason": refusal.reason,
            }
            self.refused.append({"file": file, **detail})

    def note_flag(self, file: str, flag: Flag) -> None:
        """Count a flag and keep its details while there is room."""
        self.flagged_count += 1
        if len(self.flagged) < DETAILS_MAX:
            self.flagged.append({"file": file, "row": flag.row, "code": flag.code, "what": flag.what})

    def settle(self, settled: Sequence[tuple[Item, Outcome]]) -> None:
        """Count what a durable batch did."""
        for item, outcome in settled:
            if isinstance(outcome, Equivocation):
                refusal = Refusal(item.row, "id", "different_bytes", different_bytes(outcome.first))
                self.note_refusal(item.origin, refusal)
            elif outcome.is_new:
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
    with Intake(ledger, Gate(context.register), clock, report.settle) as intake:
        for path in paths:
            _run_file(importer, path, context, intake, report, progress)
            intake.flush()
    return report


def _run_file(
    importer: Importer, path: Path, context: ImportContext, intake: Intake, report: Report, progress: Progress
) -> None:
    row = 0
    try:
        for outcome in importer.propose(path, context):
            row = outcome.row
            report.read += outcome.rows
            _submit(outcome, path.name, intake, report)
            progress(report.read)
        if _ends_mid_line(path):
            report.note_flag(path.name, Flag(row, "no_final_newline", NO_FINAL_NEWLINE))
    except InputRefused as refusal:
        intake.refuse(refusal.code, refusal.where, refusal.what, origin=path.name, row=row)
        reason = f"{refusal.what}; {refusal.mend}" if refusal.mend else refusal.what
        report.note_refusal(path.name, Refusal(row, refusal.where, refusal.code, reason))


def _ends_mid_line(path: Path) -> bool:
    """Say whether a text file's last line has no end: a complete file may, a cut one does."""
    with path.open("rb") as file:
        is_workbook = file.read(len(ZIP_MAGIC)) == ZIP_MAGIC
        size = file.seek(0, SEEK_END)
        file.seek(max(0, size - 1))
        return not is_workbook and file.read(1) not in b"\r\n"


def _submit(outcome: RowOutcome, file: str, intake: Intake, report: Report) -> None:
    for refusal in outcome.refusals:
        intake.refuse(refusal.code, refusal.field, refusal.reason, origin=file, row=refusal.row)
        report.note_refusal(file, refusal)
    for flag in outcome.flags:
        report.note_flag(file, flag)
    for body in outcome.bodies:
        try:
            intake.submit(body, origin=file, row=outcome.row)
        except InputRefused as refusal:
            report.note_refusal(file, Refusal(outcome.row, refusal.where, refusal.code, str(refusal.what)))
