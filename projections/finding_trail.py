"""The findings of every case in the log, as a read model: what each case gives, then what only many cases show.

`projections.finding` draws a row. A finding that only many cases show has no case. Last comes what is missing of the
agencies' own counts, which corrections do not touch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from projections.cases import CaseEvents, Cases
from projections.decisions import decisions
from projections.facts import Case, Custodian
from projections.finding import OF_A_DETAINER, Finding, Setting
from projections.finding_row import finding_row
from projections.finding_workflow import WORKFLOW_TYPES, Workflow, workflows
from projections.findings import findings, findings_of_many
from projections.linked_cases import linked
from projections.recorded import Recorded
from projections.sequences import Sequences


class FindingTrail:
    """The fold gathers each case's events, and what was said of findings; these are derived when asked for."""

    name = "findings"

    def __init__(
        self, setting: Setting, custodians: Mapping[str, Custodian], sequences: Sequences | None = None
    ) -> None:
        self._setting = setting
        self._custodians = custodians
        self._sequences = sequences or Sequences()
        self._cases = Cases()
        self._said: list[Recorded] = []

    def apply(self, event: Recorded) -> None:
        """Fold one event."""
        if event.type in WORKFLOW_TYPES:
            self._said.append(event)
        else:
            self._cases.apply(event)

    def workflows(self) -> dict[str, Workflow]:
        """Return what was said of findings, by their ids, also of those that arise no more."""
        return workflows(self._said)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each finding with its case and facility, by case, then those of many cases."""
        said = self.workflows()
        told: set[Finding] = set()
        everything: dict[int, Recorded] = {}
        for case in linked(self._cases):
            everything.update((event.position, event) for event in case.events)
            for finding in self._of(case):
                if finding.kind in OF_A_DETAINER:  # the detainer may be told of in other cases too
                    continue
                told.add(finding)
                yield finding_row(case.ref, finding, case.events, said)
        for finding in findings_of_many(everything.values(), self._custodians):
            if finding not in told:
                yield finding_row(None, finding, [everything[position] for position in finding.events], said)
        yield from self._sequences.rows(said)

    def row(self, finding: str) -> dict[str, Any] | None:
        """Return the finding of an id, None if it does not arise."""
        return next((row for row in self.rows() if row["id"] == finding), None)

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
