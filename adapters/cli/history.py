"""Commands about how what is known came about: history, diff, since.

    history REF     every row of a facility, episode, detainer or handoff, on both clocks
    diff K1 K2      what is known otherwise at K2 than at K1, and which events changed it
    since K         everything newly known since K, with the position and root to note down for next time

adapters/questions/ draws what they print with --json: history.py the list of `history`, changes.py those of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from adapters.cli.options import KNOWLEDGE, MOMENT, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar, show_instant
from adapters.composition import Services
from adapters.questions.asked import Asked
from adapters.questions.changes import Change, diff, since
from adapters.questions.history import Version, history
from adapters.questions.shown import EventShown
from adapters.visible import visible
from domain.instants import format_rfc3339
from projections.explained.wording import spaced

SHOWN = 50

holding_option = click.option("--at", type=MOMENT, help="Only rows that hold at the end of this date, or at this time.")
model_option = click.option(
    "--model", metavar="M", help="Only this read model; `custody projections status` lists them."
)


@click.command("history")
@click.argument("ref")
@model_option
@holding_option
@known_option
@json_option
@pass_services
def whole_history(
    services: Services,
    ref: str,
    model: str | None,
    at: datetime | None,
    known: int | datetime | None,
    *,
    as_json: bool,
) -> None:
    """Every row of a facility, episode, detainer or handoff: when it was so, and while what was known."""
    ledger = services.reading()
    upto = known_position(ledger, known)
    with progress_bar("folding", upto) as progress:
        found = history(Asked(services, ledger, progress), ref, at=at, upto=upto, model=model)
    ledger.close()
    if as_json:
        print_json([version.as_json() for version in found])
        return
    columns = ["table", "of", "valid from", "valid to", "known from", "known to", "says"]
    print_table(columns, [_version_cells(version) for version in found], empty="No read model tells of it.")


def _version_cells(version: Version) -> list[object]:
    return [
        version.what.table,
        version.what.ref,
        show_instant(version.valid_from) if version.valid_from else "",
        show_instant(version.valid_to) if version.valid_to else "",
        version.known_from,
        version.known_to,
        "; ".join(_values(version.row)),
    ]


@click.command("diff")
@click.argument("before", metavar="K1", type=KNOWLEDGE)
@click.argument("after", metavar="K2", type=KNOWLEDGE)
@holding_option
@model_option
@click.option("--facility", help="Only rows of this facility.")
@json_option
@pass_services
def difference(
    services: Services,
    before: int | datetime,
    after: int | datetime,
    at: datetime | None,
    model: str | None,
    facility: str | None,
    *,
    as_json: bool,
) -> None:
    """What is known otherwise at K2 than at K1 (positions or dates), and which events changed it."""
    ledger = services.reading()
    first, last = (known_position(ledger, known, where) for known, where in ((before, "K1"), (after, "K2")))
    with progress_bar("folding", max(first, last)) as progress:
        changes = diff(Asked(services, ledger, progress), first, last, at=at, model=model, facility=facility)
    ledger.close()
    if as_json:
        print_json([change.as_json() for change in changes])
        return
    click.echo(f"{_counted(changes, 'change')} from what was known at position {first:,} to {last:,}")
    _print_changes(changes)


@click.command("since")
@click.argument("position", metavar="K", type=KNOWLEDGE)
@model_option
@json_option
@pass_services
def news(services: Services, position: int | datetime, model: str | None, *, as_json: bool) -> None:
    """Everything newly known since K (a position or a date), with the position and root to note down for next time."""
    ledger = services.reading()
    first = known_position(ledger, position, "K")
    with progress_bar("folding") as progress:
        found = since(Asked(services, ledger, progress), first, model=model)
    ledger.close()
    if as_json:
        print_json(found.as_json())
        return
    new = f"{_counted(found.events, 'event')} and {_counted(found.changes, 'change')}"
    click.echo(f"{new} since position {found.since:,}")
    rows = [[event.position, show_instant(event.at.as_json()), event.agency, event.type] for event in found.events]
    if rows:
        print_table(["position", "when", "who says so", "what"], rows[:SHOWN], empty="")
        _say_more(len(rows))
    _print_changes(found.changes)
    click.echo(f"\nNote down for next time: position {found.position}, root {found.root}")
    click.echo("`custody verify --size POSITION --root ROOT` then shows that nothing before was changed.")


def _counted(things: list[Any], noun: str) -> str:
    return f"{len(things):,} {noun}{'' if len(things) == 1 else 's'}"


def _say_more(count: int) -> None:
    if count > SHOWN:
        click.echo(f"(the first {SHOWN} are shown; --json has them all)")


def _print_changes(changes: list[Change]) -> None:
    for change in changes[:SHOWN]:
        click.echo(f"\n{spaced(change.what.table)} of {visible(change.what.ref)}")
        for words in _change_words(change):
            click.echo(f"  {words}")
        for event in change.events:
            click.echo(f"  changed by {_event_words(event)}")
    _say_more(len(changes))


def _change_words(change: Change) -> Iterator[str]:
    before, after = change.before, change.after
    if before is None or after is None:
        yield f"{'not known before' if after else 'no longer so'}: {'; '.join(_values(after or before or {}))}"
        return
    for name in before:
        if before[name] != after[name]:
            yield f"{spaced(name)}: {_value(before[name])} became {_value(after[name])}"


def _values(row: Mapping[str, Any]) -> list[str]:
    """Write what a row says, without what it does not."""
    return [f"{spaced(name)} {_value(value)}" for name, value in row.items() if value not in (None, [], "")]


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict) and "precision" not in value:
        return ", ".join(f"{spaced(name)} {_value(inner)}" for name, inner in value.items())
    return show_instant(value) if isinstance(value, dict) else visible(str(value))


def _event_words(event: EventShown) -> str:
    amends = f", which amends {event.amends}" if event.amends else ""
    known = format_rfc3339(event.recorded_at)
    return f"position {event.position}: {event.type} of {event.agency}, known since {known}{amends}"


COMMANDS = (whole_history, difference, news)
