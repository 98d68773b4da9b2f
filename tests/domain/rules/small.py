"""Small packs for tests, built as a parsed document, and the real expression engine."""

from __future__ import annotations

from typing import Any

from adapters.rules.cel import CelEngine
from domain.instants import MINNESOTA, Instant, instant_from_text
from domain.rules.rulebook import Rulebook, build_rulebook

ENGINE = CelEngine()


def rule(rule_id: str, modality: str, **changes: Any) -> dict[str, Any]:
    """Return one rule that speaks at hold_past_release, has no conditions and binds everybody."""
    return {
        "id": rule_id,
        "citation": f"source of {rule_id}",
        "authority": "a maker of rules",
        "bindingness": "statute",
        "decision_points": ["hold_past_release"],
        "modality": modality,
        "effect": f"what {rule_id} says",
        "in_force": {"from": "2020", "to": None},
        "verified": "memory",
        "scope": {"applies_to": "everybody"},
        **changes,
    }


def pack(*rules: dict[str, Any], tests: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return a parsed pack with these rules; conditions without tests get two that name them."""
    return {
        "schema": "custody-rules/1",
        "pack": "small",
        "version": "1",
        "jurisdiction": "US-MN",
        "zone": "America/Chicago",
        "vocabulary": "custody-facts/1",
        "interpretation": {"author": "a test", "basis": "made up"},
        "ranks": ["statute", "advisory_opinion", "agreement", "practice"],
        "rules": list(rules),
        "tests": tests if tests is not None else [_names_every_rule(rules)],
    }


def _names_every_rule(rules: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    ids = [found["id"] for found in rules]
    expect = {"status": "no_rule", "stands": ids, "fails": ids}
    at = "2026-01-20T12:00:00-06:00"
    return {
        "name": "names every rule",
        "at": at,
        "decision_point": "hold_past_release",
        "facts": {},
        "expect": expect,
    }


def book(*rules: dict[str, Any]) -> Rulebook:
    """Compile a pack of these rules."""
    return build_rulebook(pack(*rules), ENGINE)


def when(text: str) -> Instant:
    """Return the instant of a printed date."""
    return instant_from_text(text, MINNESOTA)
