"""The audit trail of one case: what happened, which rules spoke at each decision point, what disagrees."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.cases import decided_case
from adapters.cli.options import at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, show_instant, show_pack
from adapters.composition import Services, ice_told_until
from adapters.explain.headings import SHEETS
from adapters.visible import visible
from domain.instants import format_rfc3339
from projections.amendments import Amendments
from projections.explained.record import listing_words
from projections.explained.wording import spaced
from projections.facts import Case
from projections.finding import Setting
from projections.finding_row import finding_row
from projections.finding_workflow import WORKFLOW_TYPES, workflows
from projections.findings import findings
from projections.linked_cases import case_of
from projections.recorded import Recorded


@click.command()
@click.argument("ref")
@at_option
@known_option
@json_option
@pass_services
def trail(services: Services, ref: str, at: datetime | None, known: int | datetime | None, as_json: bool) -> None:
    """Show the trail of an episode, detainer, handoff or agreement, with the rule at each decision point."""
    ledger = services.reading()
    upto = known_position(ledger, known)
    case = decided_case(services, ledger, ref, at=at, upto=upto)
    against = Setting(case.rules.rulebook, case.agreements, ice_told_until(ledger, upto, at), case.stops)
    said = workflows(case.amending.apply(ledger.recorded(upto=upto, topics=WORKFLOW_TYPES)))
    ledger.close()
    told_of = case_of(case.ref, case.amended)
    given = findings(Case(case.amended, services.custodians()), case.decisions, against)
    document = {
        "ref": case.ref,
        "known": upto,
        "pack": case.rules.as_json(),
        "events": [event_row(event, case.amending) for event in in_order(case.events)],
        "decisions": [decision.as_json() for decision in case.decisions],
        "findings": [finding_row(told_of, finding, case.amended, said) for finding in given],
    }
    print_json(document) if as_json else _print_trail(document)


def in_order(events: list[Recorded]) -> list[Recorded]:
    """Order by when things happened, then by when the ledger knew them."""
    return sorted(events, key=lambda event: (event.occurred.sort_key, event.position))


def event_row(event: Recorded, amending: Amendments) -> dict[str, Any]:
    """Return one event as the trail shows it, as published, with what later amended it."""
    return {
        "position": event.position,
        "at": event.occurred.as_json(),
        "type": event.type,
        "agency": event.agency,
        "source": event.envelope.source,
        "stream": event.stream,
        "recorded_at": format_rfc3339(event.recorded_at),
        "source_recorded": event.envelope.recorded.as_json(),
        "data": event.envelope.data.model_dump(mode="json", exclude_defaults=True),
        "amended_by": [{"position": a.position, "type": a.data.TYPE} for a in amending.of(event)],
        "id": event.envelope.id,
        "signed": event.is_signed,
        "via": event.envelope.via,
    }


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
