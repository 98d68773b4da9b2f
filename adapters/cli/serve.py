"""`custody serve`: the ledger over HTTP."""

from __future__ import annotations

import click

from adapters.cli.options import pass_services
from adapters.composition import Services
from domain.errors import InputRefused, LedgerUnavailable
from domain.events.record import Role

PORT_MAX = 65_535
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, PORT_MAX), default=8000, show_default=True, help="0: any that is free.")
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=20_000.0,
    show_default=True,
    help="Events and questions a second that one address may send.",
)
@click.option(
    "--checkers", type=click.IntRange(0, 64), default=0, show_default=True, help="Processes that check signatures."
)
@click.option(
    "--open-as",
    type=click.Choice([role.value for role in Role if role is not Role.PUBLISHER]),
    default=Role.PUBLIC.value,
    show_default=True,
    help="The role of whoever comes without a token; another than public on this machine alone.",
)
@pass_services
def serve(services: Services, host: str, port: int, rate: float, checkers: int, open_as: str) -> None:
    """Take events and answer questions over HTTP until stopped; the ledger must exist."""
    from adapters.http.serving import Listening, run

    if open_as != Role.PUBLIC and host not in LOOPBACK:
        what, mend = f"whoever reaches {host} would read as {open_as}", "grant tokens with `custody access grant`"
        raise InputRefused("open_to_others", what, where=f"--open-as {open_as}", mend=mend)
    services.reading().close()  # what is wrong with the ledger is said now, not in a log
    if not run(services, Listening(host, port), events_per_second=rate, checkers=checkers, open_as=Role(open_as)):
        what, mend = "nothing can listen there", "name a free port with --port"
        raise LedgerUnavailable("port_taken", what, where=f"{host}:{port}", mend=mend)


COMMANDS = (serve,)
