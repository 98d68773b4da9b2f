"""The decisions of every case in the log, as a read model: what `decisions` derives, case by case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.events import detainer, episode, handoff
from domain.rules.rulebook import Rulebook
from projections.decisions import decisions
from projections.facts import AgreementsInForce, Custodian
from projections.recorded import Recorded


class DecisionTrail:
    """The fold gathers each case's events; the decisions are derived when asked for."""

    name = "decisions"

    def __init__(
        self, rulebook: Rulebook, agreements: AgreementsInForce | None, custodians: Mapping[str, Custodian]
    ) -> None:
        self._rulebook = rulebook
        self._agreements = agreements
        self._custodians = custodians
        self._cases: dict[str, list[Recorded]] = {}

    def apply(self, event: Recorded) -> None:
        """Fold one event into its case."""
        ref = case_ref(event)
        if ref:
            self._cases.setdefault(ref, []).append(event)

    def snapshot(self) -> dict[str, Any]:
        """Return every case's decisions as JSON, by reference; cases in which none arose are left out."""
        derived = {ref: self._decided(ref) for ref in sorted(self._cases)}
        return {ref: decided for ref, decided in derived.items() if decided}

    def _decided(self, ref: str) -> list[dict[str, Any]]:
        made = decisions(
            self._cases[ref], ref, self._rulebook, agreements=self._agreements, custodians=self._custodians
        )
        return [decision.as_json() for decision in made]


def case_ref(event: Recorded) -> str | None:
    """Return the case an event belongs to: its episode, or its own stream where no episode is named."""
    data = event.data
    if isinstance(data, episode.EpisodeData):
        return event.stream
    if isinstance(data, detainer.DetainerData | handoff.HandoffData):
        return f"episode/{data.episode}" if data.episode else event.stream
    return None
