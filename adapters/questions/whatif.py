"""Decisions of the log once more, under another pack or edited facts, and what would differ; nothing is recorded.

    {"known","pack","pack_if","failed_tests","from","until","decisions","changed","by_facility","by_status","not_met",
     "changes"}

`failed_tests` names the tests of `pack_if` that fail, as they will where a question changes a rule and not its tests.
`pack` and `pack_if` are `{"id","version","digest","published"}`; the rest is drawn in projections/whatif.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from adapters.case_batches import cases_of
from adapters.deciding import deciding
from adapters.questions.asked import Asked
from adapters.rules.finding import find_rules
from adapters.rules.published import failed_tests
from domain.errors import InputRefused
from domain.instants import format_rfc3339
from domain.rules.vocabulary import VOCABULARY, FactValue, fact_problem
from projections.decisions import decisions
from projections.whatif import Edits, WhatIf, facility_of, may_be_within

NOT_KNOWN = "not known"
WORDS: dict[str, FactValue] = {"yes": True, "no": False}


class Within(NamedTuple):
    """The decision points asked about: those that may have arisen since `first` and by `last`; without a bound, all."""

    first: datetime | None = None
    last: datetime | None = None


def what_if(
    asked: Asked, refs: Sequence[str], *, pack: str | None, edits: Edits, within: Within, upto: int
) -> dict[str, Any]:
    """Ask the cases among these references again, as known at a position; raise InputRefused as `find_rules`."""
    ledger = asked.ledger
    by, custodians = deciding(ledger, upto), asked.services.custodians()
    rules_if = find_rules(pack, by.published) if pack else by.rules
    found = WhatIf(rules_if.rulebook, edits, by.stops)
    for done, case in enumerate(cases_of(ledger, refs, upto), 1):
        events = list(by.amending.apply(case.events))
        facility = facility_of(events)
        for decision in decisions(
            events, case.ref, by.rules.rulebook, agreements=by.agreements, custodians=custodians, stops=found.stops
        ):
            if may_be_within(decision.determination.valid_at, *within):
                found.ask(decision, facility)
        asked.progress(done)
    return {
        "known": upto,
        "pack": by.rules.as_json(),
        "pack_if": rules_if.as_json(),
        "failed_tests": [outcome.name for outcome in failed_tests(rules_if.rulebook)],
        "from": format_rfc3339(within.first) if within.first else None,
        "until": format_rfc3339(within.last) if within.last else None,
        **found.as_json(),
    }


def edit_of(fact: str, text: str) -> Edits:
    """Return one fact put otherwise everywhere, none if none is named; `text` is yes, no, not known, or a value.

    Raise InputRefused(bad_facts).
    """
    if not fact:
        return Edits()
    value = None if text in ("", NOT_KNOWN) else _value(fact, text)
    problem = fact_problem(fact, value) if value is not None or fact not in VOCABULARY else None
    if problem:
        raise InputRefused("bad_facts", problem, where="fact", mend="choose a fact, and a value that it can have")
    return Edits({fact: value})


def _value(fact: str, text: str) -> FactValue:
    kind = VOCABULARY[fact].type if fact in VOCABULARY else "string"
    if kind == "bool":
        return WORDS.get(text, text)
    return int(text) if kind == "int" and text.isdecimal() else text
