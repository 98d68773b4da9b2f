"""`custody rules diff A B`: what changed between two packs, and since when each is known to the ledger.

    rules diff A B --json    {"before","after"} and what domain/rules/difference.py draws

`before` and `after` are `{"id","version","digest","published","recorded_at"}`: position and time of the last
publication, null where the pack was not published. Exit status 0, also if something differs.
"""

from __future__ import annotations

from typing import Any

import click

from adapters.cli.options import pass_services
from adapters.cli.output import json_option, print_json, show_pack
from adapters.composition import Services
from adapters.questions.rules import packs_differ, packs_published
from adapters.visible import visible
from domain.errors import LedgerUnavailable
from projections.published_packs import PublishedPacks


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@json_option
@pass_services
def diff(services: Services, before: str, after: str, *, as_json: bool) -> None:
    """Compare two packs: files, packs that ship, or published ones by digest, version or us-mn@VERSION."""
    found, document = packs_differ(before, after, _published(services))
    if as_json:
        print_json(document)
        return
    click.echo(f"from {show_pack(document['before'])}\n  to {show_pack(document['after'])}")
    if found.is_empty:
        click.echo("\nno rule, field or test differs")
    _print(document)


def _published(services: Services) -> PublishedPacks:
    """Return what the ledger knows of packs; comparing files needs no ledger."""
    try:
        ledger = services.reading()
    except LedgerUnavailable as error:
        if error.code == "ledger_not_found":
            return PublishedPacks()
        raise
    published = packs_published(ledger, None)
    ledger.close()
    return published


def _print(document: dict[str, Any]) -> None:
    if document["pack"]:
        click.echo("\nthe pack itself")
        _print_fields(document["pack"])
    for sign, part in (("+", "added"), ("-", "removed")):
        for rule in document[part]:
            points = rule["decision_points"]
            where = ", ".join(points) if isinstance(points, list) else "every decision point"
            click.echo(f"\n{sign} {rule['id']} ({part}): {rule['modality']} at {where.replace('_', ' ')}")
            click.echo(f"    {visible(rule['citation'])}; in force {visible(_printed(rule['in_force']))}")
            click.echo(f"    {visible(rule['effect'])}")
    for change in document["changed"]:
        click.echo(f"\n~ {change['rule']} (changed)")
        _print_fields(change["fields"])
    tests = [f"{len(names)} {part}" for part, names in document["tests"].items() if names]
    if tests:
        click.echo(f"\ntests: {', '.join(tests)} (--json names them)")


def _print_fields(fields: list[dict[str, Any]]) -> None:
    for change in fields:
        click.echo(f"    {change['field']}")
        click.echo(f"      - {_shown(change['before'])}")
        click.echo(f"      + {_shown(change['after'])}")


def _shown(value: object) -> str:
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return visible(", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value))


def _printed(in_force: dict[str, str | None]) -> str:
    return f"{in_force['from'] or 'not found'} - {in_force['to'] or ''}".rstrip()
