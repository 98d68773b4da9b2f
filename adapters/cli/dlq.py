"""Commands about dead letters: records from Kafka that were set aside."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import Any

import click

from adapters.cli.options import POSITION_MAX, pass_services
from adapters.cli.output import json_option, print_json, print_table
from adapters.composition import Services
from adapters.visible import visible
from domain.instants import EPOCH, format_rfc3339

SHOWN = ("letter", "topic", "partition", "offset", "key", "code", "holds", "waiting", "state")
KEY_SHOWN_MAX = 60
LETTER = click.IntRange(1, POSITION_MAX)


@click.group()
def dlq() -> None:
    """Records from Kafka that were set aside, in order, with the reason."""


@dlq.command(name="list")
@click.option("--topic", default="", help="Only those of this topic.")
@click.option("--all", "everything", is_flag=True, help="Also those that were replayed or dropped.")
@json_option
@pass_services
def list_(services: Services, topic: str, everything: bool, as_json: bool) -> None:
    """List dead letters: where each came from, why it was set aside, how many wait behind it."""
    from adapters.kafka.dead_letters import letter_line, waiting_behind

    with closing(services.reading()) as ledger:
        letters = list(ledger.dead_letters(topic=topic))
    waiting = waiting_behind(letters)
    chosen = [one for one in letters if everything or one.how is None]
    lines = [{**letter_line(one), "waiting": waiting.get(one.number, 0)} for one in chosen]
    if as_json:
        print_json(lines)
        return
    for line in lines:
        line["key"] = _cut(line["key"])
    print_table(SHOWN, [[line[name] for name in SHOWN] for line in lines], empty="no record is set aside")


@dlq.command()
@click.argument("letter", type=LETTER)
@json_option
@pass_services
def show(services: Services, letter: int, as_json: bool) -> None:
    """Show one dead letter with its headers and value."""
    from adapters.kafka.dead_letters import letter_line, one_letter

    with closing(services.reading()) as ledger:
        stored = one_letter(ledger, letter)
    record = stored.letter
    document: dict[str, Any] = letter_line(stored)
    document |= {"time": _moment(record.record_ms * 1_000), "failed_at": _moment(stored.recorded_us)}
    document["headers"] = [[name, _text(value)] for name, value in record.headers]
    document["value"] = None if record.value is None else _text(record.value)
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        click.echo(f"{name}: {visible(str(value))}")


@dlq.command()
@click.argument("letters", nargs=-1, type=LETTER, metavar="[LETTER...]")
@click.option("--all", "everything", is_flag=True, help="Every letter that is open.")
@json_option
@pass_services
def replay(services: Services, letters: tuple[int, ...], everything: bool, as_json: bool) -> int:
    """Give letters to the ledger again, each chain in its order, up to the first that is refused again."""
    from adapters.intake.door import Door
    from adapters.kafka.dead_letters import replay as give_again

    if bool(letters) == everything:
        raise click.UsageError("name the letters to replay, or give --all")
    with closing(services.appending()) as ledger, services.checker(0) as checker:
        done = give_again(ledger, Door(ledger, checker, services.clock), letters)
    refused = [one for one in done if one.position is None]
    if as_json:
        keys = ("letter", "position", "code", "what", "mend")
        print_json([dict(zip(keys, one, strict=True)) for one in done])
        return 3 if refused else 0
    for one in done:
        said = f"recorded at position {one.position:,}" if one.position else f"refused again: {one.what} [{one.code}]"
        click.echo(f"letter {one.number}: {visible(said)}")
        if one.mend:
            click.echo(f"  to mend it: {visible(one.mend)}")
    if not done:
        click.echo("nothing to replay")
    return 3 if refused else 0


@dlq.command()
@click.argument("letter", type=LETTER)
@json_option
@pass_services
def drop(services: Services, letter: int, as_json: bool) -> None:
    """Let a letter go that nothing can mend: those behind it may then be replayed. It stays on record."""
    from adapters.kafka.dead_letters import drop as let_go

    with closing(services.appending()) as ledger:
        let_go(ledger, services.clock, letter)
    if as_json:
        print_json({"letter": letter, "state": "dropped"})
    else:
        click.echo(f"letter {letter} is dropped; `custody dlq replay` records what waited behind it")


def _cut(key: str | None) -> str | None:
    """Return the key as far as it has its place in a table: a record's may be as long as its sender likes."""
    return key if key is None or len(key) <= KEY_SHOWN_MAX else f"{key[:KEY_SHOWN_MAX]}…"


def _text(value: bytes) -> str:
    """Return bytes as text, or where they are none, in hex."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"hex:{value.hex()}"


def _moment(microseconds: int) -> str:
    return format_rfc3339(EPOCH + timedelta(microseconds=microseconds))


COMMANDS = (dlq,)
