"""The registry of rules: those of the pack known then, its versions on both clocks, and what differs between two.

/rules?before=us-mn&after=us-tx      /rules/MN-631.50
"""

from __future__ import annotations

from starlette.responses import Response

from adapters.questions.rules import packs_differ, rule_whole
from adapters.rules.packs import shipped_packs
from adapters.web.asking import Asking, Open
from adapters.web.rendering import page, pages_router
from domain.errors import InputRefused
from domain.instants import Instant
from domain.rules.pack import Rule

router = pages_router()
DIGEST_SHOWN = 12


@router.get("/rules")
def rules(asking: Open, before: str = "", after: str = "") -> Response:
    """Show the rules known then, with what differs between two packs if two are named."""
    published = asking.by.published
    history = [one.as_json() for one in published.history()]
    names = pack_names(asking)
    rulebook = asking.by.rules.rulebook
    differs = None
    if before and after:
        _, differs = packs_differ(named_pack(before, names), named_pack(after, names), published)
    return page(
        "rules.html.jinja",
        asking,
        pack=rulebook.pack,
        known=asking.by.rules.as_json(),
        rules=[(rule, _in_force(asking, rule)) for rule in rulebook.rules],
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
        in_force=_in_force(asking, found),
        overridden_by=[one.id for one in rulebook.rules if found.id in one.beats],
        pack=rulebook.pack,
    )


def pack_names(asking: Asking) -> list[str]:
    """Return what packs may be called on a page: those published, by digest, and those that ship. Never a file."""
    published = asking.by.published.history()
    return [*dict.fromkeys(f"{one.digest[:DIGEST_SHOWN]}" for one in published if one.whole), *shipped_packs()]


def named_pack(name: str, names: list[str]) -> str:
    """Return the name if it is one of these; raise InputRefused(unknown_pack)."""
    if name not in names:
        raise InputRefused(
            "unknown_pack", f"{name[:80]!r} is no pack that this page offers", mend="choose from the list"
        )
    return name


def _in_force(asking: Asking, rule: Rule) -> str:
    """Say whether a rule's own dates have it in force at the moment asked about: yes, no or perhaps."""
    period = asking.by.rules.rulebook.period(rule.id)
    moment = Instant.exact(asking.at)
    if (period.start and moment.surely_before(period.start)) or (period.end and period.end.surely_by(asking.at)):
        return "no"
    begun = period.start is None or period.start.surely_by(asking.at)
    return "yes" if begun and (period.end is None or moment.surely_before(period.end)) else "perhaps"
