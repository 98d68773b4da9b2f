"""What would be decided under other rules or other facts, and how that differs from what was decided.

    {"ref":"episode/e-1","facility":"mn-cass-jail","decision_point":"hold_past_release",
     "at":"2026-01-16T17:00:00-06:00","before":"prohibited","after":"conflict",
     "rules_added":["MN-287G-CASS-WSO"],"rules_removed":[]}

A determination has changed if its status or the rules that stand are others. Nothing here is recorded: each decision
keeps its facts, but those that were edited, and is decided once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.instants import Instant
from domain.rules.decide import decide
from domain.rules.rulebook import Rulebook
from domain.rules.stops import Stops
from domain.rules.trace import Determination
from domain.rules.vocabulary import FactValue
from projections.decisions import Decision, stops_at
from projections.recorded import Recorded

FactEdits = Mapping[str, FactValue | None]


@dataclass(frozen=True, slots=True)
class Edits:
    """Facts to put in the place of those recorded; None takes a fact away. The narrower wins: case, facility, all."""

    everywhere: FactEdits = field(default_factory=dict)
    at: Mapping[str, FactEdits] = field(default_factory=dict)

    def applied(self, facts: Mapping[str, FactValue], ref: str, facility: str | None) -> dict[str, FactValue]:
        """Return the facts as edited for a case at a facility."""
        edited = {**facts, **self.everywhere, **self.at.get(facility or "", {}), **self.at.get(ref, {})}
        return {name: value for name, value in edited.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Change:
    """One determination that would be another."""

    ref: str
    facility: str | None
    decision_point: str
    at: Instant
    before: str
    after: str
    rules_added: tuple[str, ...]
    rules_removed: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "ref": self.ref,
            "facility": self.facility,
            "decision_point": self.decision_point,
            "at": self.at.as_json(),
            "before": self.before,
            "after": self.after,
            "rules_added": list(self.rules_added),
            "rules_removed": list(self.rules_removed),
        }


@dataclass(slots=True)
class WhatIf:
    """The other rules and facts, and what was found so far; `met` are the facilities and cases that were seen."""

    rulebook: Rulebook
    edits: Edits
    stops: Stops
    decisions: int = 0
    changes: list[Change] = field(default_factory=list)
    met: set[str] = field(default_factory=set)

    def ask(self, decision: Decision, facility: str | None) -> None:
        """Decide once more, and keep what differs."""
        self.decisions += 1
        self.met |= {decision.ref, facility or ""} & self.edits.at.keys()
        before = decision.determination
        facts = self.edits.applied(decision.facts, decision.ref, facility)
        stops = stops_at(self.stops, self.rulebook, before.decision_point)
        after = decide(facts, before.decision_point, before.valid_at, self.rulebook, stops)
        stood, stands = _standing(before), _standing(after)
        if before.status is not after.status or stood != stands:
            self.changes.append(
                Change(
                    ref=decision.ref,
                    facility=facility,
                    decision_point=before.decision_point.value,
                    at=before.valid_at,
                    before=before.status.value,
                    after=after.status.value,
                    rules_added=tuple(sorted(stands - stood)),
                    rules_removed=tuple(sorted(stood - stands)),
                )
            )

    def as_json(self) -> dict[str, Any]:
        """Return the changes with totals; `not_met` are the facilities and cases of the edits that had no decision."""
        by_facility = Counter(change.facility or "" for change in self.changes)
        by_status = Counter((change.before, change.after) for change in self.changes)
        return {
            "decisions": self.decisions,
            "changed": len(self.changes),
            "by_facility": [{"facility": name or None, "count": count} for name, count in _ordered(by_facility)],
            "by_status": [{"before": b, "after": a, "count": count} for (b, a), count in _ordered(by_status)],
            "not_met": sorted(self.edits.at.keys() - self.met),
            "changes": [change.as_json() for change in self.changes],
        }


def _ordered(counter: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counter.items(), key=lambda entry: (-entry[1], entry[0]))


def _standing(found: Determination) -> set[str]:
    return {trace.rule.id for trace in found.standing}


def facility_of(events: Iterable[Recorded]) -> str | None:
    """Return the facility that the case's events name first."""
    named = (getattr(event.data, "facility", None) for event in events)
    return next((facility for facility in named if isinstance(facility, str)), None)


def may_be_within(at: Instant, first: datetime | None, last: datetime | None) -> bool:
    """Say whether the moment may lie between both bounds, inclusive."""
    after = last is not None and at.earliest is not None and at.earliest > last
    before = first is not None and at.latest is not None and at.latest < first
    return not (after or before)
