"""Coverage: what the rules say at every decision point of every custodian in the ordinary case.

    [{"facility":"mn-freeborn-jail","kind":"county_jail","custodian":"mn-freeborn-sheriff",
      "decision_point":"hold_past_release","status":"conflict","rules":["MN-AG-2025-12-12b",...],
      "unknown":[],"missing":[]}]

The facts are the custodian's own (kind, county, agency, its agreements and what its board said of them) and what the
pack supposes at that point. `rules` stand, `unknown` may. An agency that runs no facility is there only where a rule
names it; its `facility` is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.events.fields import DecisionPoint
from domain.events.instrument import BoardApprovalRecorded
from domain.instants import Instant
from domain.rules.decide import decide
from domain.rules.pack import Status
from domain.rules.rulebook import Rulebook
from domain.rules.stops import Stops
from domain.rules.trace import Standing
from domain.rules.vocabulary import FactValue
from projections.facts import AgreementsInForce, Custodian, agreement_facts
from projections.recorded import Recorded

POLICE = "police"
READING = "reading:"


@dataclass(frozen=True, slots=True)
class Cell:
    """One custodian at one decision point; `own_rule` is false where no rule of its own stands."""

    facility: str | None
    custodian: Custodian
    decision_point: DecisionPoint
    status: Status
    rules: tuple[str, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    own_rule: bool

    @property
    def disputed(self) -> bool:
        """Say whether nothing but rival readings of a text leaves the status open."""
        return bool(self.missing) and all(name.startswith(READING) for name in self.missing)

    @property
    def answer(self) -> tuple[object, ...]:
        """Return all it says beside whom it is about."""
        return self.decision_point, self.status, self.rules, self.unknown, self.missing

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "facility": self.facility,
            "kind": self.custodian.kind or None,
            "custodian": self.custodian.agency,
            "decision_point": self.decision_point.value,
            "status": self.status.value,
            "rules": list(self.rules),
            "unknown": list(self.unknown),
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """What every cell is asked under. Without `agreements` (no list was ever imported) nothing is known of them."""

    rulebook: Rulebook
    agreements: AgreementsInForce | None
    at: Instant
    approvals: Mapping[str, bool] = field(default_factory=dict)
    stops: Stops = field(default_factory=dict)

    def cell(self, facility: str | None, custodian: Custodian, point: DecisionPoint) -> Cell:
        """Decide one cell."""
        own = {"facility_kind": custodian.kind, "county": custodian.county, "agency": custodian.agency}
        facts: dict[str, FactValue] = {
            **self.rulebook.pack.suppose.get(point, {}),
            **{name: value for name, value in own.items() if value},
            **dict(agreement_facts(custodian.agency, self.at, self.agreements)),
        }
        if point is DecisionPoint.ENTER_AGREEMENT and custodian.agency in self.approvals:
            facts["board_approved"] = self.approvals[custodian.agency]
        found = decide(facts, point, self.at, self.rulebook, self.stops)
        standing = [trace.rule for trace in found.standing]
        return Cell(
            facility=facility,
            custodian=custodian,
            decision_point=point,
            status=found.status,
            rules=tuple(rule.id for rule in standing),
            unknown=tuple(trace.rule.id for trace in found.rules if trace.standing is Standing.UNKNOWN),
            missing=found.missing,
            own_rule=any(rule.is_local for rule in standing),
        )


def board_approvals(events: Iterable[Recorded], at: datetime) -> dict[str, bool]:
    """Return what each agency's board said last of its agreement by a moment; `events` are amended, oldest first."""
    approvals: dict[str, bool] = {}
    for event in events:
        if isinstance(event.data, BoardApprovalRecorded) and event.occurred.surely_by(at):
            approvals[event.data.agency] = event.data.approved
    return approvals


def coverage(
    custodians: Mapping[str, Custodian],
    asked: Asked,
    points: Iterable[DecisionPoint] = tuple(DecisionPoint),
) -> Iterator[Cell]:
    """Yield a cell for every facility and point, then for every agency without a facility where a rule names it."""
    for facility, custodian, point in places(custodians, asked.rulebook, points):
        yield asked.cell(facility, custodian, point)


def places(
    custodians: Mapping[str, Custodian], rulebook: Rulebook, points: Iterable[DecisionPoint]
) -> Iterator[tuple[str | None, Custodian, DecisionPoint]]:
    """Yield facility, custodian and point of every cell, in order."""
    wanted = tuple(points)
    for facility, custodian in custodians.items():
        for point in wanted:
            yield facility, custodian, point
    housed = {custodian.agency for custodian in custodians.values()}
    for agency, named_at in sorted(_named(rulebook).items()):
        for point in wanted:
            if agency not in housed and point in named_at:
                kind = POLICE if agency.endswith(f"-{POLICE}") else ""
                yield None, Custodian(kind, "", agency), point


def _named(rulebook: Rulebook) -> dict[str, set[DecisionPoint]]:
    """Return the agencies that rules name, and at which points."""
    named: dict[str, set[DecisionPoint]] = {}
    for rule in rulebook.rules:
        for agency in rule.scope.agencies:
            named.setdefault(agency, set()).update(point for point in DecisionPoint if rule.speaks_at(point))
    return named


@dataclass(frozen=True, slots=True)
class Group:
    """Custodians whose cells say the same: a cell of each, and all cells of the first."""

    members: tuple[Cell, ...]
    cells: tuple[Cell, ...]


def grouped(cells: Iterable[Cell], *, with_rules: bool) -> list[Group]:
    """Put custodians together that have the same status at every point, or the same rules as well.

    A custodian with rules of its own is never put together with one that has none.
    """
    rows: dict[tuple[str | None, str], list[Cell]] = {}
    for cell in cells:
        rows.setdefault((cell.facility, cell.custodian.agency), []).append(cell)
    alike: dict[tuple[object, ...], list[list[Cell]]] = {}
    for row in rows.values():
        says = tuple(cell.answer if with_rules else (cell.decision_point, cell.status, cell.disputed) for cell in row)
        own_rule = any(cell.own_rule for cell in row)
        alike.setdefault((row[0].custodian.kind, own_rule, says), []).append(row)
    groups = [Group(tuple(row[0] for row in same), tuple(same[0])) for same in alike.values()]
    return sorted(groups, key=_order)


def _order(group: Group) -> tuple[bool, str, int]:
    """Put agencies without a facility last, and of each kind the smallest groups first."""
    first = group.members[0]
    return first.facility is None, first.custodian.kind, len(group.members)
