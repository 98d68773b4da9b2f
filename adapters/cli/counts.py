"""`custody counts`: named counts, each with its definition, over a period, on both clocks, down to the events.

    counts --from 2025-12-01 --until 2026-03-11                       every count in all
    counts --from 2025-12-01 --by custodian_kind,lift_reason --json   in groups
    counts --define mine.yaml                                         with counts of one's own
    counts show N2 --where custodian_kind=state_prison                which rows these are, and their events
    counts explain N2                                                 what is counted, left out, and whose word it is

With --json a list of {"id":"N0","label":"...","value":27,"by":{"custodian_kind":"state_prison","lift_reason":null}};
`by` is {} for a total, and null stands for a blank: not lifted yet, or not said. `show` gives the rows that
projections/counted.py draws.
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
from adapters.composition import Services, local
from adapters.counting import counts_with, told
from domain.counts.counting import Definition, Definitions, Row
from domain.counts.fields import FIELDS, Of, Value
from domain.errors import InputRefused
from domain.instants import microseconds
from projections.counted import Rows
from projections.tally import Period, Tally

BLANK = "(blank)"
EVENTS_SHOWN = 6
WORDS = {"null": None, "true": True, "false": False}

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
    fields = _fields(by)
    tally, upto, moment = _tally(context.obj, **asked)
    rows = list(tally.counted(fields))
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
    count = counts_with(asked["define"]).get(count_id)
    only = _only(count.of, where)
    tally, _, _ = _tally(services, **asked)
    members = [row for row in tally.members(count) if all(row[name] == value for name, value in only.items())]
    rows = sorted(map(_shown, members), key=lambda row: str(row["ref"]))
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
    found = counts_with(define)
    chosen = [found.get(count_id)] if count_id else list(found)
    if as_json:
        print_json([_explained(found, one) for one in chosen])
        return
    for one in chosen:
        click.echo(f"{one.id}  {one.label}")
        for name in ("counted", "left_out", "whose_word"):
            click.echo(f"  {name.replace('_', ' ')}: {getattr(one, name)}")


def _explained(found: Definitions, one: Definition) -> dict[str, Any]:
    return {**one.model_dump(mode="json"), "chain": [outer.id for outer in found.chain(one)]}


def _tally(
    services: Services,
    first: datetime | None,
    last: datetime | None,
    facility: str | None,
    define: Path | None,
    at: datetime | None,
    known: int | datetime | None,
) -> tuple[Tally, int, datetime]:
    """Return the counts over what is asked about, the position, and the moment."""
    if first and last and last < first:
        raise InputRefused("usage", "--until is before --from", where=f"--until {last.date()}")
    if facility:
        services.register.facility(facility)
    definitions = counts_with(define)
    ledger = services.reading()
    upto = known_position(ledger, known)
    found = told(services, ledger, upto, facility)
    ledger.close()
    moment = at or local(services.clock())
    period = Period(microseconds(first) if first else None, microseconds(last) if last else None)
    return Tally(definitions, Rows(found, microseconds(moment)), period), upto, moment


def _fields(by: Sequence[str]) -> list[str]:
    """Return the fields to group by: repeated, or listed with commas."""
    names = [name.strip() for one in by for name in one.split(",") if name.strip()]
    for name in names:
        if not any(name in FIELDS[of] for of in Of):
            raise _unknown_field(name, {name: None for of in Of for name in FIELDS[of]}, "--by")
    return list(dict.fromkeys(names))


def _only(of: Of, where: Sequence[str]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for one in where:
        name, is_there, text = one.partition("=")
        if not is_there or name not in FIELDS[of]:
            raise _unknown_field(name, FIELDS[of], f"--where {one[:80]}")
        found[name] = WORDS.get(text, text)
    return found


def _unknown_field(name: str, known: Mapping[str, object], where: str) -> InputRefused:
    mend = f"one of: {', '.join(known)}"
    return InputRefused("unknown_field", f"rows have no field {name[:40]!r}", where=where, mend=mend)


def _shown(row: Row) -> dict[str, Any]:
    """Return a row as its fields, without the moments that it counts by."""
    of = Of.DETAINERS if row["ref"].startswith("detainer/") else Of.HANDOFFS
    return {"ref": row["ref"], **{name: row[name] for name in FIELDS[of]}, "events": row["events"]}


def _cell(by: Mapping[str, Value], name: str) -> str:
    if name not in by:
        return ""
    return BLANK if by[name] is None else str(by[name])


def _events(positions: Sequence[int]) -> str:
    shown = ", ".join(map(str, positions[:EVENTS_SHOWN]))
    return f"{shown}, ..." if len(positions) > EVENTS_SHOWN else shown


COMMANDS = (counts,)
