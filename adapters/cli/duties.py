"""`custody duties`: what was owed, by whom, by when, under which rule, and whether it was done.

    duties --agency mn-cass-sheriff --open     what do I owe, by when, under which rule

With --json the list that projections/owed.py draws.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.cli.options import at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar, show_instant
from adapters.composition import Services
from adapters.questions.asked import Asked
from adapters.questions.owing import owing
from domain.instants import local
from projections.explained.wording import spaced


@click.command()
@click.option("--facility", help="Only at this facility.")
@click.option("--agency", help="Only what this agency owes.")
@click.option("--open", "only_open", is_flag=True, help="Only what is not recorded as done.")
@at_option
@known_option
@json_option
@pass_services
def duties(
    services: Services,
    facility: str | None,
    agency: str | None,
    at: datetime | None,
    known: int | datetime | None,
    *,
    only_open: bool,
    as_json: bool,
) -> None:
    """List duties: what was owed or asked, by whom, by when, under which rule, and whether it was done."""
    moment = at or local(services.clock())
    ledger = services.reading()
    upto = known_position(ledger, known)
    with progress_bar("deciding") as progress:
        asked = Asked(services, ledger, progress)
        rows = list(owing(asked, facility=facility, agency=agency, only_open=only_open, at=at, upto=upto))
    ledger.close()
    print_json(rows) if as_json else _print(rows, moment, upto)


def _print(rows: list[dict[str, Any]], moment: datetime, upto: int) -> None:
    noun = "duty" if len(rows) == 1 else "duties"
    click.echo(f"{len(rows):,} {noun} at {moment:%Y-%m-%d %H:%M}, as known at position {upto:,}\n")
    print_table(
        ["duty", "episode", "owed by", "rule", "due", "done", "status"],
        [_cells(row) for row in rows],
        empty="No duty is recorded as begun.",
    )
    if rows:
        click.echo("\nA request asks and does not oblige; a status says what is recorded, not what was done.")


def _cells(row: dict[str, Any]) -> list[object]:
    rule = row["rule"] or "no rule of the pack"
    return [
        spaced(row["duty"]),
        row["episode"],
        row["owed_by"],
        f"{rule} (request)" if row["modality"] == "request" else rule,
        show_instant(row["due"]) if row["due"] else "",
        show_instant(row["done"]) if row["done"] else "withheld" if row["withheld"] else "",
        spaced(row["status"]),
    ]


COMMANDS = (duties,)
