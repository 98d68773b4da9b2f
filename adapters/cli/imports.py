"""Commands that append: import and simulate."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from adapters.cli.options import pass_services
from adapters.cli.output import json_option, print_json, progress_bar
from adapters.composition import Services
from adapters.importers.bookings import BookingsImporter
from adapters.importers.bookings_mapping import load_mapping
from adapters.importers.ice_287g import Ice287gImporter
from adapters.importers.ice_detainers import IceDetainersImporter
from adapters.importers.kinds import IMPORTERS
from adapters.importers.port import ImportContext
from adapters.importers.run import Report, run_import
from adapters.simulator.recording import Scenario, record_simulation
from domain.errors import InputRefused

SHOWN = 20
TABLES = (Ice287gImporter.kind, IceDetainersImporter.kind, BookingsImporter.kind)
WINTER = (date(2025, 12, 1), date(2026, 3, 11))


@click.command(name="import")
@click.argument("kind", type=click.Choice(sorted(IMPORTERS)))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--facility", help="Facility the rows are about, where the file does not say.")
@click.option("--agency", help="Agency that publishes the rows; the facility's own if not given.")
@click.option("--mapping", help="Column mapping of a bookings export: a YAML file, or the name of a shipped one.")
@json_option
@pass_services
def import_(
    services: Services,
    /,
    kind: str,
    files: tuple[Path, ...],
    facility: str | None,
    agency: str | None,
    mapping: str | None,
    as_json: bool,
) -> int:
    """Record a file's rows as events. Importing the same file again stores nothing."""
    _check_files(files)
    _check_about(services, kind, facility, agency, mapping)
    ledger = services.writing()
    try:
        context = ImportContext(
            services.register,
            lambda topic: ledger.recorded(topics=(topic,)),
            facility,
            agency,
            Path(mapping) if mapping else None,
        )
        with progress_bar(f"importing {kind}") as advance:
            report = run_import(IMPORTERS[kind](), files, context, ledger, services.clock, advance)
    finally:
        ledger.close()
    print_json(report.as_json()) if as_json else _print_report(report, kind)
    return 3 if report.refused_count else 0


def _check_files(files: tuple[Path, ...]) -> None:
    """Refuse what cannot be read before a ledger is made."""
    for path in files:
        if not path.exists():
            mend = "check the path; a name with spaces needs quotes"
            raise InputRefused("file_not_found", "there is no such file", where=str(path), mend=mend)
        if not path.is_file():
            what = "this is a folder" if path.is_dir() else "this is not a regular file"
            raise InputRefused("not_a_file", what, where=str(path), mend="name the files to import")


def _check_about(services: Services, kind: str, facility: str | None, agency: str | None, mapping: str | None) -> None:
    """Refuse what the arguments get wrong before a ledger is made."""
    if facility:
        services.register.facility(facility)
    if agency and agency not in {f.agency for f in services.register.facilities}:
        raise InputRefused("unknown_agency", f"no facility is run by {agency[:80]!r}", mend="see `custody facilities`")
    if kind != BookingsImporter.kind:
        return
    columns = load_mapping(Path(mapping) if mapping else None).columns
    if facility is None and "facility" not in columns:
        raise InputRefused(
            "facility_needed",
            "the mapping names no facility column, so the rows do not say where they are from",
            where="--facility",
            mend="give --facility ID, or map a facility column",
        )


def _print_report(report: Report, kind: str) -> None:
    click.echo(
        f"{report.read:,} rows read: {report.stored:,} events stored, {report.already_there:,} already there, "
        f"{report.refused_count:,} refused, {report.flagged_count:,} flagged"
    )
    if report.stored == 0 and report.already_there and not report.refused_count:
        click.echo("nothing new: everything in it is already in the ledger")
    for refusal in report.refused[:SHOWN]:
        click.echo(f"  refused {_place(refusal)}: {refusal['reason']} [{refusal['code']}]")
    for flag in report.flagged[:SHOWN]:
        click.echo(f"  flagged {flag['file']} row {flag['row']}: {flag['what']} [{flag['code']}]")
    if report.refused_count > SHOWN or report.flagged_count > SHOWN:
        click.echo(f"  (the first {SHOWN} of each are shown; --json lists them all)")
    for word, codes in (("refused", report.refused_codes), ("flagged", report.flagged_codes)):
        if codes.total() > SHOWN:
            click.echo(f"  {word} in all: {', '.join(f'{code} {n:,}' for code, n in codes.most_common())}")
    if kind in TABLES and (report.refused_count or report.flagged_count):
        click.echo("  (rows are counted from 1 below the header; empty ones are not)")


def _place(refusal: dict[str, Any]) -> str:
    """Say where: `detainers.csv row 5, detainer_facility`, or what of the file as a whole."""
    file, field = refusal["file"], refusal["field"]
    if field.startswith(file):
        return str(field)
    return f"{file} row {refusal['row']}, {field or 'file'}"


@click.command()
@click.option("--events", required=True, type=click.IntRange(1, 10_000_000), help="How many events, 1 to 10 million.")
@click.option("--seed", required=True, type=int, help="The same seed makes the same events.")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), default=str(WINTER[0]), show_default="2025-12-01")
@click.option("--until", "last", type=click.DateTime(["%Y-%m-%d"]), default=str(WINTER[1]), show_default="2026-03-11")
@json_option
@pass_services
def simulate(services: Services, events: int, seed: int, first: datetime, last: datetime, as_json: bool) -> None:
    """Append a made-up statewide scenario; every event's source says `synthetic:`."""
    if last < first:
        mend = "give a day that is not before --from"
        raise InputRefused("usage", "--until is before --from", where=f"--until {last.date()}", mend=mend)
    ledger = services.writing()
    try:
        scenario = Scenario(events, seed, first.date(), last.date())
        with progress_bar("simulating", events) as advance:
            stored, there = record_simulation(scenario, ledger, services.clock, advance)
        position = ledger.position()
    finally:
        ledger.close()
    if as_json:
        print_json({"stored": stored, "already_there": there, "position": position})
    else:
        click.echo(f"{stored:,} synthetic events stored, {there:,} already there; the ledger ends at {position:,}")


COMMANDS = (import_, simulate)
