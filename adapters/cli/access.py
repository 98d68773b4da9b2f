"""`custody access`: who may read over HTTP, and what they read.

    access grant --role oversight --to WHO --purpose P    let somebody read; prints the token, once
    access revoke GRANT --reason CODE                     let its token open nothing from here on
    access list                                           every grant, and from which position to which it is good
    access disclosed [--to WHO]                           what was shown to whom, and for what

With --json, `grant` gives a grant as projections/access.py draws it, and `token`; `revoke` the grant; `list` a list of
them; `disclosed` a list of {"position","at","grant","reader","role","purpose","target","question"}.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.access import disclosures, grants_known
from adapters.access import grant as let_read
from adapters.access import revoke as let_read_no_longer
from adapters.cli.options import known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, show_instant
from adapters.composition import Services
from domain.errors import InputRefused
from domain.events.record import Role
from projections.recorded import Recorded

SHOWN = 50
GRANTED_ROLES = [role.value for role in Role if role is not Role.PUBLIC]


@click.group()
def access() -> None:
    """Who may read over HTTP: grant, revoke, list; and what was read."""


@access.command()
@click.option("--role", required=True, type=click.Choice(GRANTED_ROLES), help="What the reader may see.")
@click.option("--to", "reader", required=True, metavar="WHO", help="Who it is; for a publisher, the agency's id.")
@click.option("--purpose", required=True, help="What for: it is recorded with everything that is shown.")
@json_option
@pass_services
def grant(services: Services, role: str, reader: str, purpose: str, *, as_json: bool) -> None:
    """Let somebody read, and print the token: only its digest is kept, so it is shown this once."""
    if role == Role.PUBLISHER and not any(one.agency == reader for one in services.register.facilities):
        what = f"no facility is run by {reader[:80]!r}"
        raise InputRefused("unknown_agency", what, where="--to", mend="a publisher is an agency: `custody facilities`")
    ledger = services.appending()
    granted = let_read(ledger, reader, Role(role), purpose, services.clock())
    ledger.close()
    if as_json:
        print_json({**granted.grant.as_json(), "token": granted.token})
        return
    click.echo(f"{granted.grant.id}: {reader} may read as {role}, from position {granted.grant.since} on")
    click.echo(f"token, shown this once: {granted.token}")
    click.echo("send it as `Authorization: Bearer TOKEN`; what is shown to its bearer is recorded")


@access.command()
@click.argument("grant_id", metavar="GRANT")
@click.option("--reason", required=True, help="A code of your own: ended, lost, ...")
@json_option
@pass_services
def revoke(services: Services, grant_id: str, reason: str, *, as_json: bool) -> None:
    """Let a grant's token open nothing from here on."""
    ledger = services.appending()
    row = let_read_no_longer(ledger, grant_id, reason, services.clock()).as_json()
    ledger.close()
    print_json(row) if as_json else click.echo(f"{grant_id}: revoked at position {row['revoked']}")


@access.command(name="list")
@known_option
@json_option
@pass_services
def list_(services: Services, known: int | datetime | None, *, as_json: bool) -> None:
    """List every grant: whose it is, in which role, for what, and from which position to which it is good."""
    ledger = services.reading()
    rows = [one.as_json() for one in grants_known(ledger, known_position(ledger, known))]
    ledger.close()
    if as_json:
        print_json(rows)
        return
    columns = ["grant", "reader", "role", "purpose", "state", "since", "revoked"]
    print_table(columns, [[row[name] for name in columns] for row in rows], empty="Nobody was given leave to read.")


@access.command()
@click.option("--to", "reader", metavar="WHO", help="Only what was shown to this reader.")
@known_option
@json_option
@pass_services
def disclosed(services: Services, reader: str | None, known: int | datetime | None, *, as_json: bool) -> None:
    """List what was shown to whom, in which role and for what, in the order of the log."""
    ledger = services.reading()
    rows = [_row(event) for event in disclosures(ledger, known_position(ledger, known), reader)]
    ledger.close()
    if as_json:
        print_json(rows)
        return
    columns = ["position", "at", "reader", "role", "purpose", "question"]
    table = [[show_instant(row[name]) if name == "at" else row[name] for name in columns] for row in rows[-SHOWN:]]
    print_table(columns, table, empty="Nothing about persons was shown over HTTP.")
    if len(rows) > SHOWN:
        click.echo(f"(the last {SHOWN} of {len(rows):,} are shown; --json has them all)")


def _row(event: Recorded) -> dict[str, Any]:
    said = event.data.model_dump(mode="json", include={"reader", "role", "purpose", "target", "question"})
    return {"position": event.position, "at": event.occurred.as_json(), "grant": event.stream_id, **said}


COMMANDS = (access,)
