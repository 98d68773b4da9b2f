"""`custody findings`: what disagrees over the whole log, cited, derived and done; and what agencies say to it.

    findings                                          every finding, and how many of each kind
    findings --summary                                the numbers alone
    findings show ID                                  one, with all that was said of it
    findings answer ID --agency A --words "..."       an agency that it names, or the register of rules, answers
    findings close ID --agency A --outcome CODE       and closes it, once

With --json, `findings` gives the list of what projections/finding.py draws. `--summary --json` gives
{"known":22,"at":null,"counts":{"notice_lead_short":1},"states":{"open":1}}. `show`, `answer` and `close` give the
finding as adapters/questions/disagreeing.py draws it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.cli.options import at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar, show_instant
from adapters.composition import Services
from adapters.findings import act, version_of
from adapters.questions.asked import Asked
from adapters.questions.disagreeing import disagreeing, finding_shown, finding_trail, shown, unknown_finding
from adapters.visible import visible
from projections.explained.wording import spaced
from projections.finding import Kind
from projections.finding_workflow import WORKFLOW_TYPES, Command, State, Workflow, workflows

SHOWN = 50
POSITIONS_SHOWN = 6


@click.group(invoke_without_command=True)
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([kind.value for kind in Kind]), help="Only this kind."
)
@click.option("--facility", help="Only findings about this facility.")
@click.option("--state", "state", type=click.Choice([state.value for state in State]), help="Only in this state.")
@click.option("--summary", is_flag=True, help="Only how many there are.")
@at_option
@known_option
@json_option
@click.pass_context
def findings(
    context: click.Context,
    /,
    kinds: tuple[str, ...],
    facility: str | None,
    state: str | None,
    at: datetime | None,
    known: int | datetime | None,
    *,
    summary: bool,
    as_json: bool,
) -> None:
    """List what disagrees in the log, each with the events it rests on; it judges nothing."""
    if context.invoked_subcommand:
        return
    services: Services = context.obj
    ledger = services.reading()
    with progress_bar("looking") as progress:
        asked, upto = Asked(services, ledger, progress), known_position(ledger, known)
        found = disagreeing(asked, at=at, upto=upto, kinds=kinds, facility=facility, state=state)
    ledger.close()
    numbers = found.summary()
    if as_json:
        print_json(numbers if summary else found.rows)
    else:
        _print_findings(numbers, [] if summary else found.rows, len(found.rows))


@click.command()
@click.argument("finding")
@at_option
@known_option
@json_option
@pass_services
def show(services: Services, finding: str, at: datetime | None, known: int | datetime | None, *, as_json: bool) -> None:
    """Show one finding, with all that agencies said of it."""
    ledger = services.reading()
    with progress_bar("looking") as progress:
        asked, upto = Asked(services, ledger, progress), known_position(ledger, known)
        document = finding_shown(asked, finding, at=at, upto=upto)
    ledger.close()
    print_json(document) if as_json else _print_one(document)


@click.command()
@click.argument("finding")
@click.option("--agency", required=True, help="Who answers: one that the finding names, or rules-registrar.")
@click.option("--words", required=True, help="What it says.")
@json_option
@pass_services
def answer(services: Services, finding: str, agency: str, words: str, *, as_json: bool) -> None:
    """Answer a finding; the answer stands beside it, and changes no record."""
    _act(services, finding, agency, words=words, as_json=as_json)


@click.command()
@click.argument("finding")
@click.option("--agency", required=True, help="Who closes it: one that the finding names, or rules-registrar.")
@click.option("--outcome", required=True, help="A code of your own: corrected, explained, entered_twice, ...")
@json_option
@pass_services
def close(services: Services, finding: str, agency: str, outcome: str, *, as_json: bool) -> None:
    """Close a finding, once; it stays in the list, as closed."""
    _act(services, finding, agency, outcome=outcome, as_json=as_json)


def _act(
    services: Services,
    finding: str,
    agency: str,
    *,
    words: str | None = None,
    outcome: str | None = None,
    as_json: bool,
) -> None:
    ledger = services.appending()
    try:
        version = version_of(ledger, finding)
        upto = ledger.position()
        with progress_bar("looking", upto) as progress:
            trail = finding_trail(Asked(services, ledger, progress), upto, None)
        row, workflow = trail.row(finding), trail.workflows().get(finding, Workflow())
        if row is None:
            raise unknown_finding(finding)
        command = Command(row, workflow, version, agency, services.clock())
        act(ledger, command, words=words, outcome=outcome)
        told = [event for event in ledger.recorded(after=upto, topics=WORKFLOW_TYPES) if event.stream_id == finding]
    finally:
        ledger.close()
    document = shown(finding, row, workflows([*workflow.told, *told])[finding])
    print_json(document) if as_json else _print_one(document)


def _print_findings(numbers: dict[str, Any], rows: list[dict[str, Any]], count: int) -> None:
    noun = "finding" if count == 1 else "findings"
    click.echo(f"{count:,} {noun}, as known at position {numbers['known']:,}")
    if not count:
        click.echo("Nothing recorded disagrees, or not enough is recorded to tell.")
        return
    print_table(["kind", "findings"], [[kind, f"{count:,}"] for kind, count in numbers["counts"].items()], empty="")
    print_table(["state", "findings"], [[state, f"{count:,}"] for state, count in numbers["states"].items()], empty="")
    click.echo()
    for row in rows[:SHOWN]:
        click.echo(_heading(row))
        click.echo(f"  {visible(row['words'])}")
    if len(rows) > SHOWN:
        click.echo(f"(the first {SHOWN} are shown; --kind and --facility narrow the list, --json has them all)")
    click.echo("A finding is something to look at, not a verdict; docs/findings.md says what each kind does not mean.")


def _heading(row: dict[str, Any]) -> str:
    said = "" if row["state"] == State.OPEN else f", {row['state']}"
    about = f"{row['case'] or row['facility']}, {row['kind']} (events {_positions(row['events'])}){said}"
    return f"{about}  [{row['id']}]"


def _positions(positions: list[int]) -> str:
    shown = ", ".join(map(str, positions[:POSITIONS_SHOWN]))
    return f"{shown}, ..." if len(positions) > POSITIONS_SHOWN else shown


def _print_one(document: dict[str, Any]) -> None:
    if document["arises"]:
        click.echo(_heading(document))
        click.echo(f"  {visible(document['words'])}")
    else:
        click.echo(f"{document['id']}, {document['state']}: on what is asked about it does not arise")
    for one in document["workflow"]:
        said = visible(one.get("words") or one.get("outcome") or "")
        what = spaced(one["event"].partition("contradiction_")[2])
        click.echo(f"  {show_instant(one['at'])} {one['agency']} {what} (position {one['position']}): {said}")


findings.add_command(show)
findings.add_command(answer)
findings.add_command(close)

COMMANDS = (findings,)
