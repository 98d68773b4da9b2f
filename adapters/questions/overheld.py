"""Who was kept past the moment release was due, for how long, and which rules spoke.

    {"episode":"mn-freeborn-jail.2026-000017","facility":"mn-freeborn-jail","subject":"s-81c2","minutes":960,
     "exact":true,"minutes_at_most":960,"status":"ended","since":"2026-01-16T17:00:00-06:00",
     "since_shown_by":"custody.release_eligible","until":"2026-01-17T09:00:00-06:00",
     "until_shown_by":"custody.hold_ended","kept":true,
     "holds":[{"hold":"1","kind":"immigration","since":"...","until":"...","requested_by":"us-ice","detainer":"d-1"}],
     "events":[5,7,9],"derived":"conflict",
     "rules":[{"id":"MN-AG-2025-12-12b","modality":"prohibition","standing":"stands"},...],"cited":[...]}

`minutes` are those surely spent, of somebody still there (`status` "held") up to the moment asked about. `kept` is
false where a form asked for a hold and nothing recorded kept the person. `derived`, `rules` and `cited` are those of
the case at hold_past_release, under the pack known then; rules that fail are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from adapters.cases import decided_cases
from adapters.questions.asked import Asked
from adapters.read_models.rows import ModelRow
from domain.events.fields import DecisionPoint
from domain.instants import local, microseconds
from domain.rules.trace import Standing
from projections.decisions import Decision
from projections.folding.seen import span_of
from projections.overholds import OVERHOLDS, minutes_by

POINTS = (DecisionPoint.HOLD_PAST_RELEASE,)


def overheld(
    asked: Asked,
    *,
    facility: str | None = None,
    episodes: Collection[str] | None = None,
    at: datetime | None,
    upto: int,
    limit: int | None = None,
    first: int = 0,
) -> list[dict[str, Any]]:
    """Return a row for each episode, of these or of all, by its id, from the `first` on and at most `limit` of them.

    As of now if `at` is not given. Raise InputRefused(unknown_facility).
    """
    where = {**asked.at_facility(facility), **({} if episodes is None else {"episode": list(episodes)})}
    moment = microseconds(at or local(asked.services.clock()))
    told = asked.without_later(OVERHOLDS.name, where, _tells_of_later, at=at, upto=upto)
    kept = (_kept(row, moment) for row in told)
    rows = {f"episode/{row['episode']}": row for row in kept if row["minutes"] is not None}
    refs = list(islice(sorted(rows), first, None if limit is None else first + limit))
    return list(_decided(asked, {ref: rows[ref] for ref in refs}, at, upto))


def _tells_of_later(row: ModelRow, at: datetime) -> bool:
    """Say whether a row that began by a moment tells of anything after it."""
    moment = microseconds(at)
    if row["valid_from"] > moment:
        return False
    told = [row["valid_to"], *(span_of(hold[name])[0] for hold in row["holds"] for name in ("since", "until"))]
    return row["valid_to"] is None or any(one is not None and one > moment for one in told)


def _decided(asked: Asked, rows: dict[str, dict[str, Any]], at: datetime | None, upto: int) -> Iterator[dict[str, Any]]:
    cases = decided_cases(asked.services, asked.ledger, list(rows), POINTS, at=at, upto=upto)
    for done, case in enumerate(cases, 1):
        yield {**rows[case.ref], **_derived(case.decisions)}
        asked.progress(done)


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
