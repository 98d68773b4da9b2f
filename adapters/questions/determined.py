"""What was derived at each decision point, whenever that changed: of one case, or of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.queries import FoundCase, find_case
from adapters.questions.asked import Asked
from adapters.rules.published import RULE_TYPES, rules_by_position
from projections.agreements import Agreements
from projections.determinations import Determinations
from projections.rule_stops import STOPPING_TYPES


def determined(asked: Asked, upto: int, ref: str | None) -> Iterator[dict[str, Any]]:
    """Fold the log up to a position, of one case only what bears on it; `projections.determinations` draws a row.

    Raise InputRefused(unknown_reference).
    """
    if ref is not None:
        yield from determined_of(asked, find_case(asked.ledger, ref, upto), upto)
        return
    model = _model(asked, upto)
    for event in asked.ledger.recorded(upto=upto):
        yield from model.apply(event)
        asked.progress(event.position)


def determined_of(asked: Asked, found: FoundCase, upto: int) -> Iterator[dict[str, Any]]:
    """Fold what bears on a case that was found as known at position `upto`."""
    model = _model(asked, upto, only=found.ref)
    rules = asked.ledger.recorded(upto=upto, topics=(*Agreements.TYPES, *RULE_TYPES, *STOPPING_TYPES))
    merged = {event.position: event for event in (*found.events, *rules)}
    for position in sorted(merged):
        yield from model.apply(merged[position])


def _model(asked: Asked, upto: int, *, only: str | None = None) -> Determinations:
    rulebooks = rules_by_position(asked.ledger.recorded(upto=upto, topics=RULE_TYPES))
    return Determinations(asked.services.custodians(), rulebooks, only=only)
