"""The flat, typed facts that conditions may use, and the thin port behind which the expression engine sits.

    facts = {"facility_kind": "county_jail", "county": "Freeborn", "detainer_form": "I-247A", ...}

A fact that is not known is absent. A fact named `..._recorded` speaks of the record, not of the world: it is
false when the custodian's own record is there and says nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from domain.rules.truth import Truth

VOCABULARY_ID = "custody-facts/1"

FactType = Literal["string", "bool", "int"]
FactValue = str | bool | int
Facts = Mapping[str, FactValue]
Condition = Callable[[Facts], Truth]

VOCABULARY: dict[str, FactType] = {
    # the custodian
    "facility_kind": "string",
    "county": "string",
    "agency": "string",
    "agreement_wso": "bool",
    "agreement_jem": "bool",
    "agreement_tfm": "bool",
    "board_approved": "bool",
    "bed_contract": "bool",
    # the detainer and the warrants
    "detainer_form": "string",
    "detainer_box": "int",
    "detainer_served_recorded": "bool",
    "admin_warrant_attached": "string",
    "admin_warrant_served_recorded": "bool",
    "judicial_warrant_recorded": "bool",
    "other_hold_recorded": "bool",
    "covered_by_gonzalez": "bool",
    # the person's case
    "conviction_level": "string",
    "committed_recorded": "bool",
    "found_mentally_ill": "bool",
    "nationality": "string",
    "laken_riley_offense": "bool",
    "referral_by_foreign_birth_alone": "bool",
    "held_for_ice_under_contract": "bool",
    "from_agreement_work": "bool",
    "qualifies_for_clean_slate": "bool",
    "court_papers_requested": "bool",
    "discloses_protected_details": "bool",
    "basic_ordering_agreement": "bool",
}

PYTHON_TYPES: dict[FactType, type] = {"string": str, "bool": bool, "int": int}
STRING_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'")
NAME = re.compile(r"[a-z_][a-z0-9_]*")


class BadExpressionError(ValueError):
    """The expression does not compile over the vocabulary, or does not give a boolean."""


class Engine(Protocol):
    """What evaluates conditions."""

    def compile(self, expression: str, vocabulary: Mapping[str, FactType]) -> Condition:
        """Return a function from facts to True, False or None (a needed fact is absent).

        Raise BadExpressionError for unknown names, wrong types, or a result that is not a boolean.
        """
        ...


def names_in(expression: str) -> tuple[str, ...]:
    """Return the facts an expression uses, in order of first use."""
    words = NAME.findall(STRING_LITERAL.sub("", expression))
    return tuple(dict.fromkeys(word for word in words if word in VOCABULARY))


def fact_problem(name: str, value: object) -> str | None:
    """Say what is wrong with a fact, or None."""
    wanted = VOCABULARY.get(name)
    if wanted is None:
        return f"there is no fact {name!r} in {VOCABULARY_ID}"
    if type(value) is not PYTHON_TYPES[wanted]:
        return f"fact {name!r} is a {wanted}, not {type(value).__name__}"
    return None
