"""`custody duties`: what was owed, by whom, by when, under which rule, and whether it was done.

    duties --agency mn-cass-sheriff --open     what do I owe, by when, under which rule

With --json the list that projections/owed.py draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from adapters.cases import decided_cases
from adapters.cli.options import at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar, show_instant
from adapters.composition import Services, local
from adapters.read_models.answers import answering
from adapters.read_models.rows import ModelRow
from adapters.store.ledger import Ledger
from domain.errors import InputRefused
from projections.duties import DUTIES, Duties
from projections.explained.wording import spaced
from projections.leaving import DEPARTURES, left_at
from projections.owed import DECIDED_POINTS, Status, owed

NOT_DONE = {Status.OPEN.value, Status.OVERDUE.value, Status.NOT_KNOWN.value}


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
    where = _where(services, facility, agency)
    moment = at or local(services.clock())
    ledger = services.reading()
    upto = known_position(ledger, known)
    with answering(services.models(), ledger, Duties.name, upto) as model:
        kept = list(model.rows(DUTIES.name, upto, where))
    rows = sorted(_owed(services, ledger, kept, at, moment, upto), key=_order)
    ledger.close()
    if only_open:
        rows = [row for row in rows if row["status"] in NOT_DONE and row["done"] is None]
    print_json(rows) if as_json else _print(rows, moment, upto)


def _where(services: Services, facility: str | None, agency: str | None) -> dict[str, list[str]]:
    """Return at which facilities to look."""
    if facility:
        services.register.facility(facility)
    if agency is None:
        return {"facility": [facility]} if facility else {}
    run = [one.id for one in services.register.facilities if one.agency == agency]
    if not run:
        raise InputRefused("unknown_agency", f"no facility is run by {agency[:80]!r}", mend="see `custody facilities`")
    return {"facility": [one for one in run if facility in (None, one)]}


def _owed(
    services: Services, ledger: Ledger, kept: list[ModelRow], at: datetime | None, moment: datetime, upto: int
) -> Iterator[dict[str, Any]]:
    """Decide the cases of the duties found, and yield these with their rules."""
    custodians = services.custodians()
    by_case: dict[str, list[ModelRow]] = {}
    for row in kept:
        by_case.setdefault(f"episode/{row['episode']}", []).append(row)
    with progress_bar("deciding", len(by_case)) as advance:
        cases = decided_cases(services, ledger, sorted(by_case), DECIDED_POINTS, at=at, upto=upto)
        for done, case in enumerate(cases, 1):
            made = {decision.determination.decision_point: decision for decision in case.decisions}
            departures = [left_at(event) for event in case.events if isinstance(event.data, DEPARTURES)]
            left = min(departures, key=lambda instant: instant.sort_key, default=None)
            for row in by_case[case.ref]:
                custodian = custodians.get(row["facility"] or "")
                yield from owed(row, made, owed_by=custodian.agency if custodian else None, left=left, at=moment)
            advance(done)


def _order(row: dict[str, Any]) -> tuple[str, str, str, str]:
    return row["episode"], row["duty"], row["rule"] or "", row["detainer"] or ""


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
