"""`custody trail`: the audit trail of one case; adapters/questions/trail.py draws what --json gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.cli.options import at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, show_instant, show_pack
from adapters.composition import Services
from adapters.explain.headings import SHEETS
from adapters.questions import trail as question
from adapters.questions.asked import Asked
from adapters.visible import visible
from projections.explained.record import listing_words
from projections.explained.wording import spaced


@click.command()
@click.argument("ref")
@at_option
@known_option
@json_option
@pass_services
def trail(services: Services, ref: str, at: datetime | None, known: int | datetime | None, as_json: bool) -> None:
    """Show the trail of an episode, detainer, handoff or agreement, with the rule at each decision point."""
    ledger = services.reading()
    found = question.trail(Asked(services, ledger), ref, at=at, upto=known_position(ledger, known))
    ledger.close()
    document = found.as_json()
    print_json(document) if as_json else _print_trail(document)


def _print_trail(document: dict[str, Any]) -> None:
    pack = show_pack(document["pack"])
    click.echo(f"{document['ref']}, as known at position {document['known']:,}, under {pack}\n")
    rows = [[e["position"], show_instant(e["at"]), e["agency"], e["type"], _notes(e)] for e in document["events"]]
    print_table(["position", "when", "who says so", "what", "details"], rows, empty="")
    for decision in document["decisions"]:
        _print_decision(decision)
    if not document["decisions"]:
        click.echo("\nNo decision point has arisen in this case.")
    else:
        click.echo(f"\n`custody explain {document['ref']}` says why, rule by rule.")
    if document["findings"]:
        click.echo("\nwhat disagrees")
    for finding in document["findings"]:
        positions = ", ".join(map(str, finding["events"]))
        click.echo(f"  {visible(finding['words'])} [{finding['kind']}; events {positions or 'none'}; {finding['id']}]")


def _notes(event: dict[str, Any]) -> str:
    skip = {"facility", "subject", "episode", "detainer", "cited_rules"}
    notes = [f"{spaced(key)}: {_show(value)}" for key, value in event["data"].items() if key not in skip]
    notes += [f"cites {rule['rule']}" for rule in event["data"].get("cited_rules", [])]
    notes += [] if event["signed"] else ["unsigned"]
    notes += [f"amended at position {amendment['position']}" for amendment in event["amended_by"]]
    return "; ".join(notes)


def _show(value: object) -> str:
    if isinstance(value, dict) and "precision" not in value:
        return ", ".join(f"{spaced(key)} {_show(inner)}" for key, inner in value.items())
    return show_instant(value) if isinstance(value, dict) else str(value)


def _print_decision(decision: dict[str, Any]) -> None:
    point = spaced(decision["decision_point"])
    click.echo(f"\n{point} at {show_instant(decision['at'])}: {spaced(decision['status']).upper()}")
    rows = [
        [
            _applies(rule["applies"]),
            rule["modality"],
            rule["id"],
            rule["citation"],
            rule["bindingness"],
            rule["effect"],
        ]
        for rule in decision["rules"]
    ]
    print_table(
        ["applies", "says", "rule", "citation", "bindingness", "in words"],
        rows,
        empty="  no rule speaks here",
    )
    for conflict in decision["conflicts"]:
        click.echo(f"  conflict: {_conflict(conflict)}")
    if decision["conflicts"]:
        click.echo("  (rank, date and specificity are advice; the ledger resolves nothing)")
    if decision["missing"]:
        click.echo(f"  not known: {', '.join(decision['missing'])}")
    for listing in decision["agreements"]:
        click.echo(f"  {SHEETS}: {listing_words(listing)}")
    for cited in decision["cited"]:
        click.echo(f"  cited by {cited['by']}: {cited['rule']}")
    for act in decision["done"]:
        click.echo(
            f"  then recorded: {show_instant(act['at'])} {act['by']}: {act['event']} (position {act['position']})"
        )


def _applies(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, "unknown") if isinstance(value, bool) else str(value)


def _conflict(conflict: dict[str, Any]) -> str:
    """Write `A against B (higher rank A, later B)`."""
    first, second = conflict["rules"]
    advice = ", ".join(f"{spaced(name)} {rule}" for name, rule in conflict["advice"].items() if rule)
    return f"{first} against {second}" + (f" ({advice})" if advice else "")


COMMANDS = (trail,)
