"""What differs between two packs, each with the rules of the pack it extends: rule by rule, field by field.

    {"pack":[{"field":"version","before":"2026.11.1","after":"2026.11.2"}],
     "added":[{"id":"MN-X","citation":"...","modality":"prohibition","decision_points":["hold_past_release"],
               "effect":"...","in_force":{"from":"2025-02-06","to":null}}],
     "removed":[],
     "changed":[{"rule":"MN-Y","fields":[{"field":"in_force.to","before":null,"after":"2026-01-01"},
                                         {"field":"when.civil.cel","before":"...","after":"..."}]}],
     "tests":{"added":["..."],"removed":[],"changed":[]}}

Dates are as printed, conditions are named by their ids; null is a value that is not given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.rules.pack import Rule
from domain.rules.rulebook import Rulebook

BESIDE_RULES = {"rules", "tests", "pack", "schema"}
SHOWN_OF_A_RULE = ("id", "citation", "modality", "decision_points", "effect", "in_force")


@dataclass(frozen=True, slots=True)
class Difference:
    """The wire form above, part by part."""

    pack: list[dict[str, Any]]
    added: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    tests: dict[str, list[str]]

    @property
    def is_empty(self) -> bool:
        """Say whether nothing differs."""
        return not (self.pack or self.added or self.removed or self.changed or any(self.tests.values()))

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        parts = ("pack", "added", "removed", "changed", "tests")
        return {part: getattr(self, part) for part in parts}


def difference(before: Rulebook, after: Rulebook) -> Difference:
    """Compare two packs."""
    old, new = ({rule.id: _document(rule) for rule in book.rules} for book in (before, after))
    both = [(rule_id, list(_fields(old[rule_id], new[rule_id]))) for rule_id in sorted(old.keys() & new.keys())]
    return Difference(
        pack=list(_fields(_header(before), _header(after))),
        added=[_summary(new[rule_id]) for rule_id in sorted(new.keys() - old.keys())],
        removed=[_summary(old[rule_id]) for rule_id in sorted(old.keys() - new.keys())],
        changed=[{"rule": rule_id, "fields": fields} for rule_id, fields in both if fields],
        tests=_tests(before, after),
    )


def _document(rule: Rule) -> dict[str, Any]:
    return rule.model_dump(mode="json", by_alias=True)


def _header(book: Rulebook) -> dict[str, Any]:
    document = book.pack.model_dump(mode="json", by_alias=True)
    return {name: value for name, value in document.items() if name not in BESIDE_RULES}


def _summary(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in SHOWN_OF_A_RULE}


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the fields whose values differ, in order of their dotted names."""
    old, new = dict(_flat("", before)), dict(_flat("", after))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield {"field": name, "before": old.get(name), "after": new.get(name)}


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield `when.civil.cel` and its value: parts of a list by their ids, or by their number if they have none."""
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        value = {str(part.get("id", number)): part for number, part in enumerate(value, 1)}
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner)
    else:
        yield name, value


def _tests(before: Rulebook, after: Rulebook) -> dict[str, list[str]]:
    old, new = ({test.name: test for test in book.pack.tests} for book in (before, after))
    return {
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "changed": sorted(name for name in old.keys() & new.keys() if old[name] != new[name]),
    }
