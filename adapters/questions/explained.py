"""The decisions of a case so that anyone can check them; `projections/explanation.py` draws one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.cases import decided_case
from adapters.queries import FoundCase, find_case
from adapters.questions.asked import Asked
from domain.errors import InputRefused
from domain.events.detainer import DetainerResponseDecided
from domain.rules.rulebook import Rulebook
from projections.explanation import Explanation


@dataclass(frozen=True, slots=True)
class Explained:
    """A case, as `kind/id`, and an explanation for each decision point asked about."""

    ref: str
    explanations: list[Explanation]

    def at(self, point: str | None) -> list[Explanation]:
        """Return the explanations of one decision point, or all; raise InputRefused(point_not_arisen)."""
        if point is None:
            return self.explanations
        chosen = [one for one in self.explanations if one.point == point]
        if chosen:
            return chosen
        arisen = [one.point.value for one in self.explanations]
        raise InputRefused(
            "point_not_arisen",
            f"{point} did not arise in {self.ref}",
            mend=f"these did: {', '.join(arisen)}" if arisen else "no decision point arose in this case",
        )


def explained(
    asked: Asked, ref: str, *, point: str | None, at: datetime | None, upto: int, rulebook: Rulebook | None = None
) -> Explained:
    """Explain one decision point of a case, or each that arose; without a rulebook by the rules known then.

    Raise InputRefused: unknown_reference, point_not_arisen.
    """
    whole = explained_whole(asked, find_case(asked.ledger, ref, upto), at=at, upto=upto, rulebook=rulebook)
    return Explained(whole.ref, whole.at(point))


def explained_whole(
    asked: Asked, found: FoundCase, *, at: datetime | None, upto: int, rulebook: Rulebook | None = None
) -> Explained:
    """Explain each decision point that arose in a case, which was found as known at position `upto`."""
    services = asked.services
    case = decided_case(services, asked.ledger, found, at=at, upto=upto, rulebook=rulebook)
    names = {facility.agency: facility.agency_name for facility in services.register.facilities}
    responses = tuple(event for event in case.amended if isinstance(event.data, DetainerResponseDecided))
    made = [Explanation(decision, case.rules.rulebook, upto, names, responses) for decision in case.decisions]
    return Explained(case.ref, made)
