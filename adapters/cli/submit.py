"""`custody submit`: an agency's events to a ledger elsewhere, signed, through a spool that survives everything."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from adapters.cli.output import json_option, print_json, progress_bar
from adapters.importers.tables import read_lines
from adapters.submit.carriers import Carrier
from adapters.submit.drafts import Publisher
from adapters.submit.spool import Spool
from adapters.submit.submitting import Line, Submitted, send, take_in
from adapters.trust.keys import load_signing_key
from domain.errors import InputRefused

SHOWN = 20
STDIN = "-"
KAFKA = "kafka:"


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True), metavar="[FILE...]")
@click.option(
    "--to",
    "address",
    envvar="CUSTODY_TO",
    required=True,
    metavar="URL",
    help="The ledger: http(s)://HOST, or kafka:TOPIC.",
)
@click.option("--key", "key_file", type=click.Path(path_type=Path), help="Private key that signs; see `agency keygen`.")
@click.option("--source", help="Who publishes, where a line does not say: agency:mn-cass-sheriff.")
@click.option(
    "--spool",
    "spool_file",
    type=click.Path(path_type=Path),
    default=Path("custody-spool.db"),
    show_default=True,
    help="File that holds what is not answered yet.",
)
@click.option(
    "--patience",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    help="Seconds to try again while the ledger is away.",
)
@click.option("--settings", type=click.Path(path_type=Path), help="File that says how to reach Kafka; docs/kafka.md.")
@click.option("--retry-refused", is_flag=True, help="Send again what was refused, once the reason is mended.")
@json_option
def submit(
    files: tuple[Path, ...],
    address: str,
    key_file: Path | None,
    source: str | None,
    spool_file: Path,
    patience: float,
    settings: Path | None,
    *,
    retry_refused: bool,
    as_json: bool,
) -> int:
    """Send events, one JSON object a line, from files or `-`; without a file, what the spool holds."""
    publisher = Publisher(source, load_signing_key(key_file) if key_file else None)
    carrier = _carrier(address, settings)
    done = Submitted()
    with Spool(spool_file) as spool:
        if retry_refused:
            spool.retry_refused()
        take_in(_lines(files), publisher, spool, done)
        with progress_bar("submitting") as progress:
            try:
                send(spool, carrier, done, patience_seconds=patience, sleep=time.sleep, progress=progress)
            finally:
                carrier.close()
    print_json(done.as_json()) if as_json else _print(done)
    return 3 if done.refused_count else 0


def _carrier(address: str, settings: Path | None) -> Carrier:
    if address.startswith(KAFKA):
        from adapters.kafka.settings import kafka_settings
        from adapters.submit.kafka_carrier import KafkaCarrier

        return KafkaCarrier(kafka_settings(settings), address.removeprefix(KAFKA))
    if address.startswith(("http://", "https://")):
        from adapters.submit.http_carrier import HttpCarrier

        return HttpCarrier(address)
    mend = "write http://HOST:PORT, https://HOST or kafka:TOPIC"
    raise InputRefused("bad_address", f"{address[:120]!r} is no address to submit to", where="--to", mend=mend)


def _lines(files: tuple[Path, ...]) -> Iterator[Line]:
    for path in files:
        if str(path) == STDIN:
            yield from _typed_in()
            continue
        for line in read_lines(path):
            if line.problem:
                refusal = line.problem
                raise InputRefused(refusal.code, refusal.reason, where=f"{path} line {line.number}")
            if line.raw.strip():
                yield Line(line.raw, f"{path.name} line {line.number}")


def _typed_in() -> Iterator[Line]:
    for number, line in enumerate(sys.stdin.buffer, 1):
        if line.strip():
            yield Line(line.rstrip(b"\r\n"), f"stdin line {number}")


def _print(done: Submitted) -> None:
    click.echo(
        f"{done.read:,} lines read: {done.stored:,} events stored, {done.already_there:,} already there, "
        f"{done.refused_count:,} refused" + (f", {done.waiting:,} waiting" if done.waiting else "")
    )
    if done.handed_over:
        click.echo(f"{done.handed_over:,} events are with Kafka; what the ledger did with them, it publishes there")
    for receipt in done.receipts[:SHOWN]:
        click.echo(f"  {receipt['id']} is at position {receipt['position']:,}, leaf {receipt['leaf']}")
    for refused in done.refused[:SHOWN]:
        where = f", {refused['where']}" if refused["where"] else ""
        mend = f"\n    to mend it: {refused['mend']}" if refused["mend"] else ""
        click.echo(f"  refused {refused['line']}{where}: {refused['reason']} [{refused['code']}]{mend}")
    if max(len(done.receipts), done.refused_count) > SHOWN:
        click.echo(f"  (the first {SHOWN} of each are shown; --json lists them)")


COMMANDS = (submit,)
