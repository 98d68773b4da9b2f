"""The decisions of every case in the log, as a read model: what `decisions` derives, case by case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.rules.rulebook import Rulebook
from domain.rules.stops import NO_STOPS, Stops
from projections.cases import CaseEvents, Cases
from projections.decisions import decisions
from projections.facts import AgreementsInForce, Custodian
from projections.recorded import Recorded


class DecisionTrail:
    """The fold gathers each case's events; the decisions are derived when asked for."""

    name = "decisions"

    def __init__(
        self,
        rulebook: Rulebook,
        agreements: AgreementsInForce | None,
        custodians: Mapping[str, Custodian],
        stops: Stops = NO_STOPS,
    ) -> None:
        self._rulebook = rulebook
        self._agreements = agreements
        self._custodians = custodians
        self._stops = stops
        self._cases = Cases()

    def apply(self, event: Recorded) -> None:
        """Fold one event into its case."""
        self._cases.apply(event)

    def snapshot(self) -> dict[str, Any]:
        """Return every case's decisions as JSON, by reference; cases in which none arose are left out."""
        derived = {case.ref: self._decided(case) for case in self._cases}
        return {ref: decided for ref, decided in derived.items() if decided}

    def _decided(self, case: CaseEvents) -> list[dict[str, Any]]:
        made = decisions(
            case.events,
            case.ref,
            self._rulebook,
            agreements=self._agreements,
            custodians=self._custodians,
            stops=self._stops,
        )
        return [decision.as_json() for decision in made]
