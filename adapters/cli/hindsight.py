"""`custody hindsight`: which determinations differ from what was derived on what was known then, and by which events.

With --json the list that adapters/questions/hindsight.py draws.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.cli.options import MOMENT, START, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar, show_instant
from adapters.composition import Services
from adapters.questions.asked import Asked
from adapters.questions.hindsight import hindsight
from projections.explained.wording import spaced


@click.command("hindsight")
@click.argument("ref", required=False)
@click.option("--facility", help="Only cases of this facility.")
@click.option("--from", "first", type=START, help="Only decisions that may have been made since then.")
@click.option("--until", "last", type=MOMENT, help="Only those that may have been made by then (a date: its end).")
@known_option
@json_option
@pass_services
def in_hindsight(
    services: Services,
    ref: str | None,
    facility: str | None,
    first: datetime | None,
    last: datetime | None,
    known: int | datetime | None,
    *,
    as_json: bool,
) -> None:
    """Determinations that are derived otherwise now than on what was known at the moment of the decision."""
    ledger = services.reading()
    upto = known_position(ledger, known)
    with progress_bar("deciding", upto) as progress:
        asked = Asked(services, ledger, progress)
        differing = hindsight(asked, ref, facility=facility, within=(first, last), upto=upto)
    ledger.close()
    rows = [one.as_json() for one in differing]
    print_json(rows) if as_json else _print(rows, upto)


def _print(rows: list[dict[str, Any]], upto: int) -> None:
    noun = "determination is" if len(rows) == 1 else "determinations are"
    click.echo(f"{len(rows):,} {noun} derived otherwise on what is known at position {upto:,}\n")
    print_table(
        ["case", "decision point", "at", "decided at position", "then", "now", "because of"],
        [_cells(row) for row in rows],
        empty="What was derived at the moment of each decision is what is derived now.",
    )
    if rows:
        click.echo("\nThen: on what the log held when it was decided. Which of the two counts, nothing here says.")


def _cells(row: dict[str, Any]) -> list[object]:
    return [
        row["ref"],
        spaced(row["decision_point"]),
        show_instant(row["at"]),
        row["moment"],
        *(spaced(row[name]) if row[name] else "does not arise" for name in ("then", "now")),
        ", ".join(f"{event['type']} of {event['agency']} (position {event['position']})" for event in row["events"]),
    ]


COMMANDS = (in_hindsight,)
