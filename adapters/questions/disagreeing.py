"""What disagrees over the whole log, and what agencies say to it; `projections/finding.py` draws a finding.

`shown` gives one with all that was said of it: the finding's keys, then `arises` (false if it no longer does, or not as
of the time) and "workflow":[{"position":30,"at":"...","agency":"mn-cass-sheriff",
"event":"finding.contradiction_explained","words":"..."}].
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from adapters.cases import decided_cases
from adapters.deciding import deciding
from adapters.known import amendments, ice_told_until, sequences, setting
from adapters.questions.asked import Asked
from adapters.questions.coverage import EVERY_POINT
from adapters.questions.latest import Latest, Span
from adapters.remembering import Grown
from adapters.store.ledger import Ledger
from domain.errors import InputRefused
from domain.events.catalogue import CATALOGUE
from domain.events.record import ContradictionOpened
from domain.instants import format_rfc3339
from projections.amendments import Amendments
from projections.cases import case_ref
from projections.facts import Case
from projections.finding import Kind, Setting
from projections.finding_row import finding_row
from projections.finding_trail import FindingTrail
from projections.finding_workflow import State, Workflow, workflows
from projections.findings import findings


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings as known at a position and as of a moment, by case, then those of many cases."""

    known: int
    at: datetime | None
    rows: list[dict[str, Any]]

    def summary(self) -> dict[str, Any]:
        """Return how many there are of each kind and in each state, without those of which there are none."""
        by_kind, by_state = Counter(row["kind"] for row in self.rows), Counter(row["state"] for row in self.rows)
        return {
            "known": self.known,
            "at": format_rfc3339(self.at) if self.at else None,
            "counts": {kind.value: by_kind[kind.value] for kind in Kind if by_kind[kind.value]},
            "states": {one.value: by_state[one.value] for one in State if by_state[one.value]},
        }


def disagreeing(
    asked: Asked,
    *,
    at: datetime | None,
    upto: int,
    kinds: Sequence[str] = (),
    facility: str | None = None,
    state: str | None = None,
) -> Findings:
    """Return what disagrees: of these kinds, about a facility, in a state; raise InputRefused(unknown_facility)."""
    wanted = {
        **asked.at_facility(facility),
        **({"kind": kinds} if kinds else {}),
        **({"state": [state]} if state else {}),
    }
    rows = [
        row
        for row in finding_trail(asked, upto, at).rows()
        if all(row[key] in any_of for key, any_of in wanted.items())
    ]
    return Findings(upto, at, rows)


def finding_trail(asked: Asked, upto: int, at: datetime | None) -> FindingTrail:
    """Fold the log as known at a position, without what surely happened after a moment."""
    ledger = asked.ledger
    amending = amendments(ledger, upto)
    counts = sequences(ledger, upto, at)
    trail = FindingTrail(setting(ledger, upto, amending, at), asked.services.custodians(), counts)
    for event in amending.apply(ledger.recorded(upto=upto)):
        if at is None or event.occurred.maybe_by(at):
            trail.apply(event)
        asked.progress(event.position)
    return trail


def finding_shown(asked: Asked, finding: str, *, at: datetime | None, upto: int) -> dict[str, Any]:
    """Return one finding with all that agencies said of it; raise InputRefused(unknown_finding)."""
    trail = finding_trail(asked, upto, at)
    row, workflow = trail.row(finding), trail.workflows().get(finding)
    if row is None and workflow is None:
        raise unknown_finding(finding)
    return shown(finding, row, workflow or Workflow())


def shown(finding: str, row: dict[str, Any] | None, workflow: Workflow) -> dict[str, Any]:
    """Return a finding of an id, `row` being None if it does not arise, with all that was said of it."""
    return {
        "id": finding,
        **(row or {}),
        **(workflow.of(row) if row else workflow).as_json(),
        "arises": row is not None,
        "workflow": [
            {
                "position": event.position,
                "at": event.occurred.as_json(),
                "agency": event.agency,
                "event": event.type,
                **event.data.model_dump(mode="json", include={"words", "outcome"}, exclude_none=True),
            }
            for event in workflow.told
        ],
    }


def unknown_finding(finding: str) -> InputRefused:
    """Say that there is no such finding."""
    return InputRefused(
        "unknown_finding", f"there is no finding {finding[:80]!r}", mend="`custody findings` prints the ids"
    )


def disagreeing_in(asked: Asked, refs: Sequence[str], *, at: datetime | None, upto: int) -> list[dict[str, Any]]:
    """Return what disagrees within some cases, without reading the whole log: not what only many cases show."""
    ledger, by, custodians = asked.ledger, deciding(asked.ledger, upto), asked.services.custodians()
    against = Setting(by.rules.rulebook, by.agreements, ice_told_until(ledger, upto, at), by.stops)
    rows = [
        finding_row(case.ref, finding, case.events, {})
        for case in decided_cases(asked.services, ledger, refs, EVERY_POINT, at=at, upto=upto)
        for finding in findings(Case(case.events, custodians), case.decisions, against)
    ]
    return with_answers(ledger, rows, by.amending, at=at, upto=upto)


def with_answers(
    ledger: Ledger, rows: Sequence[dict[str, Any]], amending: Amendments, *, at: datetime | None, upto: int
) -> list[dict[str, Any]]:
    """Return findings with what agencies had said of them by the moment."""
    events = amending.apply(ledger.about([f"finding/{row['id']}" for row in rows], upto=upto))
    said = workflows(event for event in events if at is None or event.occurred.maybe_by(at))
    return [{**row, **said.get(row["id"], Workflow()).of(row).as_json()} for row in rows]


def answered(asked: Asked, span: Span, *, at: datetime | None, upto: int) -> Latest[dict[str, Any]]:
    """Return findings that an agency has answered or closed, of those within one case: the last taken up first.

    What does not arise as of the moment is left out, so there may be fewer.
    """
    every = _taken_up.upto(asked.ledger, upto)
    known = bisect_right(every, upto, key=lambda one: one.position)
    taken_up = Latest.of((every[number] for number in range(known - 1, -1, -1)), span)
    named = {one for event in taken_up.rows for one in event.events}
    events = asked.ledger.published(sorted(named), topics=tuple(CATALOGUE), upto=upto)
    cases = sorted(filter(None, {case_ref(event) for event in events}))
    arising = {row["id"]: row for row in disagreeing_in(asked, cases, at=at, upto=upto)}
    rows = (arising[one.finding] for one in taken_up.rows if one.finding in arising)
    return Latest([row for row in rows if row["state"] != State.OPEN], taken_up.has_more)


class TakenUp(NamedTuple):
    """A finding that somebody acted on first at a position, and the ids of the events it rested on then."""

    position: int
    finding: str
    events: tuple[str, ...]


def _take_up(found: list[TakenUp], ledger: Ledger, after: int, upto: int) -> None:
    events = ledger.recorded(after=after, upto=upto, topics=(ContradictionOpened.TYPE,))
    told = ((event, event.data) for event in events)
    found += (
        TakenUp(event.position, event.stream_id, tuple(data.events))
        for event, data in told
        if isinstance(data, ContradictionOpened)
    )


_taken_up: Grown[list[TakenUp]] = Grown(list, _take_up)
