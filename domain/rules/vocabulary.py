"""The flat, typed facts that conditions may use, and the thin port behind which the expression engine sits.

    facts = {"facility_kind": "county_jail", "county": "Freeborn", "detainer_form": "I-247A", ...}

A fact that is not known is absent. A fact named `..._recorded` speaks of the record, not of the world: it is
false when the custodian's own record is there and says nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from domain.rules.truth import Truth

VOCABULARY_ID = "custody-facts/1"

FactType = Literal["string", "bool", "int"]
FactValue = str | bool | int
Facts = Mapping[str, FactValue]
Condition = Callable[[Facts], Truth]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact conditions may use: its type, its plain words, and its possible values if they are a closed list."""

    type: FactType
    says: str
    values: tuple[str, ...] = ()


def _yes_or_no(says: str) -> Fact:
    return Fact("bool", says)


FACILITY_KINDS = (
    "county_jail",
    "city_lockup",
    "county_workhouse",
    "regional_jail",
    "juvenile",
    "state_prison",
    "federal_prison",
    "private_prison",
    "federal_marshals",
    "ice_facility",
    "hospital",
    "police",
)
CONVICTION_LEVELS = ("felony", "gross_misdemeanor", "misdemeanor", "petty_misdemeanor", "none")
FORMS = ("I-247", "I-247A", "I-247D", "I-247G", "I-247N", "I-247X", "none")

VOCABULARY: dict[str, Fact] = {
    # the custodian
    "facility_kind": Fact("string", "what kind of custodian it is", FACILITY_KINDS),
    "county": Fact("string", "the custodian's county"),
    "agency": Fact("string", "the agency that decides"),
    "agreement_wso": _yes_or_no("a warrant service officer agreement of the agency is in force"),
    "agreement_jem": _yes_or_no("a jail enforcement agreement of the agency is in force"),
    "agreement_tfm": _yes_or_no("a task force agreement of the agency is in force"),
    "board_approved": _yes_or_no("the county board approved the agreement"),
    "approved_by_attorney_general": _yes_or_no("the state's attorney general approved the agreement in writing"),
    "bed_contract": _yes_or_no("the custodian has a contract to house people for ICE"),
    "bed_contract_left_in_force": _yes_or_no("the contract is older than the ban and is left to run by it"),
    # the detainer and the warrants
    "detainer_form": Fact("string", "which detainer form the custodian was sent", FORMS),
    "detainer_box": Fact("int", "which box of the form is marked"),
    "detainer_served_recorded": _yes_or_no("a copy of the detainer was served on the person"),
    "detainer_received_recorded": _yes_or_no("the custodian recorded that it received the detainer"),
    "admin_warrant_attached": Fact("string", "which administrative warrant came with it", ("none", "I-200", "I-205")),
    "admin_warrant_served_recorded": _yes_or_no("service of an I-200 or I-205 is recorded"),
    "judicial_warrant_recorded": _yes_or_no("a warrant signed by a judge is recorded"),
    "judicial_order_to_hold_recorded": _yes_or_no("a judicial official's order to hold for ICE is recorded"),
    "other_hold_recorded": _yes_or_no("another authority's hold is recorded"),
    "covered_by_gonzalez": _yes_or_no("the issuing office is covered by the Gonzalez settlement"),
    "final_order_of_removal": _yes_or_no("a final order of removal is recorded"),
    # the person's case
    "conviction_level": Fact("string", "the level of the conviction", CONVICTION_LEVELS),
    "committed_recorded": _yes_or_no("commitment to the institution is recorded"),
    "found_mentally_ill": _yes_or_no("the person was found mentally ill"),
    "nationality": Fact("string", "the answer to the question of nationality", ("citizen", "non_citizen")),
    "citizenship_proof_shown": _yes_or_no("the person showed proof of citizenship or lawful status"),
    "laken_riley_offense": _yes_or_no("charged, arrested or convicted of an offence that Pub. L. 119-1 lists"),
    "listed_conviction": _yes_or_no("a conviction that counts under the instrument's list is recorded"),
    "listed_charge": _yes_or_no("a pending charge that counts under the instrument's list is recorded"),
    "offense_since_effective": _yes_or_no("the offence was committed on or after the instrument's first day"),
    "recent_indictable_conviction": _yes_or_no("a conviction within the years the instrument counts is recorded"),
    "held_to_answer_by_magistrate": _yes_or_no(
        "a magistrate found probable cause on a charge of the instrument's list"
    ),
    "sentence_shortened_for_handover": _yes_or_no("a judge ordered the sentence shortened so that ICE can take over"),
    "release_date_public": _yes_or_no("the release date is already available to the public"),
    "bond_posted_recorded": _yes_or_no("bond was posted or the person was ordered released"),
    "referral_by_foreign_birth_alone": _yes_or_no("the referral rested on foreign birth alone"),
    "needed_for_investigation": _yes_or_no("the question is needed to investigate a crime"),
    "status_query_unanswered": _yes_or_no("a query about status was made and ICE has not answered"),
    # what is asked of the custodian
    "interview_consent": Fact("string", "the person's answer to an interview", ("given", "refused", "counsel", "none")),
    "interview_advised_in_writing": _yes_or_no("the person was told in writing of the right to decline the interview"),
    "held_for_ice_under_contract": _yes_or_no("the person is held for ICE under a contract"),
    "from_agreement_work": _yes_or_no("the information was obtained under the agreement"),
    "qualifies_for_clean_slate": _yes_or_no("the record qualifies for sealing under the Clean Slate Act"),
    "court_papers_requested": _yes_or_no("an immigration officer asked for the court papers"),
    "discloses_protected_details": _yes_or_no("medical, psychological, financial or unrelated details would be shown"),
    "basic_ordering_agreement": _yes_or_no("the agreement is a basic ordering agreement"),
    "agreement_requested_this_year": _yes_or_no("the agency asked ICE for a 287(g) agreement within the year"),
}
FACT_TYPES: dict[str, FactType] = {name: fact.type for name, fact in VOCABULARY.items()}

PYTHON_TYPES: dict[FactType, type] = {"string": str, "bool": bool, "int": int}
STRING_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'")
NAME = re.compile(r"[a-z_][a-z0-9_]*")
COMPARED = re.compile(r"([a-z_][a-z0-9_]*)\s*(?:==|!=|in)\s*(\[[^\]]*\]|\"[^\"]*\"|'[^']*')")
QUOTED = re.compile(r"[\"']([^\"']*)[\"']")


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


def value_problems(expression: str) -> Iterator[str]:
    """Say which facts an expression compares with a value they never have: it could not be true for that reason."""
    for name, compared in COMPARED.findall(expression):
        values = VOCABULARY[name].values if name in VOCABULARY else ()
        for literal in QUOTED.findall(compared) if values else ():
            if literal not in values:
                yield f"fact {name!r} is never {literal!r}; it is one of {', '.join(values)}"


def fact_problem(name: str, value: object) -> str | None:
    """Say what is wrong with a fact, or None."""
    wanted = VOCABULARY.get(name)
    if wanted is None:
        return f"there is no fact {name!r} in {VOCABULARY_ID}"
    if type(value) is not PYTHON_TYPES[wanted.type]:
        return f"fact {name!r} is a {wanted.type}, not {type(value).__name__}"
    if wanted.values and value not in wanted.values:
        return f"fact {name!r} is one of {', '.join(wanted.values)}, not {value!r}"
    return None
