"""What is missing, and what the status would be if it were known: decided again, with one fact or all of them given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from domain.rules.pack import Status
from domain.rules.trace import ReadingTrace
from domain.rules.vocabulary import VOCABULARY, Facts, FactValue
from projections.explained.wording import listed, open_question, spaced, value_words

COMBINATIONS_MAX = 8

StatusWith = Callable[[Facts], str]


@dataclass(frozen=True, slots=True)
class WouldBe:
    """What is missing, and the status there would be under each of its values, if that can be told."""

    name: str
    says: str
    statuses: tuple[tuple[FactValue, str], ...]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        told = [{"value": value, "status": status} for value, status in self.statuses]
        return {"fact": self.name, "says": self.says, "statuses": told}

    @property
    def by_status(self) -> tuple[tuple[str, str], ...]:
        """Return (values, status) in words, values that lead to the same put together."""
        by_status: dict[str, list[str]] = {}
        for value, status in self.statuses:
            by_status.setdefault(status, []).append(value_words(value))
        return tuple((", ".join(values), status_words(status)) for status, values in by_status.items())


@dataclass(frozen=True, slots=True)
class Together:
    """One combination of all that is missing, and the status there would be."""

    facts: Mapping[str, FactValue]
    status: str

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {"facts": dict(self.facts), "status": self.status}

    @property
    def words(self) -> tuple[str, str]:
        """Return (facts, status) in words."""
        return listed([f"{name}: {value_words(value)}" for name, value in self.facts.items()]), status_words(
            self.status
        )


def status_words(status: str) -> str:
    """Write the status there would be."""
    return "still undetermined" if status == Status.UNDETERMINED.value else spaced(status)


def would_be(missing: Sequence[str], readings: Sequence[ReadingTrace], status_with: StatusWith) -> tuple[WouldBe, ...]:
    """Return what is missing, each with the status that knowing it alone would give."""
    return tuple(WouldBe(name, open_question(name), tuple(_statuses(name, readings, status_with))) for name in missing)


def _statuses(name: str, readings: Sequence[ReadingTrace], status_with: StatusWith) -> list[tuple[FactValue, str]]:
    kind, _, rule_id = name.partition(":")
    if kind == "reading":
        return [(found.reading.id, found.status.value) for found in readings if found.rule == rule_id]
    return [(value, status_with({name: value})) for value in _values(name)]


def together(missing: Sequence[str], status_with: StatusWith) -> tuple[Together, ...]:
    """Return every combination of what is missing with its status, if it is several facts and not too many."""
    closed = {name: _values(name) for name in missing}
    if len(closed) < 2 or not 0 < prod(len(values) for values in closed.values()) <= COMBINATIONS_MAX:
        return ()
    given = (dict(zip(closed, values, strict=True)) for values in product(*closed.values()))
    return tuple(Together(facts, status_with(facts)) for facts in given)


def _values(name: str) -> tuple[FactValue, ...]:
    """Return the values of a fact that has a closed list of them."""
    fact = VOCABULARY.get(name)
    if fact is None:
        return ()
    return (True, False) if fact.type == "bool" else fact.values
