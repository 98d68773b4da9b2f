"""One decision of a case: its trace as a tree, and then all that it rests on.

/determinations/hold_past_release/episode/mn-cass-jail.1
"""

from __future__ import annotations

from starlette.responses import Response

from adapters.explain import headings
from adapters.questions.explained import explained_whole
from adapters.web.asking import Persons
from adapters.web.rendering import page, pages_router
from domain.events.fields import DecisionPoint
from projections.explained.rules import ExplainedRule
from projections.explanation import Explanation

router = pages_router()


@router.get("/determinations/{point}/{ref:path}")
def determination(asking: Persons, point: DecisionPoint, ref: str) -> Response:
    """Show what was derived at a decision point of a case, and why."""
    found = explained_whole(asking.asked, asking.case(ref), at=asking.at, upto=asking.known)
    return page(
        "determination.html.jinja",
        asking,
        of_persons="determination",
        ref=found.ref,
        point=point,
        traced=[(one, _grouped(one)) for one in found.at(point)],
        others=[one for one in found.explanations if one.point is not point],
        say=headings,
    )


def _grouped(one: Explanation) -> list[tuple[str, list[ExplainedRule]]]:
    """Return the rules considered under the heading of how they stand."""
    groups = {
        title: [rule for rule in one.rules if rule.standing is standing] for standing, title in headings.GROUPS.items()
    }
    return [(title, rules) for title, rules in groups.items() if rules]
