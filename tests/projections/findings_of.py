"""Given events, the findings: of one case, held against the Minnesota pack and agreement lists that are one table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.rules.packs import minnesota_rules
from domain.events import handoff
from domain.instants import MINNESOTA
from domain.rules.rulebook import Rulebook
from projections.decisions import decisions
from projections.facts import Case as Recorded
from projections.finding import Finding, Kind, Setting
from projections.findings import findings
from tests.builders import body, recorded
from tests.projections.test_decisions import CUSTODIANS, LISTS, Case, Lists

NOT_NEUTRAL = re.compile(
    r"unlawful|illegal|violat|wrong|fail(s|ed|ure)?\b|guilt|breach|offend|improper|unauthori[sz]ed|refus|complian|"
    r"comply|sanctuary|should|must|misconduct|error|mistake|blame|fault\b|severe|serious|worst",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sheets(Lists):
    """The same table as lists of a year and a half: after the last of them nothing says who is on none."""

    last: datetime = datetime(2026, 5, 18, tzinfo=MINNESOTA)

    def listings(self, agency: str, moment: datetime) -> tuple[dict[str, Any], ...]:  # noqa: ARG002 - the port's
        """Return the sheets next to the moment."""
        before = "2026-01-15pm" if moment >= self.since else None
        return ({"sheet_before": before, "sheet_after": "2026-01-20am" if moment <= self.last else None},)


SHEETS = Sheets(LISTS.rows)


def found(
    *bodies: bytes,
    agreements: Lists | None = SHEETS,
    ice_reaches: datetime | None = None,
    rulebook: Rulebook | None = None,
) -> dict[Kind, list[Finding]]:
    """Return the findings by kind; whatever arises in any test is checked for its wording."""
    events = recorded(*bodies)
    pack = rulebook or minnesota_rules()
    made = decisions(events, "episode/e-1", pack, agreements=agreements, custodians=CUSTODIANS)
    given = findings(Recorded(events, CUSTODIANS), made, Setting(pack, agreements, ice_reaches))
    by_kind: dict[Kind, list[Finding]] = {}
    for finding in given:
        assert not NOT_NEUTRAL.search(finding.words), finding.words
        assert set(finding.events) <= {event.position for event in events}
        by_kind.setdefault(finding.kind, []).append(finding)
    return by_kind


def only(findings: dict[Kind, list[Finding]], kind: Kind) -> Finding:
    """Return the one finding of a kind."""
    assert len(findings.get(kind, [])) == 1, findings
    return findings[kind][0]


def cites(rule: str, modality: str | None = None, **more: Any) -> dict[str, Any]:
    """Return the fields of an event that cites one rule."""
    return {"cited_rules": [{"rule": rule, **({"modality": modality} if modality else {})}], **more}


def notice(case: Case, hours: float = -50, **data: Any) -> bytes:
    """The custodian tells ICE when release is due."""
    return case.handoff(handoff.ReleaseNoticeSent, hours, to_agency="us-ice", **data)


def transferred(case: Case, hours: float, *, by: str | None = None, **data: Any) -> bytes:
    """Custody passes to ICE, as one side tells it."""
    ends = {"releasing_agency": case.agency, "receiving_agency": "us-ice"}
    about = {"facility": case.facility, "episode": "e-1"}
    agency = by or case.agency
    return body(handoff.CustodyTransferred, "h-1", at=case.at(hours), agency=agency, **about, **ends, **data)
