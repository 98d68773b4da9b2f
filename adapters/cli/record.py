"""Commands about the log itself: init, log, replay, verify."""

from __future__ import annotations

import sys
from base64 import b64encode
from datetime import timedelta

import click
import orjson

from adapters.agencies import allow_unsigned as begin_unsigned
from adapters.cli.options import POSITION_MAX, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar, show_pack
from adapters.composition import Services, read_models
from adapters.known import amendments, rules_known
from adapters.read_models.answers import in_memory
from adapters.store.ledger import Ledger
from adapters.store.verification import Verification
from adapters.store.verification import verify as verify_ledger
from domain.errors import InputRefused, IntegrityProblem
from domain.instants import EPOCH, format_rfc3339
from projections.replay import Replayed
from projections.replay import replay as replay_models


@click.command()
@click.option("--writer", metavar="ROLE", help="PostgreSQL: a role that may append and read, made if there is none.")
@click.option("--reader", metavar="ROLE", help="PostgreSQL: a role that may only read, made if there is none.")
@click.option(
    "--allow-unsigned", is_flag=True, help="Take unsigned events from the network too, marked as such for ever."
)
@json_option
@pass_services
def init(services: Services, /, writer: str | None, reader: str | None, *, allow_unsigned: bool, as_json: bool) -> None:
    """Make an empty ledger; one that exists stays as it is."""
    if writer or reader:
        services.let_in(writer=writer, reader=reader)
    ledger = services.writing()
    try:
        if allow_unsigned:
            begin_unsigned(ledger, services.clock())
        position = ledger.position()
    finally:
        ledger.close()
    if as_json:
        print_json({"ledger": str(services.place), "position": position})
    else:
        click.echo(f"{services.place}: a ledger of {position:,} events")


@click.command()
@click.option(
    "--from", "first", default=1, show_default=True, type=click.IntRange(1, POSITION_MAX), help="First position."
)
@click.option("--limit", type=click.IntRange(0, POSITION_MAX), help="At most this many events.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines are what it always prints.")
@pass_services
def log(services: Services, first: int, limit: int | None, as_json: bool) -> None:  # noqa: ARG001
    """Print events as JSON lines of position, recorded_at, signature and the event, bytes as received."""
    ledger = services.reading()
    out = sys.stdout.buffer
    for row in ledger.event_rows(after=first - 1, limit=limit):
        out.write(log_line(row["position"], row["recorded_at"], row["signature"], row["state"]))
    out.flush()
    ledger.close()


def log_line(position: int, recorded_us: int, signature: bytes | None, body: bytes) -> bytes:
    """Write `{"position":1,"recorded_at":"…","signature":"…","event":{…}}` with the event's own bytes in it.

    The signature is in base64; an event without one has no such key.
    """
    recorded_at = format_rfc3339(EPOCH + timedelta(microseconds=recorded_us))
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        what, where = f"the stored bytes are not JSON: {error}", f"position {position}"
        raise IntegrityProblem("bad_event", what, where=where, mend="run `custody verify`") from None
    signed = {} if signature is None else {"signature": b64encode(signature).decode()}
    head = orjson.dumps({"position": position, "recorded_at": recorded_at, **signed})
    return head[:-1] + b',"event":' + body + b"}\n"


@click.command()
@json_option
@pass_services
def replay(services: Services, as_json: bool) -> int:
    """Rebuild every read model from the log and print a digest of each."""
    ledger = services.reading()
    upto = ledger.position()
    amending = amendments(ledger, upto)
    models = read_models(services, ledger, upto, amending)
    pack = rules_known(ledger, upto, amending).as_json()
    with progress_bar("replaying", upto) as progress:
        result = replay_models(ledger.recorded(upto=upto), amending, models, progress)
    for name in services.models().folds:
        _replay_kept(services, ledger, name, result)
    ledger.close()
    if as_json:
        read = {"events": result.events, "read_models": result.read_models, "parked": result.parked}
        print_json({**read, "pack": pack})
    else:
        click.echo(f"{result.events:,} events replayed, under {show_pack(pack)}")
        print_table(["read model", "digest"], list(result.read_models.items()), empty="")
        for parked in result.parked:
            click.echo(f"parked: position {parked['position']} in {parked['read_model']}: {parked['what']}")
    return 1 if result.parked else 0


def _replay_kept(services: Services, ledger: Ledger, name: str, result: Replayed) -> None:
    """Fold a model that can be kept, in memory, and add its digest and what could not be folded."""
    model = in_memory(services.models(), ledger, name, result.events)
    result.read_models[name] = model.digest()
    result.parked += [{"position": at, "read_model": name, "what": what} for at, what in model.parked()]
    model.close()


@click.command()
@click.option("--size", type=click.IntRange(min=1), help="Number of events under a root you kept.")
@click.option("--root", help="That root, in hex; the ledger must still lead to it.")
@json_option
@pass_services
def verify(services: Services, size: int | None, root: str | None, as_json: bool) -> int:
    """Re-hash every event and check all that is kept beside it; compare with a root you kept."""
    if (size is None) != (root is None):
        raise InputRefused(
            "usage", "--size and --root belong together", mend="give both, as an earlier verify printed them"
        )
    ledger = services.reading()
    result = _verify(ledger, (size, root.lower()) if size and root else None)
    ledger.close()
    if as_json:
        print_json(result.as_json())
    else:
        click.echo(f"{result.events:,} events re-hashed, root {result.root or 'not known'}")
        if result.signatures:
            click.echo(f"{result.signatures:,} signatures checked, each by the keys as they were at its position")
        for problem in result.problems:
            click.echo(f"position {problem['position']}: {problem['what']}")
        click.echo("no problem found: unchanged since it was recorded" if not result.problems else "problems found")
        click.echo("This shows recorded and unchanged, not true and not complete. Keep the root to check later.")
    return 1 if result.problems else 0


def _verify(ledger: Ledger, kept_root: tuple[int, str] | None) -> Verification:
    with progress_bar("verifying") as progress:
        return verify_ledger(ledger, progress, kept_root=kept_root)


COMMANDS = (init, log, replay, verify)
