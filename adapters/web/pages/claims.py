"""Counts and claims: public figures beside the named counts, and the steps from one figure to another.

/claims      `first` and `second` name the two claims that are led from one to the other
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from adapters.counting import named_counts
from adapters.questions.claimed import claimed
from adapters.web.asking import Asking, Persons
from adapters.web.drawing.steps import steps_between
from adapters.web.rendering import page, pages_router

router = pages_router()
FIRST, SECOND = "dhs-1360-active-detainers", "doc-301-detainers"
REFS_SHOWN = 12


@router.get("/claims")
def claims(asking: Persons, first: str = FIRST, second: str = SECOND) -> Response:
    """Show every claim beside the counts, as of the page's moment."""
    asking.reader.ensure_within(())
    return page(
        "claims.html.jinja",
        asking,
        of_persons="claims",
        later=lambda: _gathered(asking, first, second),
        refs_shown=REFS_SHOWN,
        definitions=list(named_counts()),
        first=first,
        second=second,
    )


def _gathered(asking: Asking, first: str, second: str) -> dict[str, Any]:
    """Return the claims, and the steps that lead from one of two to the other."""
    rows = claimed(asking.asked, at=asking.at, upto=asking.known)
    by_id = {row["claim"]: row for row in rows}
    pair = [by_id[name] for name in (first, second) if name in by_id]
    steps = list(steps_between(*pair)) if len(pair) > 1 else []
    most = max((max(step.total, step.first + step.length) for step in steps), default=1)
    return {"rows": rows, "pair": pair, "steps": steps, "most": most}
