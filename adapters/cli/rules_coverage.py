"""`custody rules coverage`: every facility by every decision point: a rule, a conflict, none, or not known.

With --json the list that projections/coverage.py draws; with --from or --until as well, or both, how that changed over
time, as projections/coverage_history.py draws it. For people a table of statuses, with facilities grouped that
have the same in every column; with --facility or --decision-point the rules behind them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from adapters.cli.options import MOMENT, START, at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, show_pack
from adapters.composition import Services
from adapters.deciding import deciding
from adapters.questions.asked import Asked
from adapters.questions.coverage import coverage_at, coverage_over
from adapters.rules.packs import load_pack
from adapters.visible import visible
from domain.errors import InputRefused
from domain.events.fields import DecisionPoint
from domain.instants import local
from domain.rules.pack import Status
from domain.rules.vocabulary import FactValue
from projections.coverage import Cell, Group, grouped
from projections.coverage_history import Row, Window
from projections.explained.wording import spaced

SHORT = {
    DecisionPoint.ASK_STATUS: "ask",
    DecisionPoint.SHARE_INFORMATION: "share",
    DecisionPoint.SHARE_BOOKING: "booking",
    DecisionPoint.ALLOW_INTERVIEW: "interv",
    DecisionPoint.SERVE_DETAINER: "serve",
    DecisionPoint.COMMITMENT_NOTICE: "commit",
    DecisionPoint.RELEASE_NOTICE: "notice",
    DecisionPoint.HOLD_PAST_RELEASE: "hold",
    DecisionPoint.SERVE_ADMIN_WARRANT: "warrant",
    DecisionPoint.HAND_OVER: "hand",
    DecisionPoint.POST_TRANSFER_HOLD: "after",
    DecisionPoint.HOUSE_FOR_ICE: "beds",
    DecisionPoint.ISSUE_DETAINER: "issue",
    DecisionPoint.PUBLISH_HANDOFF: "publish",
    DecisionPoint.SEAL_RECORD: "seal",
    DecisionPoint.ENTER_AGREEMENT: "agree",
}
WORD = {
    Status.REQUIRED: ("must", "an obligation stands"),
    Status.PROHIBITED: ("not", "a prohibition stands"),
    Status.PERMITTED: ("may", "a permission stands"),
    Status.REQUESTED_ONLY: ("asked", "only a request stands"),
    Status.NO_RULE: ("-", "no rule"),
    Status.CONFLICT: ("BOTH", "a prohibition stands against an obligation or permission"),
    Status.UNDETERMINED: ("?", "not known: a missing fact could change it"),
}
WHO_WIDTH = 34
FILE_WIDTH = 160  # as tables in a file are
NAMED_MAX = 3
HISTORY_SHOWN = 100
ONE_SECOND = timedelta(seconds=1)
KIND_PLURAL = {"city_lockup": "city lockups", "juvenile": "juvenile facilities", "federal_marshals": "federal marshals"}


@click.command()
@at_option
@click.option("--from", "first", type=START, help="How it changed since then.")
@click.option("--until", "last", type=MOMENT, help="How it changed until then (a date: its end).")
@known_option
@click.option("--pack", "pack_file", type=click.Path(path_type=Path), help="A pack file, or one that ships.")
@click.option("--facility", help="Only this facility, with the rules.")
@click.option(
    "--decision-point", "point", type=click.Choice([one.value for one in DecisionPoint]), help="Only this, with rules."
)
@json_option
@pass_services
def coverage(
    services: Services,
    at: datetime | None,
    first: datetime | None,
    last: datetime | None,
    known: int | datetime | None,
    pack_file: Path | None,
    facility: str | None,
    point: str | None,
    *,
    as_json: bool,
) -> None:
    """Show what the rules say in the ordinary case, facility by decision point."""
    if at and (first or last):
        raise InputRefused(
            "usage", "--at asks about one moment, --from and --until about many", mend="give one of them"
        )
    points = [DecisionPoint(point)] if point else list(DecisionPoint)
    ledger = services.reading()
    asked, upto = Asked(services, ledger), known_position(ledger, known)
    pack = load_pack(pack_file) if pack_file else None
    if first or last:
        rows = coverage_over(asked, Window(first, last), upto=upto, facility=facility, points=points, pack=pack)
        ledger.close()
        print_json([row.as_json() for row in rows]) if as_json else _print_history(rows, upto)
        return
    moment = at or services.clock()
    by = deciding(ledger, upto, pack)
    ledger.close()
    cells = coverage_at(asked, by, moment, facility=facility, points=points)
    if as_json:
        print_json([cell.as_json() for cell in cells])
        return
    click.echo(f"Facility by decision point at {local(moment):%Y-%m-%d %H:%M}, as known at position {upto:,},")
    click.echo(f"under {show_pack(by.rules.as_json())}\n")
    names = {one.id: one.name for one in services.register.facilities}
    _print_rules(cells, names, facility) if facility or point else _print_statuses(cells, names)
    _print_supposed(by.rules.rulebook.pack.suppose, points)
    if by.agreements is None:
        click.echo("No list of agreements has been imported, so nothing is known of agreements.")


def _print_history(rows: Sequence[Row], upto: int) -> None:
    click.echo(f"What the rules said, as it was known up to position {upto:,}\n")
    table = [
        [
            row.cell.facility or row.cell.custodian.agency,
            spaced(row.cell.decision_point),
            _minute(row.valid_from),
            _minute(row.valid_to),
            f"{row.known_from:,} to {row.known_to:,}" if row.known_to is not None else f"from {row.known_from:,}",
            spaced(row.cell.status),
            _why(row.cell),
        ]
        for row in rows[:HISTORY_SHOWN]
    ]
    columns = ["custodian", "decision point", "since", "until", "known", "status", "rules that stand"]
    print_table(columns, table, empty="No custodian is meant.")
    if len(rows) > HISTORY_SHOWN:
        click.echo(
            f"(the first {HISTORY_SHOWN} of {len(rows):,}; --facility and --decision-point narrow it, --json has all)"
        )


def _minute(moment: datetime | None) -> str:
    """Write a bound; the last second of a day is, to a reader, the next day's beginning."""
    return f"{local(moment + ONE_SECOND):%Y-%m-%d %H:%M}" if moment else ""


