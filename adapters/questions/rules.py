"""The rules of a pack, the packs that were published, and what differs between two of them.

    rule_summary    {"id","citation","decision_point","decision_points","modality","bindingness","in_force"}
    rule_whole      the same keys and everything else the pack says of the rule
    packs_differ    {"before","after"} and what domain/rules/difference.py draws

`in_force` is `{"from","to"}`, each an instant or null: a start that was not found, an end that is open. `before` and
`after` are `{"id","version","digest","published","recorded_at"}`: position and time of the last publication, null where
the pack was not published.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.known import amendments, published_packs
from adapters.rules.finding import find_rules
from adapters.rules.packs import shipped_pack, shipped_packs
from adapters.rules.published import KnownRules
from adapters.store.ledger import Ledger
from domain.errors import InputRefused
from domain.instants import Instant, format_rfc3339
from domain.rules.difference import Difference, difference
from domain.rules.pack import Period, Rule
from projections.published_packs import PublishedPacks

DIGEST_SHOWN = 12


def rule_summary(rule: Rule, period: Period) -> dict[str, Any]:
    """Return what a list of rules says of one."""
    return {
        "id": rule.id,
        "citation": rule.citation,
        "decision_point": rule.first_point,
        "decision_points": points_of(rule),
        "modality": rule.modality.value,
        "bindingness": rule.bindingness.value,
        "in_force": {"from": _instant(period.start), "to": _instant(period.end)},
    }


def rule_whole(rule: Rule, period: Period) -> dict[str, Any]:
    """Return all that the pack says of a rule."""
    document = rule.model_dump(mode="json", by_alias=True)
    document["in_force_as_printed"] = document.pop("in_force")
    return {**document, **rule_summary(rule, period)}


def points_of(rule: Rule) -> list[str]:
    """Return the decision points at which a rule speaks, or the one word for all."""
    return [rule.first_point] if isinstance(rule.decision_points, str) else [p.value for p in rule.decision_points]


def in_force_at(period: Period, at: datetime) -> str:
    """Say whether a rule's own dates have it in force at a moment: yes, no or perhaps."""
    moment = Instant.exact(at)
    if (period.start and moment.surely_before(period.start)) or (period.end and period.end.surely_by(at)):
        return "no"
    begun = period.start is None or period.start.surely_by(at)
    return "yes" if begun and (period.end is None or moment.surely_before(period.end)) else "perhaps"


def pack_names(published: PublishedPacks) -> list[str]:
    """Return what packs may be called over HTTP: those published, by digest, and those that ship. Never a file."""
    digests = (one.digest[:DIGEST_SHOWN] for one in published.history() if one.whole)
    return [*dict.fromkeys(digests), *shipped_packs()]


def named_pack(name: str, published: PublishedPacks) -> str:
    """Return the name if it is one of these; raise InputRefused(unknown_pack)."""
    names = pack_names(published)
    if name not in names:
        what, mend = f"{name[:80]!r} is no pack that is offered here", f"one of: {', '.join(names)}"
        raise InputRefused("unknown_pack", what, where="pack", mend=mend)
    return name


def not_published(published: PublishedPacks) -> list[dict[str, Any]]:
    """Return the packs that ship with the program and that nobody published: id, version, digest.

    They say nothing in this ledger, and another version of the program ships others.
    """
    told = {one.digest for one in published.history()}
    shipped = (shipped_pack(name) for name in shipped_packs())
    return [
        {"id": one.pack.pack, "version": one.pack.version, "digest": one.digest}
        for one in shipped
        if one.digest not in told
    ]


def packs_published(ledger: Ledger, upto: int | None) -> PublishedPacks:
    """Return the packs published by a position."""
    return published_packs(ledger, upto, amendments(ledger, upto))


def packs_differ(before: str, after: str, published: PublishedPacks) -> tuple[Difference, dict[str, Any]]:
    """Compare two packs by what people call them, and return what differs, and that as JSON.

    Raise InputRefused as `find_rules`.
    """
    old, new = find_rules(before, published), find_rules(after, published)
    found = difference(old.rulebook, new.rulebook)
    return found, {"before": _known(old, published), "after": _known(new, published), **found.as_json()}


def _known(rules: KnownRules, published: PublishedPacks) -> Mapping[str, Any]:
    told = next((one for one in published.history() if one.position == rules.position), None)
    return {**rules.as_json(), "recorded_at": format_rfc3339(told.recorded_at) if told else None}


def _instant(instant: Instant | None) -> str | dict[str, str | None] | None:
    return instant.as_json() if instant else None
