"""`custody overholds`: who was kept past the moment release was due, for how long, and which rules spoke.

With --json the list that adapters/questions/overheld.py draws.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.cli.options import at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar, show_instant
from adapters.composition import Services
from adapters.questions.asked import Asked
from adapters.questions.overheld import overheld
from domain.rules.trace import Standing
from projections.explained.wording import spaced
from projections.finding import duration_words


@click.command()
@click.option("--facility", help="Only at this facility.")
@at_option
@known_option
@json_option
@pass_services
def overholds(
    services: Services, facility: str | None, at: datetime | None, known: int | datetime | None, *, as_json: bool
) -> None:
    """List who was kept past the moment release was due, with minutes, holds and the rules that spoke."""
    ledger = services.reading()
    upto = known_position(ledger, known)
    with progress_bar("deciding") as progress:
        listed = overheld(Asked(services, ledger, progress), facility=facility, at=at, upto=upto)
    ledger.close()
    print_json(listed) if as_json else _print(listed, upto)


def _print(rows: list[dict[str, Any]], upto: int) -> None:
    noun = "episode" if len(rows) == 1 else "episodes"
    click.echo(f"{len(rows):,} {noun} kept past the moment release was due, as known at position {upto:,}\n")
    print_table(
        ["episode", "release due", "until", "kept past it", "holds", "derived", "rules that stand"],
        [_cells(row) for row in rows],
        empty="Nobody is recorded as kept past that moment.",
    )
    if rows:
        click.echo("\nRecorded under these rules; nothing here says which of them prevails.")


def _cells(row: dict[str, Any]) -> list[object]:
    words = duration_words(row["minutes"])
    return [
        row["episode"],
        show_instant(row["since"]),
        show_instant(row["until"]) if row["until"] else "still there",
        words if row["exact"] else f"at least {words}",
        ", ".join(hold["kind"] for hold in row["holds"]) or ("none recorded" if not row["kept"] else ""),
        spaced(row["derived"]) if row["derived"] else "",
        ", ".join(rule["id"] for rule in row["rules"] if rule["standing"] == Standing.STANDS.value),
    ]


COMMANDS = (overholds,)