def _print_statuses(cells: Sequence[Cell], names: dict[str, str]) -> None:
    groups = grouped(cells, with_rules=False)
    silent = [point for point in DecisionPoint if not _spoken_at(point, cells)]
    shown = [point for point in DecisionPoint if point not in silent]
    for points in _blocks(shown, Console().width if sys.stdout.isatty() else FILE_WIDTH):
        rows = [[_who(group, names), *_statuses(group, points)] for group in groups]
        print_table(["custodians", *(SHORT[point] for point in points)], rows, empty="")
        click.echo()
    click.echo("columns: " + ", ".join(f"{SHORT[point]} = {spaced(point)}" for point in shown))
    if silent:
        click.echo("no rule for anybody: " + ", ".join(map(spaced, silent)))
    meanings = [*WORD.values(), ("read", "rival readings of a text differ"), ("blank", "not asked")]
    click.echo("cells: " + "; ".join(f"{word} = {meaning}" for word, meaning in meanings))


def _blocks(points: Iterable[DecisionPoint], width: int) -> Iterator[list[DecisionPoint]]:
    """Cut the columns so that each table fits beside the names."""
    block: list[DecisionPoint] = []
    for point in points:
        if block and WHO_WIDTH + sum(len(SHORT[one]) + 2 for one in (*block, point)) > width:
            yield block
            block = []
        block.append(point)
    yield block


def _spoken_at(point: DecisionPoint, cells: Iterable[Cell]) -> bool:
    return any(cell.decision_point is point and cell.status is not Status.NO_RULE for cell in cells)


def _statuses(group: Group, points: Iterable[DecisionPoint]) -> list[str]:
    words = {cell.decision_point: "read" if cell.disputed else WORD[cell.status][0] for cell in group.cells}
    return [words.get(point, "") for point in points]


def _print_rules(cells: Sequence[Cell], names: dict[str, str], facility: str | None) -> None:
    """Print one facility point by point, or one point for each group of custodians."""
    if facility:
        click.echo(names[facility])
        rows = [[spaced(cell.decision_point), spaced(cell.status), _why(cell)] for cell in cells]
    else:
        groups = grouped(cells, with_rules=True)
        rows = [[_who(group, names), spaced(group.cells[0].status), _why(group.cells[0])] for group in groups]
    print_table(["decision point" if facility else "custodians", "status", "rules that stand"], rows, empty="")
    click.echo()


def _why(cell: Cell) -> str:
    unknown = ", ".join(cell.unknown)
    missing = f" (missing {', '.join(cell.missing)})" if cell.missing else ""
    return ", ".join(cell.rules) + (f"; perhaps {unknown}{missing}" if unknown else "")


def _who(group: Group, names: dict[str, str]) -> str:
    """Name up to three, count more: `78 county jails without a rule of their own`."""
    kind = group.members[0].custodian.kind
    if len(group.members) <= NAMED_MAX:
        return ", ".join(names[cell.facility] if cell.facility else cell.custodian.agency for cell in group.members)
    plural = KIND_PLURAL.get(kind, f"{spaced(kind)}s")
    own = "" if any(cell.own_rule for cell in group.cells) else " without a rule of their own"
    return f"{len(group.members)} {plural}{own}"


def _print_supposed(suppose: dict[DecisionPoint, dict[str, FactValue]], points: Iterable[DecisionPoint]) -> None:
    click.echo("Supposed, beside the custodian's kind, county, agency and agreements:")
    for point in points:
        facts = ", ".join(f"{name} = {_shown(value)}" for name, value in suppose.get(point, {}).items())
        if facts:
            click.echo(f"  {spaced(point)}: {facts}")


def _shown(value: FactValue) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else visible(str(value))
