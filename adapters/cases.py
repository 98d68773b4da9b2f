"""One case as the log had it at a position: its events, what amends them, and its decisions under a rulebook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.composition import Services, agreements_in_force, amendments, stops
from adapters.queries import find_case
from adapters.store.ledger import Ledger
from domain.rules.rulebook import Rulebook
from projections.amendments import AMENDING_TYPES, Amendments
from projections.decisions import Decision, decisions
from projections.recorded import Recorded


@dataclass(frozen=True, slots=True)
class DecidedCase:
    """A case; `ref` is `kind/id`, `events` are as published, `amended` as later amended, which `decisions` are of."""

    ref: str
    events: list[Recorded]
    amending: Amendments
    amended: list[Recorded]
    decisions: list[Decision]


def decided_case(
    services: Services, ledger: Ledger, ref: str, *, at: datetime | None, upto: int, rulebook: Rulebook
) -> DecidedCase:
    """Read a case as known at position `upto`, without what surely happened after `at`, and decide it.

    Raise InputRefused(unknown_reference).
    """
    found, events = find_case(ledger, ref, upto)
    if at is not None:
        events = [event for event in events if event.type in AMENDING_TYPES or event.occurred.maybe_by(at)]
    amending = amendments(ledger, upto)
    amended = list(amending.apply(events))
    made = decisions(
        amended,
        found,
        rulebook,
        agreements=agreements_in_force(ledger, upto, amending),
        custodians=services.custodians(),
        stops=stops(ledger, upto, amending),
    )
    return DecidedCase(found, events, amending, amended, made)
