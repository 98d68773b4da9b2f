"""The registry of rules: those of the pack known then, its versions on both clocks, and what differs between two.

/rules?before=us-mn&after=us-tx      /rules/MN-631.50
"""

from __future__ import annotations

from starlette.responses import Response

from adapters.questions.rules import (
    DIGEST_SHOWN,
    in_force_at,
    named_pack,
    not_published,
    pack_names,
    packs_differ,
    rule_whole,
)
from adapters.web.asking import Open
from adapters.web.rendering import page, pages_router

router = pages_router()


@router.get("/rules")
def rules(asking: Open, before: str = "", after: str = "") -> Response:
    """Show the rules known then, with what differs between two packs if two are named."""
    published = asking.by.published
    history = [one.as_json() for one in published.history()]
    names = pack_names(published)
    rulebook = asking.by.rules.rulebook
    differs = None
    if before and after:
        _, differs = packs_differ(named_pack(before, published), named_pack(after, published), published)
    return page(
        "rules.html.jinja",
        asking,
        pack=rulebook.pack,
        known=asking.by.rules.as_json(),
        rules=[(rule, in_force_at(rulebook.period(rule.id), asking.at)) for rule in rulebook.rules],
        later=lambda: {"not_published": not_published(published)},
        history=history,
        names=names,
        before=before or names[0],
        after=after or "us-mn",
        differs=differs,
        digest_shown=DIGEST_SHOWN,
    )


@router.get("/rules/{rule_id}")
def rule(asking: Open, rule_id: str) -> Response:
    """Show all that the pack says of one rule."""
    rulebook = asking.by.rules.rulebook
    found = rulebook.rule(rule_id)
    return page(
        "rule.html.jinja",
        asking,
        rule=found,
        whole=rule_whole(found, rulebook.period(found.id)),
        in_force=in_force_at(rulebook.period(found.id), asking.at),
        overridden_by=[one.id for one in rulebook.rules if found.id in one.beats],
        pack=rulebook.pack,
    )
