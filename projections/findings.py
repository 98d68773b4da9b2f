"""Findings: where cited, derived and done differ in a case, and where the records of a case disagree.

    findings(case, decisions, setting)    ->  (Finding, Finding, ...)    one case
    findings_of_many(events, custodians)  ->  (Finding, ...)             what shows only over many cases

Both are pure and deterministic: the same events, pack and lists give the same findings in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from projections.decisions import Decision
from projections.facts import Case, Custodian
from projections.finding import Finding, Setting
from projections.findings_cited import cited_findings
from projections.findings_conduct import conduct_findings
from projections.findings_many import bulk_issues, duplicate_detainers
from projections.findings_record import record_findings
from projections.findings_speakers import told_by_others
from projections.recorded import Recorded


def findings(case: Case, made: Sequence[Decision], setting: Setting) -> tuple[Finding, ...]:
    """Return the findings of one case, by the first event they rest on."""
    listed = {
        *cited_findings(case, made, setting),
        *conduct_findings(case, made),
        *record_findings(case, made, setting),
        *told_by_others(case.events, case.custodians),
        *duplicate_detainers(case.events),
    }
    return tuple(sorted(listed, key=_order))


def findings_of_many(events: Iterable[Recorded], custodians: Mapping[str, Custodian]) -> tuple[Finding, ...]:
    """Return what the detainers of all cases show together."""
    listed = list(events)
    return (*told_by_others(listed, custodians), *duplicate_detainers(listed), *bulk_issues(listed))


def _order(finding: Finding) -> tuple[tuple[int, ...], str, str, str]:
    return finding.events, finding.kind, finding.decision_point or "", finding.words
