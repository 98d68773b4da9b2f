"""Counts and claims: public figures beside the named counts, and the steps from one figure to another.

/claims      `first` and `second` name the two claims that are led from one to the other
"""

from __future__ import annotations

from functools import lru_cache
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
    rows = _claimed(asking)
    by_id = {row["claim"]: row for row in rows}
    pair = [by_id[name] for name in (first, second) if name in by_id]
    steps = list(steps_between(*pair)) if len(pair) > 1 else []
    return page(
        "claims.html.jinja",
        asking,
        of_persons="claims",
        rows=rows,
        pair=pair,
        steps=steps,
        most=max((max(step.total, step.first + step.length) for step in steps), default=1),
        refs_shown=REFS_SHOWN,
        definitions=list(named_counts()),
        first=first,
        second=second,
    )


def _claimed(asking: Asking) -> list[dict[str, Any]]:
    """Return the claims, from memory if the same was asked lately: at one position the answer never changes."""
    return _remembered(_Question(asking))


class _Question:
    """A question by what makes it the same: the log up to a position, and the moment."""

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self._same = (asking.known, asking.asked.ledger.leaf_at(asking.known), asking.at)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Question) and self._same == other._same

    def __hash__(self) -> int:
        return hash(self._same)


@lru_cache(maxsize=16)
def _remembered(question: _Question) -> list[dict[str, Any]]:
    return claimed(question.asking.asked, at=question.asking.at, upto=question.asking.known)
