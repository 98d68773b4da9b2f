"""What was derived at each decision point, whenever that changed: of one case, or of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.queries import find_case
from adapters.questions.asked import Asked
from adapters.rules.published import RULE_TYPES, rules_by_position
from projections.agreements import Agreements
from projections.determinations import Determinations
from projections.rule_stops import STOPPING_TYPES


def determined(asked: Asked, upto: int, ref: str | None) -> Iterator[dict[str, Any]]:
    """Fold the log up to a position, of one case only what bears on it; `projections.determinations` draws a row.

    Raise InputRefused(unknown_reference).
    """
    ledger = asked.ledger
    rulebooks = rules_by_position(ledger.recorded(upto=upto, topics=RULE_TYPES))
    custodians = asked.services.custodians()
    if ref is not None:
        found, events = find_case(ledger, ref, upto)
        model = Determinations(custodians, rulebooks, only=found)
        rules = ledger.recorded(upto=upto, topics=(*Agreements.TYPES, *RULE_TYPES, *STOPPING_TYPES))
        merged = {event.position: event for event in (*events, *rules)}
        yield from (row for position in sorted(merged) for row in model.apply(merged[position]))
        return
    model = Determinations(custodians, rulebooks)
    for event in ledger.recorded(upto=upto):
        yield from model.apply(event)
        asked.progress(event.position)
