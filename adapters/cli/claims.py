"""`custody claims`: numbers that somebody said in public, beside every named count, and what lies between.

    claims                                     every claim, the count nearest to it, and the one it is compared with
    claims --claim doc-301-detainers           one, with its parts and the buckets from count to count
    claims assert dhs-1360 --by us-dhs ...     record one; `import claims FILE` records a file of them

With --json the list that projections/claims.py draws. `assert --json` gives
{"claim":"dhs-1360","event":1455,"stored":1}.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from adapters.cli.counts import define_option
from adapters.cli.options import at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, show_instant
from adapters.composition import Services
from adapters.counting import counts_with
from adapters.importers.claim_bodies import claim_body
from adapters.intake.evidence import different_bytes
from adapters.intake.gate import Gate
from adapters.questions.asked import Asked
from adapters.questions.claimed import claimed
from adapters.store.recording import Equivocation
from adapters.visible import visible
from domain.errors import InputRefused
from domain.events.record import SourceMark
from projections.claims import whole

VIA = "claims/assert"


@click.group(invoke_without_command=True)
@click.option("--claim", "claim_id", metavar="ID", help="Only this claim, with its buckets.")
@click.option("--count", "count_id", metavar="ID", help="Compare with this count, whatever the claim may mean.")
@define_option
@at_option
@known_option
@json_option
@click.pass_context
def claims(
    context: click.Context,
    /,
    claim_id: str | None,
    count_id: str | None,
    define: Path | None,
    at: datetime | None,
    known: int | datetime | None,
    *,
    as_json: bool,
) -> None:
    """Public figures beside the named counts; what differs is shown by bucket, down to the events."""
    if context.invoked_subcommand:
        return
    services: Services = context.obj
    definitions = counts_with(define)
    ledger = services.reading()
    upto = known_position(ledger, known)
    asked = Asked(services, ledger)
    listed = claimed(asked, claim_id, count_id=count_id, definitions=definitions, at=at, upto=upto)
    ledger.close()
    if as_json:
        print_json([whole(one) for one in listed])
        return
    if not claim_id:
        _print(listed, upto)
        return
    for one in listed:
        _print_one(one)


def _print(rows: list[dict[str, Any]], upto: int) -> None:
    click.echo(f"{len(rows):,} claims, as known at position {upto:,}\n")
    columns = ["claim", "asserted by", "value", "unit", "mark", "nearest count", "compared with", "differs by"]
    print_table(
        columns,
        [
            [
                row["claim"],
                row["asserted_by"],
                f"{row['value']:,}",
                row["unit"],
                row["mark"],
                _count(row["nearest"]),
                _count(row["chosen"]),
                f"{row['chosen']['difference']:+,}",
            ]
            for row in rows
        ],
        empty="No claim is recorded; `custody import claims FILE` records a file of them.",
    )
    if rows:
        click.echo(
            "\n`custody claims --claim ID` shows what lies between; a difference is no verdict on either number."
        )


def _count(compared: dict[str, Any]) -> str:
    return f"{compared['id']} {compared['value']:,}"


def _print_one(row: dict[str, Any]) -> None:
    who = row["asserted_by_name"] or row["asserted_by"]
    click.echo(f"{row['claim']}: {row['value']:,} {row['unit']}, said by {visible(who)} ({row['mark']})")
    click.echo(f"  {visible(row['words'])}")
    for name in ("as_of", "period", "published_at"):
        if row[name]:
            click.echo(f"  {name.replace('_', ' ')}: {show_instant(row[name])}")
    if row["published_in"]:
        click.echo(f"  published in: {visible(row['published_in'])}")
    if row["compare_with"]:
        is_there = any(one["id"] == row["compare_with"] for one in row["counts"])
        click.echo(f"  taken to mean: {row['compare_with']}{'' if is_there else ', which is none of the counts below'}")
    click.echo()
    _print_beside(row)
    for part in row["parts"]:
        click.echo(
            f"\npart: {part['value']:,} {visible(part['words'])} ({', '.join(part['custodian_kinds']) or 'all'})"
        )
        _print_beside(part)


def _print_beside(row: dict[str, Any]) -> None:
    counts = [[one["id"], f"{one['value']:,}", f"{one['difference']:+,}", one["label"]] for one in row["counts"]]
    print_table(["count", "value", "claim differs by", "what"], counts, empty="")
    click.echo()
    print_table(["from", "to", "difference", "what lies between", "events"], list(_steps(row)), empty="")


def _steps(row: dict[str, Any]) -> Iterator[list[object]]:
    for one in row["buckets"]:
        yield [one.start, one.end, f"{one.value:,}", one.label, len(one.events()) or ""]


@claims.command(name="assert")
@click.argument("claim")
@click.option("--by", "asserted_by", required=True, metavar="AGENCY", help="Who said it: an id such as us-dhs.")
@click.option("--name", "asserted_by_name", help="Who that is, in words.")
@click.option("--value", required=True, type=click.IntRange(0), help="The number.")
@click.option("--unit", required=True, help="What it counts: detainers, people, ...")
@click.option("--words", required=True, help="What was said, in its own words.")
@click.option(
    "--mark",
    required=True,
    type=click.Choice([mark.value for mark in SourceMark]),
    help="Whether the text was found, is from memory, or the figure was worked out.",
)
@click.option("--as-of", help="As of when: 2026-01-22, 2026-01, 2026.")
@click.option("--period-from", help="For a number that adds up over time: its first day, month or year.")
@click.option("--period-until", help="And its last.")
@click.option("--published-in", help="Where.")
@click.option("--published-at", help="When.")
@click.option("--kind", "custodian_kinds", multiple=True, help="Only custodians of this kind; may be repeated.")
@click.option("--compare-with", metavar="COUNT", help="The count that it may mean, as you read it.")
@click.option("--part", "parts", multiple=True, metavar="VALUE:KIND[+KIND]:WORDS", help="A part that the claim names.")
@json_option
@pass_services
def assert_(services: Services, /, parts: tuple[str, ...], *, as_json: bool, **said: Any) -> None:
    """Record a public figure: who said it, the number, of what, as of when, where it was published."""
    since, until = said.pop("period_from"), said.pop("period_until")
    if (since is None) != (until is None):
        raise InputRefused("usage", "--period-from and --period-until belong together", mend="give both")
    if since:
        said["period"] = {"from": since, "until": until}
    body = claim_body({**said, "parts": list(map(_part, parts))}, via=VIA)
    submission = Gate(services.register).pass_through(body)
    ledger = services.appending()
    try:
        (outcome,) = ledger.append([submission], now=services.clock())
    finally:
        ledger.close()
    if isinstance(outcome, Equivocation):
        raise different_bytes(outcome.first)
    is_new, position = outcome.is_new, outcome.position
    if as_json:
        print_json({"claim": said["claim"], "event": position, "stored": int(is_new)})
    else:
        click.echo(f"{said['claim']}: {'recorded' if is_new else 'there already'}, at position {position:,}")


def _part(text: str) -> dict[str, Any]:
    value, _, rest = text.partition(":")
    kinds, _, words = rest.partition(":")
    if not value.isdecimal() or not words:
        what = f"{text[:80]!r} is no part of a claim"
        raise InputRefused("bad_claim", what, where="--part", mend='write it as "207:state_prison:in state prisons"')
    return {"value": int(value), "custodian_kinds": [kind for kind in kinds.split("+") if kind], "words": words}


COMMANDS = (claims,)
