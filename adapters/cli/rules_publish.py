"""`custody rules publish` and `rules history`: packs as events, so that the log alone says which rules were in use.

    rules publish PACK --json    {"packs":[{"pack","version","digest","position","new"}],"stored"}
    rules history --json         [{"pack","version","digest","supersedes","position","recorded_at","by","whole"}]

`packs` has the packs that PACK extends before it. `position` is that of the publication; `new` is false for one that
was in use already. `stored` counts events.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from adapters.cli.options import known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table
from adapters.composition import Services
from adapters.questions.rules import packs_published
from adapters.rules.packs import load_pack
from adapters.rules.published import check_tests, unpublished
from adapters.store.ledger import Ledger
from adapters.store.recording import Receipt
from domain.envelope import admit
from domain.instants import Instant
from domain.rules.rulebook import Rulebook
from projections.published_packs import PublishedPacks

HEX_SHOWN = 12


@click.command()
@click.argument("pack", type=click.Path(path_type=Path))
@json_option
@pass_services
def publish(services: Services, pack: Path, *, as_json: bool) -> None:
    """Publish a rule pack, a file or one that ships, with what it extends: decisions use it from here on."""
    rulebook = load_pack(pack)
    check_tests(rulebook)
    ledger = services.appending()
    try:
        published = _publish(ledger, rulebook, services.clock())
    finally:
        ledger.close()
    if as_json:
        print_json(published)
        return
    for one in published["packs"]:
        what = "published at" if one["new"] else "already in use, published at"
        click.echo(f"{one['pack']} {one['version']} ({one['digest'][:HEX_SHOWN]}): {what} position {one['position']:,}")
    if not published["stored"]:
        click.echo("nothing new: the ledger is unchanged")


def _publish(ledger: Ledger, rulebook: Rulebook, now: datetime) -> dict[str, Any]:
    """Append what is not there, in one transaction, and say what is in use now."""
    before = packs_published(ledger, None)
    bodies = [body for _, events in unpublished(rulebook, before, Instant.exact(now)) for body in events]
    position = ledger.position()
    outcomes = ledger.append([admit(body) for body in bodies], now=now) if bodies else []
    stored = sum(isinstance(outcome, Receipt) and outcome.is_new for outcome in outcomes)
    return {"packs": list(_in_use(rulebook, packs_published(ledger, None), position)), "stored": stored}


def _in_use(rulebook: Rulebook, published: PublishedPacks, before: int) -> Iterator[dict[str, Any]]:
    """Yield each pack of the lineage with its last publication; one after position `before` is new."""
    for digest in (one.digest for one in rulebook.lineage()):
        last = [one for one in published.history() if one.digest == digest and one.whole][-1].as_json()
        yield {
            **{key: last[key] for key in ("pack", "version", "digest", "position")},
            "new": last["position"] > before,
        }


@click.command()
@known_option
@json_option
@pass_services
def history(services: Services, known: int | datetime | None, *, as_json: bool) -> None:
    """List the published rule packs: which was in use since when."""
    ledger = services.reading()
    upto = known_position(ledger, known)
    rows = [one.as_json() for one in packs_published(ledger, upto).history()]
    ledger.close()
    if as_json:
        print_json(rows)
        return
    print_table(
        ["pack", "version", "digest", "since position", "stored at", "by", "supersedes"],
        [_cells(row) for row in rows],
        empty="No rule pack is published: decisions use the one that ships. `rules publish us-mn` changes that.",
    )


def _cells(row: dict[str, Any]) -> list[object]:
    supersedes = (row["supersedes"] or "")[:HEX_SHOWN]
    note = supersedes if row["whole"] else "not used: its text is not in the log"
    return [
        row["pack"],
        row["version"],
        row["digest"][:HEX_SHOWN],
        row["position"],
        row["recorded_at"],
        row["by"],
        note,
    ]
