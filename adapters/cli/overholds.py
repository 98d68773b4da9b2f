"""`custody overholds`: who was kept past the moment release was due, for how long, and which rules spoke.

    [{"episode":"mn-freeborn-jail.2026-000017","facility":"mn-freeborn-jail","subject":"s-81c2","minutes":960,
      "exact":true,"minutes_at_most":960,"status":"ended","since":"2026-01-16T17:00:00-06:00",
      "since_shown_by":"custody.release_eligible","until":"2026-01-17T09:00:00-06:00",
      "until_shown_by":"custody.hold_ended","kept":true,
      "holds":[{"hold":"1","kind":"immigration","since":"...","until":"...","requested_by":"us-ice","detainer":"d-1"}],
      "events":[5,7,9],"derived":"conflict",
      "rules":[{"id":"MN-AG-2025-12-12b","modality":"prohibition","standing":"stands"},...],"cited":[...]}]

`minutes` are those surely spent, of somebody still there (`status` "held") up to the moment asked about. `kept` is
false where a form asked for a hold and nothing recorded kept the person. `derived`, `rules` and `cited` are those of
the case at hold_past_release, under the pack known then; rules that fail are left out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.cases import decided_cases
from adapters.cli.options import at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar, show_instant
from adapters.composition import Services, local
from adapters.read_models.answers import answering
from adapters.read_models.rows import ModelRow
from domain.events.fields import DecisionPoint
from domain.instants import microseconds
from domain.rules.trace import Standing
from projections.decisions import Decision
from projections.explained.wording import spaced
from projections.finding import duration_words
from projections.overholds import OVERHOLDS, Overholds, minutes_by


@click.command()
@click.option("--facility", help="Only at this facility.")
@at_option
@known_option
@json_option
@pass_services
def overholds(
    services: Services, facility: str | None, at: datetime | None, known: int | datetime | None, *, as_json: bool
) -> None:
    """List who was kept past the moment release was due, with minutes, holds and the rules that spoke."""
    if facility:
        services.register.facility(facility)
    moment = at or local(services.clock())
    ledger = services.reading()
    upto = known_position(ledger, known)
    where = {"facility": [facility]} if facility else {}
    with answering(services.models(), ledger, Overholds.name, upto) as model:
        kept = [_kept(row, microseconds(moment)) for row in model.rows(OVERHOLDS.name, upto, where)]
    rows = {row["episode"]: row for row in kept if row["minutes"] is not None}
    refs = [f"episode/{episode}" for episode in sorted(rows)]
    listed = []
    with progress_bar("deciding", len(refs)) as advance:
        points = (DecisionPoint.HOLD_PAST_RELEASE,)
        for case in decided_cases(services, ledger, refs, points, at=at, upto=upto):
            listed.append({**rows[case.ref.partition("/")[2]], **_derived(case.decisions)})
            advance(len(listed))
    ledger.close()
    print_json(listed) if as_json else _print(listed, upto)


def _kept(row: ModelRow, moment: int) -> dict[str, Any]:
    """Return a row as of a moment: of somebody who left later it does not tell that yet."""
    is_over = row["valid_to"] is not None and row["valid_to"] <= moment
    return {
        "episode": row["episode"],
        "facility": row["facility"],
        "subject": row["subject"],
        "minutes": minutes_by(row, moment),
        "exact": row["is_exact"],
        "minutes_at_most": row["minutes_at_most"] if is_over else None,
        "status": "ended" if is_over else "held",
        "since": row["since"],
        "since_shown_by": row["since_shown_by"],
        "until": row["until"] if is_over else None,
        "until_shown_by": row["until_shown_by"] if is_over else None,
        "kept": row["is_kept"],
        "holds": row["holds"],
        "events": row["events"],
    }


def _derived(made: list[Decision]) -> dict[str, Any]:
    """Return what the pack derives at hold_past_release, and what was cited there."""
    if not made:
        return {"derived": None, "rules": [], "cited": []}
    considered = [trace for trace in made[0].determination.rules if trace.standing is not Standing.FAILS]
    return {
        "derived": made[0].status,
        "rules": [
            {"id": trace.rule.id, "modality": trace.modality.value, "standing": trace.standing.value}
            for trace in considered
        ],
        "cited": [cited.as_json() for cited in made[0].cited],
    }


def _print(rows: list[dict[str, Any]], upto: int) -> None:
    noun = "episode" if len(rows) == 1 else "episodes"
    click.echo(f"{len(rows):,} {noun} kept past the moment release was due, as known at position {upto:,}\n")
    print_table(
        ["episode", "release due", "until", "kept past it", "holds", "derived", "rules that stand"],
        [_cells(row) for row in rows],
        empty="Nobody is recorded as kept past that moment.",
    )
    if rows:
        click.echo("\nRecorded under these rules; nothing here says which of them prevails.")


def _cells(row: dict[str, Any]) -> list[object]:
    words = duration_words(row["minutes"])
    return [
        row["episode"],
        show_instant(row["since"]),
        show_instant(row["until"]) if row["until"] else "still there",
        words if row["exact"] else f"at least {words}",
        ", ".join(hold["kind"] for hold in row["holds"]) or ("none recorded" if not row["kept"] else ""),
        spaced(row["derived"]) if row["derived"] else "",
        ", ".join(rule["id"] for rule in row["rules"] if rule["standing"] == Standing.STANDS.value),
    ]


COMMANDS = (overholds,)
