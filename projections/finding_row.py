"""A finding as it is told: with what it is about, its id, since when it could be known, and what became of it.

`projections.finding` draws it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.canonical import canonical_bytes
from domain.instants import format_rfc3339
from projections.finding import OF_A_DETAINER, Finding
from projections.finding_workflow import Workflow
from projections.recorded import Recorded

ID_HEX = 20


def finding_row(
    case: str | None, finding: Finding, events: Sequence[Recorded], told: Mapping[str, Workflow]
) -> dict[str, Any]:
    """Return a finding of a case, None if it is of many; what is about a detainer has that for its case.

    `events` are the case's, `told` is what was said of findings, by their ids.
    """
    resting_on = [event for event in events if event.position in finding.events]
    named = (getattr(event.data, "facility", None) for event in resting_on)
    facility = next((one for one in named if one), None)
    if finding.kind in OF_A_DETAINER:
        case = resting_on[0].stream
    about = list(_about(case or f"facility/{facility}", finding, resting_on))
    number = hashlib.sha256(canonical_bytes([finding.kind.value, *about])).hexdigest()[:ID_HEX]
    opened = _opened(resting_on)
    state, answers, closed = told.get(number, Workflow()).of({"opened": opened}).as_json().values()
    return {
        "id": number,
        "kind": finding.kind.value,
        "about": about,
        "opened": opened,
        "state": state,
        "case": case,
        "facility": facility,
        **finding.as_json(),
        "answers": answers,
        "closed": closed,
    }


def _about(case: str, finding: Finding, events: Sequence[Recorded]) -> Iterator[str]:
    yield case
    if finding.decision_point:
        yield f"decision_point/{finding.decision_point.value}"
    for event in events:
        if event.position == finding.about:
            yield f"event/{event.envelope.id}"
            yield from (f"rule/{rule}" for rule in finding.rules)


def _opened(events: Sequence[Recorded]) -> dict[str, Any] | None:
    """Return when the last event it rests on was known, as it now stands; None if it rests on none."""
    last = max((event.known_last for event in events), default=None)
    return {"position": last[0], "time": format_rfc3339(last[1])} if last else None
