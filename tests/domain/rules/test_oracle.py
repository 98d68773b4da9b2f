"""5,000 random theories: `decide` against an answer-set program that states the documented semantics by itself."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from domain.events.fields import DecisionPoint
from domain.instants import Instant
from domain.rules.decide import decide
from domain.rules.pack import Status
from domain.rules.rulebook import Rulebook, build_rulebook
from domain.rules.trace import Determination, Standing
from tests.domain.rules.small import ENGINE, when
from tests.domain.rules.solver import Answer, solve
from tests.domain.rules.theories import HERE, UNKNOWN, Question, random_document, random_question

PACKS = 500
QUESTIONS = 10  # of each pack: other facts, another moment
PACKS_A_TEST = 50
PACKS_A_PROGRAM = 2


def ask(question: Question, rulebook: Rulebook) -> Determination:
    moment = Instant.unknown() if question.moment == UNKNOWN else when(question.moment)
    return decide(question.facts, DecisionPoint(HERE), moment, rulebook)


def derived(found: Determination) -> dict[str, Any]:
    """Return what is compared of a determination."""
    return {
        "status": found.status.value,
        "standing": {trace.rule.id: trace.standing.value for trace in found.rules},
        "defeated_by": {trace.rule.id: set(trace.defeated_by) for trace in found.rules if trace.defeated_by},
        "conflicts": {(one.prohibition, one.against) for one in found.conflicts},
        "missing": set(found.missing),
        "readings": {f"{one.rule} {one.reading.id}": one.status.value for one in found.readings},
    }


def expected(answer: Answer, document: dict[str, Any]) -> dict[str, Any]:
    """Return the same of what the solver found to be so in some world."""
    standing = {rule_id: _standing(answer, rule_id) for rule_id in answer.considered}
    statuses = {world: _only(found) for world, found in answer.statuses.items()}
    standing_modalities = {
        rule["id"]: rule.get("at", {}).get(HERE, {}).get("modality", rule["modality"])
        for rule in document["rules"]
        if standing.get(rule["id"]) == Standing.STANDS
    }
    return {
        "status": statuses.pop("as_is"),
        "standing": standing,
        "defeated_by": {
            loser: winners for loser, winners in answer.beaten.items() if standing.get(loser) == Standing.DEFEATED
        },
        "conflicts": {
            (one, other)
            for one, said in standing_modalities.items()
            for other, against in standing_modalities.items()
            if said == "prohibition" and against in ("obligation", "permission")
        },
        "missing": answer.missing,
        "readings": {world: status for world, status in statuses.items() if world.split()[0] in answer.considered},
    }


def _only(statuses: set[str]) -> str:
    return next(iter(statuses)) if len(statuses) == 1 else Status.UNDETERMINED.value


def _standing(answer: Answer, rule_id: str) -> str:
    if rule_id in answer.fails:
        return Standing.FAILS.value
    if rule_id in answer.stands:
        return (Standing.UNKNOWN if rule_id in answer.falls else Standing.STANDS).value
    return (Standing.FAILS if rule_id in answer.gives_way else Standing.DEFEATED).value


@pytest.mark.parametrize("first", range(0, PACKS, PACKS_A_TEST))
def test_five_hundred_theories_decide_as_the_answer_set_program_does(first: int) -> None:
    for seed in range(first, first + PACKS_A_TEST, PACKS_A_PROGRAM):
        theories = []
        for number in range(seed, seed + PACKS_A_PROGRAM):
            random = Random(number)
            theories.append((random_document(random), [random_question(random) for _ in range(QUESTIONS)]))
        for place, answers in enumerate(solve(theories)):
            document, asked = theories[place]
            rulebook = build_rulebook(document, ENGINE)
            for question, answer in zip(asked, answers, strict=True):
                found = derived(ask(question, rulebook))
                assert found == expected(answer, document), f"seed {seed + place}: {question} of {document['rules']}"
