"""`custody counts`: named counts, each with its definition, over a period, on both clocks, down to the events.

    counts --from 2025-12-01 --until 2026-03-11                       every count in all
    counts --from 2025-12-01 --by custodian_kind,lift_reason --json   in groups
    counts --define mine.yaml                                         with counts of one's own
    counts show N2 --where custodian_kind=state_prison                which rows these are, and their events
    counts explain N2                                                 what is counted, left out, and whose word it is
    counts release 2026-Q1                                            figures for the public, once for each quarter
    counts released [2026-Q1]                                         which quarters are, or one's figures

With --json a list of {"id":"N0","label":"...","value":27,"by":{"custodian_kind":"state_prison","lift_reason":null}};
`by` is {} for a total, and null stands for a blank: not lifted yet, or not said. `show` gives the rows that
projections/counted.py draws, `release` and `released QUARTER` what adapters/released.py does, `released` a list of
{"quarter","position","released_at","digest"}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Any

import click

from adapters.cli.options import MOMENT, START, at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table
from adapters.composition import Services
from adapters.counting import counts_with
from adapters.questions.asked import Asked
from adapters.questions.counted import Counting, explained_counts, grouping, members, tally
from adapters.released import figures, release, releases
from domain.counts.fields import Value
from domain.instants import local
from projections.tally import Tally

BLANK = "(blank)"
EVENTS_SHOWN = 6

define_option = click.option(
    "--define", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="A file of counts of your own."
)


def asking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what is asked about: a period, a moment, a position, a facility, counts of one's own."""
    options = (
        click.option("--from", "first", type=START, help="From this date on (its start)."),
        click.option("--until", "last", type=MOMENT, help="Up to this date (its end)."),
        click.option("--facility", help="Only at this facility."),
        define_option,
        at_option,
        known_option,
        json_option,
    )
    return reduce(lambda inner, option: option(inner), reversed(options), command)


@click.group(invoke_without_command=True)
@click.option(
    "--by", multiple=True, metavar="FIELD,...", help="In groups by these fields: custodian_kind, lift_reason, ..."
)
@asking_options
@click.pass_context
def counts(context: click.Context, /, by: tuple[str, ...], *, as_json: bool, **asked: Any) -> None:
    """Named counts, each with a definition; `counts explain` gives it, `counts show` the rows."""
    if context.invoked_subcommand:
        return
    fields = grouping(by)
    tallied, upto, moment = _tallied(context.obj, **asked)
    rows = list(tallied.counted(fields))
    if as_json:
        print_json(rows)
        return
    click.echo(f"as of {moment:%Y-%m-%d %H:%M}, as known at position {upto:,}\n")
    shown = [*fields, *(name for row in rows for name in row["by"] if name not in fields)]
    columns = list(dict.fromkeys(shown))
    print_table(
        ["count", *(name.replace("_", " ") for name in columns), "value", "what"],
        [[row["id"], *(_cell(row["by"], name) for name in columns), f"{row['value']:,}", row["label"]] for row in rows],
        empty="Nothing that could be counted is recorded.",
    )
    click.echo("\n`custody counts explain ID` says what each counts, leaves out, and whose word it is.")


@counts.command()
@click.argument("count_id", metavar="ID")
@click.option("--where", "where", multiple=True, metavar="FIELD=VALUE", help="Only rows with this; null for blank.")
@asking_options
@pass_services
def show(services: Services, /, count_id: str, where: tuple[str, ...], *, as_json: bool, **asked: Any) -> None:
    """List the rows of a count: what each refers to, and the events it rests on."""
    tallied, _, _ = _tallied(services, **asked)
    rows = members(tallied, count_id, where)
    if as_json:
        print_json(rows)
        return
    fields = ("custodian_kind", "facility", "subject", "status")
    table = [[row["ref"], *(row[name] for name in fields), _events(row["events"])] for row in rows]
    print_table(["ref", *(name.replace("_", " ") for name in fields), "events"], table, empty="None.")


@counts.command()
@click.argument("count_id", metavar="[ID]", required=False)
@define_option
@json_option
def explain(count_id: str | None, define: Path | None, *, as_json: bool) -> None:
    """Say what a count counts, what it leaves out, and whose word it is; of every count if none is named."""
    rows = explained_counts(counts_with(define), count_id)
    if as_json:
        print_json(rows)
        return
    for one in rows:
        click.echo(f"{one['id']}  {one['label']}")
        for name in ("counted", "left_out", "whose_word"):
            click.echo(f"  {name.replace('_', ' ')}: {one[name]}")


@counts.command(name="release")
@click.argument("quarter")
@json_option
@pass_services
def release_(services: Services, quarter: str, *, as_json: bool) -> None:
    """Release a quarter's figures by county and kind for the public, in which nobody can be singled out; once."""
    ledger = services.appending()
    document = release(Asked(services, ledger), ledger, quarter, services.clock())
    ledger.close()
    print_json(document) if as_json else _print_figures(document)


@counts.command()
@click.argument("quarter", required=False)
@known_option
@json_option
@pass_services
def released(services: Services, quarter: str | None, known: int | datetime | None, *, as_json: bool) -> None:
    """List the quarters whose figures were released, or give the figures of one."""
    ledger = services.reading()
    upto = known_position(ledger, known)
    found = figures(Asked(services, ledger), quarter, upto) if quarter else releases(ledger, upto)
    ledger.close()
    if as_json:
        print_json(found)
    elif isinstance(found, dict):
        _print_figures(found)
    else:
        columns = ["quarter", "position", "released_at", "digest"]
        rows = [[row[name] for name in columns] for row in found]
        print_table([name.replace("_", " ") for name in columns], rows, empty="No figures are released.")


def _print_figures(document: dict[str, Any]) -> None:
    click.echo(f"{document['quarter']}, as known at position {document['position']:,}; – is suppressed")
    for one in document["tables"]:
        click.echo(f"\n{one['count']}  {one['label']}")
        told = [
            [county, *("–" if value is None else value for value in line)]
            for county, line in zip(one["rows"], one["values"], strict=True)
        ]
        print_table(["county", *(name.replace("_", " ") for name in one["columns"])], told, empty="None.")


def _tallied(
    services: Services,
    first: datetime | None,
    last: datetime | None,
    facility: str | None,
    define: Path | None,
    at: datetime | None,
    known: int | datetime | None,
) -> tuple[Tally, int, datetime]:
    """Return the counts over what is asked about, the position, and the moment."""
    definitions = counts_with(define)
    ledger = services.reading()
    upto, moment = known_position(ledger, known), at or local(services.clock())
    counting = Counting(upto, moment, first, last, facility, definitions)
    tallied = tally(Asked(services, ledger), counting)
    ledger.close()
    return tallied, upto, moment


def _cell(by: Mapping[str, Value], name: str) -> str:
    if name not in by:
        return ""
    return BLANK if by[name] is None else str(by[name])


def _events(positions: Sequence[int]) -> str:
    shown = ", ".join(map(str, positions[:EVENTS_SHOWN]))
    return f"{shown}, ..." if len(positions) > EVENTS_SHOWN else shown


COMMANDS = (counts,)
