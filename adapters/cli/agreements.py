"""The 287(g) agreements as ICE has listed, corrected and delisted them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.cli.options import MOMENT, at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, show_instant
from adapters.composition import Services
from adapters.questions.agreements import agreements_listed
from adapters.questions.asked import Asked


@click.command()
@click.option("--county", help="Only this county, resolved or as printed.")
@at_option
@click.option("--published", type=MOMENT, help="Use only what ICE had published by the end of this date.")
@known_option
@json_option
@pass_services
def agreements(
    services: Services,
    county: str | None,
    at: datetime | None,
    published: datetime | None,
    known: int | datetime | None,
    as_json: bool,
) -> None:
    """List agreements; with --at, only those in force then, or possibly so."""
    ledger = services.reading()
    upto = known_position(ledger, known)
    rows = agreements_listed(Asked(services, ledger), county=county, at=at, published=published, upto=upto)
    ledger.close()
    print_json(rows) if as_json else _print_agreements(rows)


def _print_agreements(rows: list[dict[str, Any]]) -> None:
    table = [
        [
            row["agency"],
            row["model"],
            show_instant(row["signed"]),
            show_instant(row["listed_from"]),
            _ended(row),
            _notes(row),
        ]
        for row in rows
    ]
    columns = ["agency", "model", "signed", "listed from", "ended", "notes"]
    print_table(
        columns,
        table,
        empty="No agreement is recorded for that. `custody import ice-287g` brings in ICE's sheets.",
    )


def _ended(row: dict[str, Any]) -> str:
    return show_instant(row["ended"]) if row["ended"] else ""


def _notes(row: dict[str, Any]) -> str:
    notes = [] if row["as_printed"].strip() == row["agency"] else [f"printed {row['as_printed']!r}"]
    notes += [
        f"{fix['field']} {fix['before']!r} corrected to {fix['after']!r} {show_instant(fix['between'])}"
        for fix in row["corrections"]
    ]
    return "; ".join(notes)


COMMANDS = (agreements,)
