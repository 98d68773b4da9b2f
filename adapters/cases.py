"""Cases as the log had them at a position: their events, what amends them, and their decisions under a rulebook."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from adapters.case_batches import cases_of
from adapters.composition import Services
from adapters.deciding import deciding
from adapters.queries import FoundCase
from adapters.rules.published import KnownRules
from adapters.store.ledger import Ledger
from domain.events.fields import DecisionPoint
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
    services: Services,
    ledger: Ledger,
    found: FoundCase,
    *,
    at: datetime | None,
    upto: int,
    rulebook: Rulebook | None = None,
) -> DecidedCase:
    """Decide a case that was found as known at position `upto`, without what surely happened after `at`.

    Without a rulebook by the rules known then.
    """
    ref, events = found
    if at is not None:
        events = [event for event in events if event.type in AMENDING_TYPES or event.occurred.maybe_by(at)]
    by = deciding(ledger, upto, rulebook)
    amended = list(by.amending.apply(events))
    made = decisions(
        amended, ref, by.rules.rulebook, agreements=by.agreements, custodians=services.custodians(), stops=by.stops
    )
    return DecidedCase(ref, events, by.amending, amended, made, by.rules, by.agreements, by.stops)


class CaseAt(NamedTuple):
    """A case as of a moment: its events as amended, and its decisions at the points asked for."""

    ref: str
    events: list[Recorded]
    decisions: list[Decision]


def decided_cases(
    services: Services,
    ledger: Ledger,
    refs: Sequence[str],
    points: Collection[DecisionPoint],
    *,
    at: datetime | None,
    upto: int,
) -> Iterator[CaseAt]:
    """Yield each of these cases with its decisions at some points, as known at position `upto` by the rules known then.

    Without what surely happened after `at`.
    """
    by, custodians = deciding(ledger, upto), services.custodians()
    for case in cases_of(ledger, refs, upto):
        events = [event for event in by.amending.apply(case.events) if at is None or event.occurred.maybe_by(at)]
        made = decisions(
            events,
            case.ref,
            by.rules.rulebook,
            agreements=by.agreements,
            custodians=custodians,
            stops=by.stops,
            points=points,
        )
        yield CaseAt(case.ref, events, made)
