"""The decisions of a case so that anyone can check them; `projections/explanation.py` draws one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.cases import DecidedCase, decided_case
from adapters.questions.asked import Asked
from domain.errors import InputRefused
from domain.events.detainer import DetainerResponseDecided
from domain.rules.rulebook import Rulebook
from projections.decisions import Decision
from projections.explanation import Explanation


@dataclass(frozen=True, slots=True)
class Explained:
    """A case, as `kind/id`, and an explanation for each decision point asked about."""

    ref: str
    explanations: list[Explanation]


def explained(
    asked: Asked, ref: str, *, point: str | None, at: datetime | None, upto: int, rulebook: Rulebook | None = None
) -> Explained:
    """Explain one decision point of a case, or each that arose; without a rulebook by the rules known then.

    Raise InputRefused: unknown_reference, point_not_arisen.
    """
    services = asked.services
    case = decided_case(services, asked.ledger, ref, at=at, upto=upto, rulebook=rulebook)
    names = {facility.agency: facility.agency_name for facility in services.register.facilities}
    responses = tuple(event for event in case.amended if isinstance(event.data, DetainerResponseDecided))
    made = [Explanation(decision, case.rules.rulebook, upto, names, responses) for decision in _chosen(case, point)]
    return Explained(case.ref, made)


def _chosen(case: DecidedCase, point: str | None) -> Sequence[Decision]:
    if point is None:
        return case.decisions
    chosen = [decision for decision in case.decisions if decision.determination.decision_point == point]
    if chosen:
        return chosen
    arisen = [decision.determination.decision_point.value for decision in case.decisions]
    raise InputRefused(
        "point_not_arisen",
        f"{point} did not arise in {case.ref}",
        mend=f"these did: {', '.join(arisen)}" if arisen else "no decision point arose in this case",
    )
