"""The findings of every case in the log, as a read model: what each case gives, then what only many cases show.

    {"case":"episode/mn-cass-jail.2026-000012","facility":"mn-cass-jail","kind":"notice_lead_short",...}

A finding that only many cases show has no case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from projections.cases import CaseEvents, Cases
from projections.decisions import decisions
from projections.facts import Case, Custodian
from projections.finding import Finding, Setting
from projections.findings import findings, findings_of_many
from projections.linked_cases import linked
from projections.recorded import Recorded


class FindingTrail:
    """The fold gathers each case's events; the findings are derived when asked for."""

    name = "findings"

    def __init__(self, setting: Setting, custodians: Mapping[str, Custodian]) -> None:
        self._setting = setting
        self._custodians = custodians
        self._cases = Cases()

    def apply(self, event: Recorded) -> None:
        """Fold one event."""
        self._cases.apply(event)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each finding with its case and facility, by case, then those of many cases."""
        told: set[Finding] = set()
        everything: dict[int, Recorded] = {}
        for case in linked(self._cases):
            everything.update((event.position, event) for event in case.events)
            for finding in self._of(case):
                told.add(finding)
                yield _row(case.ref, finding, case.events)
        for finding in findings_of_many(everything.values()):
            if finding not in told:
                yield _row(None, finding, [everything[position] for position in finding.events])

    def _of(self, case: CaseEvents) -> tuple[Finding, ...]:
        against = self._setting
        made = decisions(
            case.events,
            case.ref,
            against.rulebook,
            agreements=against.agreements,
            custodians=self._custodians,
            stops=against.stops,
        )
        return findings(Case(case.events, self._custodians), made, against)

    def snapshot(self) -> list[dict[str, Any]]:
        """Return every finding as JSON, the same for the same events."""
        return list(self.rows())


def _row(ref: str | None, finding: Finding, events: Sequence[Recorded]) -> dict[str, Any]:
    named = (getattr(event.data, "facility", None) for event in events if event.position in finding.events)
    return {"case": ref, "facility": next((one for one in named if one), None), **finding.as_json()}
