"""`custody whatif`: every decision of the log once more, under another pack or edited facts, and what would differ.

With --json what adapters/questions/whatif.py draws. The ledger is opened without any way to change it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from adapters.case_batches import case_refs
from adapters.cli.options import MOMENT, START, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar, show_instant, show_pack
from adapters.composition import Services
from adapters.questions.asked import Asked
from adapters.questions.whatif import Within, what_if
from adapters.rules.facts_file import load_edits
from domain.errors import InputRefused
from projections.explained.wording import spaced
from projections.whatif import Edits

SHOWN = 40


@click.command()
@click.option(
    "--pack", "pack_name", help="Decide by this pack: a file, one that ships, or a published digest or version."
)
@click.option("--facts", "facts_file", type=click.Path(path_type=Path), help="Facts to put in place of those recorded.")
@click.option("--from", "first", type=START, help="Only decision points that may have arisen since then.")
@click.option("--until", "last", type=MOMENT, help="Only those that may have arisen by then (a date: its end).")
@known_option
@json_option
@pass_services
def whatif(
    services: Services,
    pack_name: str | None,
    facts_file: Path | None,
    first: datetime | None,
    last: datetime | None,
    known: int | datetime | None,
    *,
    as_json: bool,
) -> None:
    """List the determinations that would be others under another pack or other facts; nothing is recorded."""
    if pack_name is None and facts_file is None:
        raise InputRefused("usage", "neither --pack nor --facts is given", mend="give a pack, a file of facts, or both")
    edits = load_edits(facts_file, services.register.by_id) if facts_file else Edits()
    ledger = services.reading()
    upto, refs = known_position(ledger, known), case_refs(ledger)
    with progress_bar("deciding cases", len(refs)) as progress:
        asked = Asked(services, ledger, progress)
        document = what_if(asked, refs, pack=pack_name, edits=edits, within=Within(first, last), upto=upto)
    ledger.close()
    print_json(document) if as_json else _print(document)


def _print(document: dict[str, Any]) -> None:
    click.echo(f"as known at position {document['known']:,}")
    click.echo(f"decided under  {show_pack(document['pack'])}")
    click.echo(f"asked under    {show_pack(document['pack_if'])}")
    click.echo(
        f"{document['changed']:,} of {document['decisions']:,} determinations would be others; nothing is recorded\n"
    )
    if document["failed_tests"]:
        click.echo(f"{len(document['failed_tests'])} tests of the pack asked under fail; `rules test` lists them\n")
    if document["not_met"]:
        click.echo(f"no decision was met for: {', '.join(document['not_met'])}\n")
    if not document["changed"]:
        return
    totals = [[one["count"], spaced(one["before"]), spaced(one["after"])] for one in document["by_status"]]
    print_table(["count", "before", "after"], totals, empty="")
    click.echo()
    places = [[one["count"], one["facility"] or "no facility"] for one in document["by_facility"]]
    print_table(["count", "facility"], places, empty="")
    click.echo()
    rows = [_cells(change) for change in document["changes"][:SHOWN]]
    print_table(["case and decision point", "at", "before", "after", "rules"], rows, empty="")
    if document["changed"] > SHOWN:
        click.echo(f"(the first {SHOWN} are shown; --json lists them all)")


def _cells(change: dict[str, Any]) -> list[object]:
    rules = [f"+{rule}" for rule in change["rules_added"]] + [f"-{rule}" for rule in change["rules_removed"]]
    case = f"{change['ref']}, {spaced(change['decision_point'])}"
    return [case, show_instant(change["at"]), spaced(change["before"]), spaced(change["after"]), " ".join(rules)]


COMMANDS = (whatif,)
