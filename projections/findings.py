"""Findings: where cited, derived and done differ in a case, and where the records of a case disagree.

    findings(case, decisions, setting)  ->  (Finding, Finding, ...)      one case
    bulk_issues(cases)                  ->  (Finding, ...)               over many cases

Both are pure and deterministic: the same events, pack and lists give the same findings in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from domain.events import detainer
from projections.decisions import Decision
from projections.facts import Case
from projections.finding import Finding, Kind, Setting, found, joined
from projections.findings_cited import cited_findings
from projections.findings_conduct import conduct_findings
from projections.findings_record import local_day, record_findings
from projections.recorded import Recorded

BULK_ISSUE_MORE_THAN = 20  # to one facility in a day; all of Minnesota has a median of 6 (domain facts 5.3)


def findings(case: Case, made: Sequence[Decision], setting: Setting) -> tuple[Finding, ...]:
    """Return the findings of one case, by the first event they rest on."""
    listed = [
        *cited_findings(case, made, setting),
        *conduct_findings(case, made),
        *record_findings(case, made, setting),
    ]
    return tuple(sorted(set(listed), key=_order))


def _order(finding: Finding) -> tuple[tuple[int, ...], str, str, tuple[str, ...]]:
    return finding.events, finding.kind, finding.decision_point or "", finding.rules


def bulk_issues(events: Iterable[Recorded]) -> tuple[Finding, ...]:
    """Return a note for each facility and day with more than `BULK_ISSUE_MORE_THAN` detainers.

    `events` may be of many cases; of each detainer the first preparation counts.
    """
    issued: dict[tuple[date, str], dict[str, Recorded]] = {}
    for event in events:
        data, day = event.data, local_day(event.occurred)
        if isinstance(data, detainer.DetainerPrepared) and data.facility and day:
            issued.setdefault((day, data.facility), {}).setdefault(event.stream, event)
    return tuple(
        found(
            Kind.BULK_ISSUE,
            forms.values(),
            says={
                "by": joined(sorted({event.agency for event in forms.values()})),
                "count": len(forms),
                "facility": facility,
                "day": day.isoformat(),
            },
        )
        for (day, facility), forms in sorted(issued.items())
        if len(forms) > BULK_ISSUE_MORE_THAN
    )
