"""One case as the log had it at a position: its events, what amends them, and its decisions under a rulebook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.composition import Services, agreements_in_force, amendments, rules_known, stops
from adapters.queries import find_case
from adapters.rules.published import KnownRules
from adapters.store.ledger import Ledger
from domain.rules.rulebook import Rulebook
from domain.rules.stops import Stops
from projections.agreements import Agreements
from projections.amendments import AMENDING_TYPES, Amendments
from projections.decisions import Decision, decisions
from projections.recorded import Recorded


@dataclass(frozen=True, slots=True)
class DecidedCase:
    """A case; `ref` is `kind/id`, `events` are as published, `amended` as later amended, which `decisions` are of.

    `rules`, `agreements` and `stops` are those it was decided by.
    """

    ref: str
    events: list[Recorded]
    amending: Amendments
    amended: list[Recorded]
    decisions: list[Decision]
    rules: KnownRules
    agreements: Agreements | None
    stops: Stops


def decided_case(
    services: Services, ledger: Ledger, ref: str, *, at: datetime | None, upto: int, rulebook: Rulebook | None = None
) -> DecidedCase:
    """Read a case as known at position `upto`, without what surely happened after `at`, and decide it.

    Without a rulebook by the rules known then. Raise InputRefused(unknown_reference).
    """
    found, events = find_case(ledger, ref, upto)
    if at is not None:
        events = [event for event in events if event.type in AMENDING_TYPES or event.occurred.maybe_by(at)]
    amending = amendments(ledger, upto)
    amended = list(amending.apply(events))
    rules = KnownRules(rulebook, None) if rulebook else rules_known(ledger, upto, amending)
    in_force, stopped = agreements_in_force(ledger, upto, amending), stops(ledger, upto, amending)
    made = decisions(
        amended, found, rules.rulebook, agreements=in_force, custodians=services.custodians(), stops=stopped
    )
    return DecidedCase(found, events, amending, amended, made, rules, in_force, stopped)
