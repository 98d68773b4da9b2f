"""`custody late`: which reports came late, by their source's word and in the ledger; by agency, in no ranking.

With --json what adapters/questions/late.py draws.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import click

from adapters.cli.options import known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar, show_instant
from adapters.composition import Services
from adapters.questions.asked import Asked
from adapters.questions.late import late
from projections.finding import duration_words

SHOWN = 50
LENGTH = re.compile(r"(\d{1,6})([mhd])", re.ASCII)
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class Length(click.ParamType[timedelta]):
    """A length of time: `90m`, `72h`, `3d`."""

    name = "length"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return how long it is."""
        if isinstance(value, timedelta):
            return value
        written = LENGTH.fullmatch(value)
        if written is None:
            self.fail(f"{value!r} is not a length of time (try 90m, 72h or 3d)", param, ctx)
        return timedelta(**{UNITS[written[2]]: int(written[1])})


@click.command("late")
@click.option("--over", type=Length(), default="24h", show_default=True, metavar="LENGTH", help="90m, 72h, 3d.")
@click.option("--agency", help="Only what this agency published.")
@known_option
@json_option
@pass_services
def late_reports(
    services: Services, over: timedelta, agency: str | None, known: int | datetime | None, *, as_json: bool
) -> None:
    """Reports that came later than so long after what they tell of, and how many by agency, by name."""
    ledger = services.reading()
    upto = known_position(ledger, known)
    with progress_bar("looking", upto) as progress:
        document = late(Asked(services, ledger, progress), over=over, agency=agency, upto=upto).as_json()
    ledger.close()
    print_json(document) if as_json else _print(document)


def _print(document: dict[str, Any]) -> None:
    rows = document["late"]
    over, noun = duration_words(document["over_minutes"]), "report" if len(rows) == 1 else "reports"
    click.echo(f"{len(rows):,} {noun} more than {over} after what they tell of, as known at {document['known']:,}\n")
    agencies = [[f"{one[name]:,}" if name != "agency" else one[name] for name in one] for one in document["agencies"]]
    columns = [
        "agency",
        "reports",
        "late by source",
        "late in ledger",
        "may be by source",
        "may be in ledger",
        "silent",
    ]
    print_table(columns, agencies, empty="Nothing is recorded.")
    if rows:
        click.echo()
        columns = ["position", "happened", "who says so", "what", "recorded by its source", "in the ledger"]
        print_table(columns, [_cells(row) for row in rows[:SHOWN]], empty="")
    if len(rows) > SHOWN:
        click.echo(f"(the first {SHOWN} are shown; --json has them all)")
    click.echo("\nLate in the ledger alone may be the ledger's doing: an archive comes in at once. Silent: the source")
    click.echo("does not say when it recorded it. May be: the precision leaves it open.")


def _cells(row: dict[str, Any]) -> list[object]:
    delays = [_delay_words(row[name]) for name in ("by_source", "in_ledger")]
    return [row["position"], show_instant(row["at"]), row["agency"], row["type"], *delays]


def _delay_words(delay: dict[str, Any] | None) -> str:
    if delay is None:
        return ""
    return f"{'' if delay['exact'] else 'at least '}{duration_words(delay['minutes'])} after"


COMMANDS = (late_reports,)
