"""What disagrees, over the whole log: cited, derived and done, and the records of the two sides."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import click

from adapters.cli.options import at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar
from adapters.composition import Services, amendments, setting
from adapters.visible import visible
from domain.instants import format_rfc3339
from projections.finding import Kind
from projections.finding_trail import FindingTrail

SHOWN = 50
POSITIONS_SHOWN = 6


@click.command()
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([kind.value for kind in Kind]), help="Only this kind."
)
@click.option("--facility", help="Only findings about this facility.")
@at_option
@known_option
@json_option
@pass_services
def findings(
    services: Services,
    /,
    kinds: tuple[str, ...],
    facility: str | None,
    at: datetime | None,
    known: int | datetime | None,
    as_json: bool,
) -> None:
    """List what disagrees in the log, each with the events it rests on; it judges nothing."""
    if facility:
        services.register.facility(facility)
    ledger = services.reading()
    upto = known_position(ledger, known)
    amending = amendments(ledger, upto)
    trail = FindingTrail(setting(ledger, upto, amending, at), services.custodians())
    with progress_bar("looking", upto) as advance:
        for event in amending.apply(ledger.recorded(upto=upto)):
            if at is None or event.occurred.maybe_by(at):
                trail.apply(event)
            advance(event.position)
    ledger.close()
    wanted = {"facility": (facility,) if facility else (), "kind": kinds}
    rows = [row for row in trail.rows() if all(not any_of or row[key] in any_of for key, any_of in wanted.items())]
    counts = Counter(row["kind"] for row in rows)
    document = {
        "known": upto,
        "at": format_rfc3339(at) if at else None,
        "counts": {kind.value: counts[kind.value] for kind in Kind if counts[kind.value]},
        "findings": rows,
    }
    print_json(document) if as_json else _print_findings(document)


def _print_findings(document: dict[str, Any]) -> None:
    rows = document["findings"]
    noun = "finding" if len(rows) == 1 else "findings"
    click.echo(f"{len(rows):,} {noun}, as known at position {document['known']:,}")
    if not rows:
        click.echo("Nothing recorded disagrees, or not enough is recorded to tell.")
        return
    print_table(["kind", "findings"], [[kind, f"{count:,}"] for kind, count in document["counts"].items()], empty="")
    click.echo()
    for row in rows[:SHOWN]:
        click.echo(f"{row['case'] or row['facility']}, {row['kind']} (events {_positions(row['events'])})")
        click.echo(f"  {visible(row['words'])}")
    if len(rows) > SHOWN:
        click.echo(f"(the first {SHOWN} are shown; --kind and --facility narrow the list, --json has them all)")
    click.echo("A finding is something to look at, not a verdict; docs/findings.md says what each kind does not mean.")


def _positions(positions: list[int]) -> str:
    shown = ", ".join(map(str, positions[:POSITIONS_SHOWN]))
    return f"{shown}, ..." if len(positions) > POSITIONS_SHOWN else shown


COMMANDS = (findings,)
