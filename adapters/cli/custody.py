"""Commands about places and people: facilities, state, handoffs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.cli.options import at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, show_instant
from adapters.composition import Services, amendments, local
from adapters.queries import facility_events
from domain.instants import format_rfc3339
from projections.handoffs import Handoffs


@click.command()
@json_option
@pass_services
def facilities(services: Services, as_json: bool) -> None:
    """List the facilities, their kinds and who runs them."""
    rows = [
        {"id": f.id, "name": f.name, "kind": f.kind, "agency": f.agency, "county": f.county}
        for f in services.register.facilities
    ]
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
    upto = known_position(ledger, known)
    amending = amendments(ledger, upto)
    custody = services.custody()
    for event in amending.apply(facility_events(ledger, facility, upto, amending)):
        custody.apply(event)
    ledger.close()
    rows = custody.in_custody(facility, moment)
    document = {
        "facility": facility,
        "at": format_rfc3339(moment),
        "known": upto,
        "count": len(rows),
        "in_custody": rows,
        "contradictions": custody.contradictions(),
    }
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


@click.command()
@click.option("--facility", help="Only handoffs from this facility.")
@known_option
@json_option
@pass_services
def handoffs(services: Services, facility: str | None, known: int | datetime | None, as_json: bool) -> None:
    """Handoffs with what each side said, and whether they agree."""
    if facility:
        services.register.facility(facility)
    ledger = services.reading()
    upto = known_position(ledger, known)
    found = Handoffs()
    for event in amendments(ledger, upto).apply(ledger.recorded(upto=upto, topics=Handoffs.topics)):
        found.apply(event)
    ledger.close()
    rows = found.rows(facility)
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


COMMANDS = (facilities, state, handoffs)
