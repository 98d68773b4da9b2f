"""Packs and questions told to the answer-set solver clingo, which derives what `semantics.lp` says of them.

The facts are read from the parsed pack as it is written, and not from our own objects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clingo import Control, Function, Number

from tests.domain.rules.theories import HERE, SCOPES, UNKNOWN, Question

SEMANTICS = Path(__file__).with_name("semantics.lp").read_text(encoding="utf-8")
EVERYWHERE = "*"
RULES_MAX = 100  # a rule of the third pack is 3xx, its questions are 3xx as well


@dataclass(frozen=True)
class Answer:
    """What can be in some world: statuses by world, and rules by what they do, under their own ids."""

    statuses: dict[str, set[str]]
    considered: set[str]
    fails: set[str]
    stands: set[str]
    falls: set[str]
    gives_way: set[str]
    beaten: dict[str, set[str]]
    missing: set[str]


def solve(theories: Sequence[tuple[dict[str, Any], Sequence[Question]]]) -> Iterator[list[Answer]]:
    """Yield the answers to each pack's questions. Several packs share one grounding, which is quicker."""
    control = Control(["--warn=none", "--enum-mode=brave", "--models=0"])
    facts = [fact for place, (document, asked) in enumerate(theories) for fact in told(place, document, asked)]
    control.add("base", [], SEMANTICS + "\n".join(f"{fact}." for fact in facts))
    control.ground([("base", [])])
    for place, (_, asked) in enumerate(theories):
        yield [_answer(control, place * RULES_MAX + number) for number in range(len(asked))]


def _answer(control: Control, question: int) -> Answer:
    """Solve with this question asked; the last model of a brave search has all that is in any."""
    asked = Function("asked", [Number(question)])
    control.assign_external(asked, True)
    terms: list[Any] = []
    with control.solve(yield_=True) as models:
        for model in models:
            terms = list(model.symbols(shown=True))
    control.assign_external(asked, False)
    found: dict[str, list[Any]] = {}
    for term in terms:
        found.setdefault(term.name, []).append(term.arguments)
    statuses: dict[str, set[str]] = {}
    for world, status in found["status"]:
        name = "as_is" if world.name == "as_is" else f"{_id(world.arguments[0])} {world.arguments[1].string}"
        statuses.setdefault(name, set()).add(status.name)
    beaten: dict[str, set[str]] = {}
    for loser, winner in found.get("beaten", ()):
        beaten.setdefault(_id(loser), set()).add(_id(winner))
    named = ("considered", "fails", "stands", "falls", "gives_way")
    rules = {name: {_id(one[0]) for one in found.get(name, ())} for name in named}
    return Answer(statuses, beaten=beaten, missing={_named(one[0]) for one in found.get("missing", ())}, **rules)


def _id(symbol: Any) -> str:
    return f"R{symbol.number % RULES_MAX}"


def _named(symbol: Any) -> str:
    return f"{symbol.name}:{_id(symbol.arguments[0])}" if symbol.arguments else str(symbol.name)


def told(place: int, document: dict[str, Any], asked: Sequence[Question]) -> Iterator[str]:
    """Yield the facts of the program: the rules of the pack that speak here, and the questions."""
    for rule in document["rules"]:
        if HERE in rule["decision_points"] or rule["decision_points"] == EVERYWHERE:
            yield from _rule(place, rule)
            rule_number = _number(place, rule["id"])
            yield from (f"asks({place * RULES_MAX + number},{rule_number})" for number in range(len(asked)))
    for number, question in enumerate(asked, place * RULES_MAX):
        for name, value in question.facts.items():
            yield f"fact({number},{name},{_term(value)})"
        yield f"moment({number},{UNKNOWN if question.moment == UNKNOWN else f'year({question.moment[:4]})'})"


def _number(place: int, rule_id: str) -> int:
    return place * RULES_MAX + int(rule_id.removeprefix("R"))


def _term(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def _rule(place: int, rule: dict[str, Any]) -> Iterator[str]:
    number = _number(place, rule["id"])
    here = rule.get("at", {}).get(HERE, {})
    scope = rule["scope"]
    yield f"modality({number},{here.get('modality', rule['modality'])})"
    for beaten in (*rule.get("overrides", ()), *rule.get("exception_to", ())):
        yield f"beats({number},{_number(place, beaten)})"
    if rule["fallback"]:
        yield f"fallback({number})"
    elif "counties" in scope or "agencies" in scope or "force" in rule:
        yield f"own({number})"
    for fact, field in SCOPES.items():
        if field in scope and not (fact == "facility_kind" and "readings" in rule):
            yield f"bound({number},{fact})"
            yield from (f"allowed({number},{fact},{_term(value)})" for value in scope[field])
    for model in rule.get("force", {"models": ()})["models"]:
        yield f"model({number},agreement_{model.lower()})"
    yield from _period(number, "force", rule["in_force"])
    for stop, printed in enumerate(rule.get("suspensions", ())):
        yield from _period(number, f"stop({stop})", printed)
    for reading in rule.get("readings", ()):
        kinds = (*reading["facility_kinds"], "nobody")
        yield from (f"binds({number},{_term(reading['id'])},{_term(kind)})" for kind in kinds)
    for condition in (*rule["when"], *here.get("when", ())):
        yield from _condition(number, condition["id"], condition["cel"])


def _period(number: int, name: str, printed: dict[str, str | None]) -> Iterator[str]:
    yield f"starts({number},{name},{_bound(printed['from'])})"
    yield f"ends({number},{name},{_bound(printed['to'])})"


def _bound(text: str | None) -> str:
    if text is None:
        return "null"
    year = re.search(r"\d{4}", text)
    if year is None:
        return UNKNOWN
    return f"{'listed' if text.startswith('last listed') else 'year'}({year[0]})"


def _condition(number: int, name: str, cel: str) -> Iterator[str]:
    yield f"junction({number},{name},{'or' if '||' in cel else 'and'})"
    for literal in re.split(r" && | \|\| ", cel):
        yield f"literal({number},{name},{literal.removeprefix('!')},{str(not literal.startswith('!')).lower()})"
