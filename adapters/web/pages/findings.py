"""Findings: what disagrees in the cases of a facility, and what agencies answered, wherever.

/findings?facility=mn-cass-jail&kind=notice_lead_short      in the latest cases
/findings?facility=mn-cass-jail&skip=15                     in those before
/findings?answers_skip=15                                   answers before the latest
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from starlette.responses import Response

from adapters.questions.disagreeing import answered, disagreeing_in
from adapters.questions.latest import Latest, Span, latest_cases
from adapters.web.asking import Asking, Persons, Skip
from adapters.web.rendering import page, pages_router
from adapters.web.words import agency_names
from projections.finding import Kind

router = pages_router()
CASES, ANSWERS = 15, 15


@router.get("/findings")
def findings(
    asking: Persons, facility: str = "", kind: Kind | None = None, skip: Skip = 0, answers_skip: Skip = 0
) -> Response:
    """Show what disagrees at a facility, and every answer."""
    asking.reader.ensure_within((facility,))
    register = asking.asked.services.register
    span, answers_span = Span(skip, CASES), Span(answers_skip, ANSWERS)
    return page(
        "findings.html.jinja",
        asking,
        of_persons="findings",
        later=lambda: _gathered(asking, facility, kind, span, answers_span),
        place=register.facility(facility) if facility else None,
        places=register.facilities,
        kind=kind,
        span=span,
        answers_span=answers_span,
        names=agency_names(asking.asked),
    )


def _gathered(asking: Asking, facility: str, kind: Kind | None, span: Span, answers_span: Span) -> dict[str, Any]:
    """Return what disagrees in cases of a facility, and what was answered."""
    cases = cases_at(asking, facility, span)
    rows = disagreeing_in(asking.asked, cases.rows, at=asking.at, upto=asking.known)
    said = answered(asking.asked, answers_span, at=asking.at, upto=asking.known)
    return {
        "cases": cases,
        "kinds": Counter(row["kind"] for row in rows),
        "rows": [row for row in rows if kind in (None, row["kind"])],
        "answered": Latest([row for row in said.rows if asking.may_be_told_of(row["facility"])], said.has_more),
    }


def cases_at(asking: Asking, facility: str, span: Span) -> Latest[str]:
    """Return the latest cases of a facility, none if none is named."""
    if not facility:
        return Latest([], has_more=False)
    return latest_cases(asking.asked, facility, span, at=asking.at, upto=asking.known)
