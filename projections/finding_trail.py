"""The findings of every case in the log, as a read model: what each case gives, then what many cases show.

    {"case":"episode/mn-cass-jail.2026-000012","facility":"mn-cass-jail","kind":"notice_lead_short",...}

A finding over many cases has no case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from projections.cases import CASE_KINDS, cases, mentions
from projections.decisions import decisions
from projections.facts import Case, Custodian
from projections.finding import Finding, Setting
from projections.findings import bulk_issues, findings
from projections.recorded import Recorded


class FindingTrail:
    """The fold gathers the events that belong to a case; the findings are derived when asked for."""

    name = "findings"

    def __init__(self, setting: Setting, custodians: Mapping[str, Custodian]) -> None:
        self._setting = setting
        self._custodians = custodians
        self._events: list[Recorded] = []

    def apply(self, event: Recorded) -> None:
        """Fold one event."""
        if mentions(event, CASE_KINDS):
            self._events.append(event)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each finding with its case and facility, by case, then those over many cases."""
        for ref, events in cases(self._events):
            for finding in findings_of(events, ref, self._setting, self._custodians):
                yield _row(ref, finding, events)
        for finding in bulk_issues(self._events):
            yield _row(None, finding, self._events)

    def snapshot(self) -> list[dict[str, Any]]:
        """Return every finding as JSON, the same for the same events."""
        return list(self.rows())


def findings_of(
    events: list[Recorded], ref: str, setting: Setting, custodians: Mapping[str, Custodian]
) -> tuple[Finding, ...]:
    """Return the findings of one case from its events."""
    made = decisions(events, ref, setting.rulebook, agreements=setting.agreements, custodians=custodians)
    return findings(Case(events, custodians), made, setting)


def _row(ref: str | None, finding: Finding, events: list[Recorded]) -> dict[str, Any]:
    named = (getattr(event.data, "facility", None) for event in events if event.position in finding.events)
    facility = next((one for one in named if one), None)
    return {"case": ref, "facility": facility, **finding.as_json()}
