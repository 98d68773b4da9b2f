"""Commands about places and people: facilities, state, handoffs, pickups, notices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.cli.options import as_of_option, at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, show_instant
from adapters.composition import Services
from adapters.questions.asked import Asked
from adapters.questions.custody_at import custody_at
from adapters.questions.handed_over import as_told, handed_over
from domain.instants import local
from projections.handoffs import NOTICES, PICKUPS


@click.command()
@json_option
@pass_services
def facilities(services: Services, as_json: bool) -> None:
    """List the facilities, their kinds and who runs them."""
    rows = [facility.as_json() for facility in services.register.facilities]
    if as_json:
        print_json(rows)
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows], empty="")


@click.command()
@click.argument("facility")
@at_option
@known_option
@json_option
@pass_services
def state(services: Services, facility: str, at: datetime | None, known: int | datetime | None, as_json: bool) -> None:
    """Who is in custody at a facility, as of a time and as known at a position."""
    services.register.facility(facility)
    moment = at or local(services.clock())
    ledger = services.reading()
    document = custody_at(Asked(services, ledger), facility, at=moment, upto=known_position(ledger, known)).as_json()
    ledger.close()
    print_json(document) if as_json else _print_state(document)


def _print_state(document: dict[str, Any]) -> None:
    rows = document["in_custody"]
    click.echo(
        f"{document['facility']} at {show_instant(document['at'])}, as known at position {document['known']:,}: "
        f"{len(rows):,} in custody"
    )
    table = [
        [
            row["episode"],
            row["subject"],
            show_instant(row["since"]) + ("" if row["certain"] else " (?)"),
            row["legal_custodian"],
            row["location"],
            ", ".join(hold["kind"] for hold in row["holds"]),
        ]
        for row in rows
    ]
    columns = ["episode", "subject", "since", "legal custodian", "location", "holds"]
    print_table(columns, table, empty="Nobody is recorded in custody here at that time.")
    for found in document["contradictions"]:
        click.echo(
            f"not counted: {found['episode']}: its release is recorded before its booking (events {found['events']})"
        )


facility_option = click.option("--facility", help="Only from this facility.")


@click.command()
@facility_option
@as_of_option
@known_option
@json_option
@pass_services
def handoffs(
    services: Services, facility: str | None, at: datetime | None, known: int | datetime | None, as_json: bool
) -> None:
    """Handoffs with what each side said, and whether they agree."""
    ledger = services.reading()
    rows = handed_over(Asked(services, ledger), facility=facility, at=at, upto=known_position(ledger, known))
    ledger.close()
    if as_json:
        print_json(rows)
        return
    columns = ["handoff", "from", "to", "status", "minutes apart", "who said it"]
    table = [
        [
            r["handoff"],
            r["from"],
            r["to"],
            r["status"],
            r["minutes_apart"],
            ", ".join(s["agency"] for s in r["said"]),
        ]
        for r in rows
    ]
    print_table(columns, table, empty="No handoff is recorded.")


@click.command()
@facility_option
@as_of_option
@known_option
@json_option
@pass_services
def pickups(
    services: Services, facility: str | None, at: datetime | None, known: int | datetime | None, as_json: bool
) -> None:
    """Pickups: when they were due, who came, how late, and where nobody came."""
    columns = ["handoff", "facility", "by_agency", "outcome", "scheduled", "arrived", "minutes_late", "waited_minutes"]
    _list(services, PICKUPS.name, columns, facility, at, known, as_json=as_json, empty="No pickup is recorded.")


@click.command()
@facility_option
@as_of_option
@known_option
@json_option
@pass_services
def notices(
    services: Services, facility: str | None, at: datetime | None, known: int | datetime | None, as_json: bool
) -> None:
    """Release notices: requested, sent and how long before, acknowledged, or withheld."""
    columns = ["handoff", "facility", "outcome", "requested", "sent", "scheduled_release", "lead_minutes"]
    _list(services, NOTICES.name, columns, facility, at, known, as_json=as_json, empty="No release notice is recorded.")


def _list(
    services: Services,
    table: str,
    columns: list[str],
    facility: str | None,
    at: datetime | None,
    known: int | datetime | None,
    *,
    as_json: bool,
    empty: str,
) -> None:
    if facility:
        services.register.facility(facility)
    ledger = services.reading()
    asked = Asked(services, ledger)
    found = asked.rows(table, asked.at_facility(facility), at=at, upto=known_position(ledger, known))
    rows = [as_told(row) for row in found]
    ledger.close()
    rows.sort(key=lambda row: str(row["handoff"]))
    if as_json:
        print_json(rows)
        return
    instants = {"scheduled", "arrived", "requested", "sent", "scheduled_release"}
    cells = [[_cell(row[name], is_instant=name in instants) for name in columns] for row in rows]
    print_table([name.replace("_", " ") for name in columns], cells, empty=empty)


def _cell(value: object, *, is_instant: bool) -> object:
    return show_instant(value) if is_instant and value is not None else value


COMMANDS = (facilities, state, handoffs, pickups, notices)
