"""Findings: what disagrees in the latest cases of a facility, and what agencies answered, wherever.

/findings?facility=mn-cass-jail&kind=notice_lead_short
"""

from __future__ import annotations

from collections import Counter

from starlette.responses import Response

from adapters.questions.disagreeing import answered, disagreeing_in
from adapters.read_models.rows import ModelRow
from adapters.web.asking import Asking, Persons
from adapters.web.rendering import page, pages_router
from adapters.web.words import agency_names
from domain.instants import microseconds
from projections.custody import STAYS
from projections.finding import Kind

router = pages_router()
CASES = 25
STAYS_READ = 4 * CASES  # an episode has a stay for each place and custodian


@router.get("/findings")
def findings(asking: Persons, facility: str = "", kind: Kind | None = None) -> Response:
    """Show what disagrees at a facility, and every answer."""
    asking.reader.ensure_within((facility,))
    register = asking.asked.services.register
    refs = latest_cases(asking, facility) if facility else []
    rows = disagreeing_in(asking.asked, refs, at=asking.at, upto=asking.known) if refs else []
    said = answered(asking.asked, at=asking.at, upto=asking.known)
    return page(
        "findings.html.jinja",
        asking,
        of_persons="findings",
        place=register.facility(facility) if facility else None,
        places=register.facilities,
        kind=kind,
        kinds=Counter(row["kind"] for row in rows),
        rows=[row for row in rows if kind in (None, row["kind"])],
        cases=len(refs),
        answered=[row for row in said if asking.may_be_told_of(row["facility"])],
        names=agency_names(asking.asked),
    )


def latest_cases(asking: Asking, facility: str) -> list[str]:
    """Return the episodes at a facility that became known last, of those that had begun."""

    def has_begun(row: ModelRow) -> bool:
        return row["valid_from"] is None or row["valid_from"] <= microseconds(asking.at)

    where = asking.asked.at_facility(facility)
    rows = asking.asked.newest(STAYS.name, where, upto=asking.known, limit=STAYS_READ, counts=has_begun)
    return list(dict.fromkeys(f"episode/{row['episode']}" for row in rows))[:CASES]
