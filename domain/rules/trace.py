"""What `decide` gives back: the status, and everything that led to it.

    {"decision_point":"hold_past_release","status":"conflict","missing":[],
     "conflicts":[{"rules":["MN-AG-2025-12-12b","MN-287G-FREEBORN-WSO"],
                   "advice":{"higher_rank":"...","later":"...","more_specific":"..."}}],
     "rules":[{"id":"MN-AG-2025-12-12b","citation":"...","effect":"...","bindingness":"advisory_opinion",
               "modality":"prohibition","applies":true,"standing":"stands","why":[{"id":"...","says":"...",
               "value":true,"facts":{"other_hold_recorded":false}}],"defeated_by":[],"missing":[]}],
     "readings":[{"rule":"MN-631.50","id":"R1","says":"...","held_by":"the text","status":"required"}],
     "pack":"us-mn","pack_digest":"...","facts_digest":"..."}

Advice says who ranks higher, is later, or is narrower (null where neither). It resolves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.events.fields import DecisionPoint, Modality
from domain.instants import Instant
from domain.rules.pack import Reading, Rule, Status
from domain.rules.truth import Truth
from domain.rules.vocabulary import FactValue


class Standing(StrEnum):
    """Where a considered rule ended up."""

    STANDS = "stands"
    FAILS = "fails"
    DEFEATED = "defeated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AtomTrace:
    """One condition: its words, its value, the facts it looked at."""

    id: str
    says: str
    value: Truth
    facts: dict[str, FactValue | None]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form; an unknown value or fact is written out."""
        return {
            "id": self.id,
            "says": self.says,
            "value": applies_word(self.value),
            "facts": {name: "unknown" if value is None else value for name, value in self.facts.items()},
        }


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule that was considered."""

    rule: Rule
    modality: Modality
    effect: str
    standing: Standing
    atoms: tuple[AtomTrace, ...]
    missing: tuple[str, ...] = ()
    defeated_by: tuple[str, ...] = ()

    @property
    def applies(self) -> Truth:
        """Return True if it stands, False if it fails or is defeated, None if that is not known."""
        return {Standing.STANDS: True, Standing.UNKNOWN: None}.get(self.standing, False)

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "id": self.rule.id,
            "citation": self.rule.citation,
            "effect": self.effect,
            "bindingness": self.rule.bindingness.value,
            "modality": self.modality.value,
            "applies": applies_word(self.applies),
            "standing": self.standing.value,
            "why": [atom.as_json() for atom in self.atoms],
            "missing": list(self.missing),
            "defeated_by": list(self.defeated_by),
            "verified": self.rule.verified.value,
        }


@dataclass(frozen=True, slots=True)
class Conflict:
    """A standing prohibition against a standing obligation or permission, with advice on both."""

    prohibition: str
    against: str
    higher_rank: str | None
    later: str | None
    more_specific: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        advice = {"higher_rank": self.higher_rank, "later": self.later, "more_specific": self.more_specific}
        return {"rules": [self.prohibition, self.against], "advice": advice}


@dataclass(frozen=True, slots=True)
class ReadingTrace:
    """One of a rule's rival readings, and the status there would be under it."""

    rule: str
    reading: Reading
    status: Status

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "rule": self.rule,
            "id": self.reading.id,
            "says": self.reading.says,
            "held_by": self.reading.held_by,
            "status": self.status.value,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes out for all decisions whose rules see the same: the same objects serve them all."""

    status: Status
    rules: tuple[RuleTrace, ...]
    conflicts: tuple[Conflict, ...]
    missing: tuple[str, ...]
    readings: tuple[ReadingTrace, ...]


@dataclass(frozen=True, slots=True)
class Determination:
    """What a pack derives at one decision point, with its trace."""

    decision_point: DecisionPoint
    valid_at: Instant
    status: Status
    rules: tuple[RuleTrace, ...]
    conflicts: tuple[Conflict, ...]
    missing: tuple[str, ...]
    readings: tuple[ReadingTrace, ...]
    pack: str
    pack_digest: str
    facts_digest: str

    @property
    def standing(self) -> tuple[RuleTrace, ...]:
        """Return the rules that stand."""
        return tuple(trace for trace in self.rules if trace.standing is Standing.STANDS)

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "decision_point": self.decision_point.value,
            "at": self.valid_at.as_json(),
            "status": self.status.value,
            "rules": [trace.as_json() for trace in self.rules],
            "conflicts": [conflict.as_json() for conflict in self.conflicts],
            "missing": list(self.missing),
            "readings": [reading.as_json() for reading in self.readings],
            "pack": self.pack,
            "pack_digest": self.pack_digest,
            "facts_digest": self.facts_digest,
        }


def applies_word(value: Truth) -> bool | str:
    """Write a three-valued truth: true, false or "unknown"."""
    return "unknown" if value is None else value
