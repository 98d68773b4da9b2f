"""Determinations: what the pack derived at each decision point of a case, at every position where that changed.

    {"ref":"episode/e-1","position":42,"decision_point":"hold_past_release","status":"prohibited",
     "pack":"us-mn","pack_digest":"...","rules":[...],"cited":[...],"done":[...],"facts":{...},...}
    {"ref":"episode/e-1","position":51,"decision_point":"hold_past_release","withdrawn":true}

A row holds from its position until the next row of the same case and point: it rests on what the log held by then and
on the pack known then, so a past row never changes. `withdrawn` says that the point no longer arises (its event was
retracted, or the detainer has been found to belong to an episode). Nothing here is appended to the log: anybody
rebuilds the same bytes from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.canonical import canonical_bytes
from domain.events.fields import DecisionPoint
from domain.rules.rulebook import Rulebook
from domain.rules.stops import NO_STOPS, Stops
from projections.agreements import Agreements
from projections.amendments import AMENDING_TYPES, Amendments
from projections.cases import Cases, case_ref
from projections.decisions import decisions
from projections.facts import Custodian
from projections.recorded import Recorded
from projections.rule_stops import STOPPING_TYPES, rule_stops

Asked = tuple[str, datetime]


class _Asking:
    """Agreements that remember what they answered, so that a newer list re-decides only what it changes."""

    def __init__(self, agreements: Agreements) -> None:
        self._agreements = agreements
        self._in_force: dict[Asked, tuple[tuple[str, str], ...]] = {}
        self._listings: dict[Asked, tuple[dict[str, Any], ...]] = {}

    def in_force(self, agency: str, moment: datetime) -> tuple[tuple[str, str], ...]:
        return self._in_force.setdefault((agency, moment), self._agreements.in_force(agency, moment))

    def listings(self, agency: str, moment: datetime) -> tuple[dict[str, Any], ...]:
        return self._listings.setdefault((agency, moment), self._agreements.listings(agency, moment))

    @property
    def agencies(self) -> set[str]:
        """Return whom it was asked about."""
        return {agency for agency, _ in (*self._in_force, *self._listings)}

    def differs(self, agreements: Agreements) -> bool:
        """Say whether the same questions would be answered otherwise now."""
        return any(agreements.in_force(*asked) != answer for asked, answer in self._in_force.items()) or any(
            agreements.listings(*asked) != answer for asked, answer in self._listings.items()
        )


@dataclass(slots=True)
class _Last:
    """What a case's last rows say, as digests, and what they were told of agreements; None: no list was there."""

    rows: dict[DecisionPoint, bytes] = field(default_factory=dict)
    told: _Asking | None = None


class Determinations:
    """The fold: `apply` takes the log's next event and yields the rows that it causes.

    `rulebooks` says from which position on which rules are in use; 0 is the start. With `only` one case is decided.
    """

    def __init__(
        self, custodians: Mapping[str, Custodian], rulebooks: Mapping[int, Rulebook], *, only: str | None = None
    ) -> None:
        self._only = only
        self._custodians = custodians
        self._rulebooks = rulebooks
        self._rulebook = rulebooks[0]
        self._cases = Cases()
        self._amending = Amendments()
        self._ref_of: dict[tuple[str, str], str] = {}
        self._listed: list[Recorded] = []
        self._stopping: list[Recorded] = []
        self._stops: Stops = NO_STOPS
        self._agreements: Agreements | None = None
        self._last: dict[str, _Last] = {}
        self._asking: dict[str, set[str]] = {}  # the cases that asked of an agency's agreements

    def apply(self, event: Recorded) -> Iterator[dict[str, Any]]:
        """Take in one event, in the order of the log."""
        for ref in sorted(self._touched(event)):
            if self._only in (None, ref):
                yield from self._rows(ref, event.position)

    def _touched(self, event: Recorded) -> set[str]:
        """Return the cases whose decisions may differ from now on."""
        if event.position in self._rulebooks:
            self._rulebook = self._rulebooks[event.position]
            return set(self._last)
        if event.type in AMENDING_TYPES:
            return self._amended(event)
        if event.type in STOPPING_TYPES:
            self._stopping.append(event)
            return self._stopped_anew()
        ref = case_ref(event)
        if ref:
            self._ref_of[event.envelope.source, event.envelope.id] = ref
        touched = self._cases.apply(event)
        if event.type in Agreements.TYPES:
            self._listed.append(event)
            touched |= self._listed_anew([event])
        return touched

    def _amended(self, event: Recorded) -> set[str]:
        self._amending.add(event)
        target = self._amending.root((event.envelope.source, event.envelope.correctionof or ""))
        ref = self._ref_of.get(target)
        touched = self._cases.holding(ref) if ref else set()
        if _among(self._stopping, target):
            touched |= self._stopped_anew()
        if _among(self._listed, target):
            self._agreements = None
            touched |= self._listed_anew(self._listed)
        return touched

    def _stopped_anew(self) -> set[str]:
        """Take in what courts stopped; any case may hang on it, and one whose answer stays the same gets no row."""
        self._stops = rule_stops(self._amending.apply(self._stopping))
        return set(self._last)

    def _listed_anew(self, events: list[Recorded]) -> set[str]:
        """Take in what lists say of agreements; return the cases that would now be told something else."""
        asking = set() if self._agreements else set(self._last)  # the first list, or all of them anew, bears on anybody
        agreements = self._agreements = self._agreements or Agreements()
        for event in self._amending.apply(events):
            agencies = agreements.apply(event)
            for agency in self._asking if agencies is None else agencies:
                asking |= self._asking.get(agency, set())
        return {ref for ref in asking if (told := self._last[ref].told) is None or told.differs(agreements)}

    def _rows(self, ref: str, position: int) -> Iterator[dict[str, Any]]:
        last = self._last.setdefault(ref, _Last())
        found = self._decided(ref, last)
        for point in [point for point in last.rows if point not in found]:
            del last.rows[point]
            yield {"ref": ref, "position": position, "decision_point": point.value, "withdrawn": True}
        for point, row in found.items():
            digest = hashlib.sha256(canonical_bytes(row)).digest()
            if last.rows.get(point) != digest:
                last.rows[point] = digest
                yield {"ref": ref, "position": position, **row}

    def _decided(self, ref: str, last: _Last) -> dict[DecisionPoint, dict[str, Any]]:
        case = self._cases.case(ref)
        if case is None:
            return {}
        last.told = _Asking(self._agreements) if self._agreements else None
        made = decisions(
            list(self._amending.apply(case.events)),
            ref,
            self._rulebook,
            agreements=last.told,
            custodians=self._custodians,
            stops=self._stops,
        )
        for agency in last.told.agencies if last.told else ():
            self._asking.setdefault(agency, set()).add(ref)
        return {decision.determination.decision_point: decision.as_json() for decision in made}


def _among(events: list[Recorded], target: tuple[str, str]) -> bool:
    return any((event.envelope.source, event.envelope.id) == target for event in events)
