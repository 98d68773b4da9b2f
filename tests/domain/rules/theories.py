"""Random theories: packs of a few rules of every kind, with facts of which some are missing, at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from domain.rules.vocabulary import FactValue
from tests.domain.rules.small import pack, rule

YES_OR_NO = (
    "judicial_warrant_recorded",
    "admin_warrant_served_recorded",
    "other_hold_recorded",
    "bond_posted_recorded",
    "board_approved",
    "bed_contract",
)
AGREEMENTS = ("agreement_wso", "agreement_jem", "agreement_tfm")
PLACES = {
    "county": ("Cass", "Nobles", "Ramsey"),
    "agency": ("mn-cass-sheriff", "mn-nobles-sheriff", "mn-doc"),
    "facility_kind": ("county_jail", "state_prison", "hospital"),
}
SCOPES = {"county": "counties", "agency": "agencies", "facility_kind": "facility_kinds"}
MODALITIES = ("obligation", "prohibition", "permission", "request", "no_rule")
HERE, ELSEWHERE = "hold_past_release", "release_notice"
FAMILY = 6  # rules defeat each other within so many: a pack may have at most 12 in one chain
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Question:
    """What is known, and the moment as text: a year, a day, or unknown. The decision point is HERE."""

    facts: dict[str, FactValue]
    moment: str


def random_document(random: Random) -> dict[str, Any]:
    """Return a pack of 1 to 9 rules, or now and then of 14, whose edges form no circle."""
    count = random.choice((1, 2, 3, 4, 5, 6, 7, 8, 9, 14))
    ids = [f"R{number}" for number in range(count)]
    random.shuffle(ids)
    rules: list[dict[str, Any]] = []
    defeasible: list[str] = []
    for place, rule_id in enumerate(ids):
        made = _random_rule(random, rule_id)
        if not made["fallback"]:
            earlier = defeasible[-(place % FAMILY) :] if place % FAMILY else []
            for edge in ("overrides", "exception_to"):
                made[edge] = [one for one in earlier if random.random() < 0.2]
            defeasible.append(rule_id)
        rules.append(made)
    random.shuffle(rules)
    return pack(*rules)


def _random_rule(random: Random, rule_id: str) -> dict[str, Any]:
    points = random.choice(([HERE], [HERE], [HERE, ELSEWHERE], "*", [ELSEWHERE]))
    made = rule(rule_id, random.choice(MODALITIES), decision_points=points, fallback=random.random() < 0.1)
    made["when"] = _random_conditions(random, "c")
    made["scope"] = {"applies_to": "somebody"}
    for fact, field in SCOPES.items():
        if random.random() < 0.12:
            made["scope"][field] = random.sample(PLACES[fact], random.randint(1, 2))
    if random.random() < 0.15:
        made["force"] = {"models": random.sample(("WSO", "JEM", "TFM"), random.randint(1, 2))}
    if random.random() < 0.3:
        made["in_force"] = _random_period(random)
    if random.random() < 0.15:
        made["suspensions"] = [{**_random_period(random), "by": f"court {n}"} for n in range(random.randint(1, 2))]
    if random.random() < 0.12:
        made["readings"] = [
            {"id": f"I{n}", "says": "a reading", "held_by": "somebody", "facility_kinds": _some_kinds(random)}
            for n in range(random.randint(1, 3))
        ]
    if HERE in points and random.random() < 0.2:
        made["at"] = {HERE: {"modality": random.choice(MODALITIES), "when": _random_conditions(random, "d")}}
    return made


def _some_kinds(random: Random) -> list[str]:
    return random.sample(PLACES["facility_kind"], random.randint(0, 2))


def _random_conditions(random: Random, name: str) -> list[dict[str, str]]:
    """Return up to two conditions, each of one to three facts, some negated, joined by `&&` or by `||`."""
    conditions = []
    for number in range(random.choice((0, 0, 1, 1, 2))):
        facts = random.sample(YES_OR_NO, random.choice((1, 1, 2, 3)))
        cel = random.choice((" && ", " || ")).join(random.choice(("", "!")) + fact for fact in facts)
        conditions.append({"id": f"{name}{number}", "cel": cel, "says": "a condition"})
    return conditions


def _random_period(random: Random) -> dict[str, str | None]:
    start, end = sorted((random.randint(2019, 2025), random.randint(2019, 2025)))
    return {
        "from": random.choice((None, str(start), str(start), str(start), "per MOA")),
        "to": random.choice((None, None, str(end), f"last listed {end}-01-01")),
    }


def random_question(random: Random) -> Question:
    """Return a question with all facts, nearly all, or few."""
    known = random.choice((0.4, 0.7, 0.9, 0.95, 1.0))
    facts: dict[str, FactValue] = {}
    for name in (*YES_OR_NO, *AGREEMENTS):
        if random.random() < known:
            facts[name] = random.random() < 0.6
    for name, values in PLACES.items():
        if random.random() < known:
            facts[name] = random.choice(values)
    year = random.randint(2019, 2026)
    moments = (str(year), *[f"{year}-06-15"] * 8, UNKNOWN)
    return Question(facts, random.choice(moments))
