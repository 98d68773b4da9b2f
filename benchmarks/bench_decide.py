"""Determinations a second on the Minnesota pack, with trace, on one core; and against Cedar on equivalent policies.

    python -m benchmarks.bench_decide [--events 100000] [--rounds 5] [--json]

The questions are those that arise in a simulated state: every decision point of every case, with its facts.

    as_they_come   all questions, in order, on a new rulebook: what looks alike is remembered
    each_new       one question of each kind, on a new rulebook: nothing is remembered but single conditions
    ours, cedarpy  the questions about holds that leave no fact open; Cedar gets the pack's conditions translated

Cedar answers allow or deny with the ids of the policies that decided; ours gives every rule with every condition.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import cedarpy

from adapters.composition import services
from adapters.rules.packs import PACKS, parse_pack
from adapters.simulator.recording import Scenario, record_simulation
from adapters.store.ledger import Ledger, system_clock
from benchmarks.compare import options, show
from domain.events.fields import DecisionPoint, Modality
from domain.instants import Instant
from domain.rules.decide import decide
from domain.rules.pack import Status
from domain.rules.pointbook import PointRule
from domain.rules.rulebook import Rulebook
from domain.rules.vocabulary import VOCABULARY, FactValue
from projections.cases import Cases
from projections.decision_points import arisen_points
from projections.facts import Case, facts_of

Question = tuple[dict[str, FactValue], DecisionPoint, Instant]
HOLD = DecisionPoint.HOLD_PAST_RELEASE
LISTED = re.compile(r"(\w+) in (\[[^\]]*\])")


def new_rulebook() -> Rulebook:
    """Return the Minnesota pack compiled anew, so that nothing is remembered."""
    return parse_pack(PACKS.joinpath("us-mn.yaml").read_text(encoding="utf-8"), "us-mn.yaml")


def questions(events: int) -> list[Question]:
    """Simulate a state and return every question that its cases raise."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        ledger = Ledger.create(path)
        scenario = Scenario(events, 1, date(2025, 12, 1), date(2026, 3, 11))
        record_simulation(scenario, ledger, system_clock, lambda done: None)
        cases = Cases()
        for event in ledger.recorded():
            cases.apply(event)
        ledger.close()
        custodians = services(path).custodians()
    found = []
    for told in cases:
        case = Case(told.events, custodians)
        for arisen in arisen_points(case):
            facts = facts_of(case, arisen.bearer, arisen.at, arisen.until, None)
            known = {"agreement_wso": False, "agreement_jem": False, "agreement_tfm": False}  # no sheet is imported
            found.append(({**known, **facts}, arisen.point, arisen.at))
    return found


def one_of_each_kind(asked: Sequence[Question]) -> list[Question]:
    """Return one question for each shape."""
    rulebook = new_rulebook()
    return list(
        {(point, rulebook.at(point).shape(facts, at)): (facts, point, at) for facts, point, at in asked}.values()
    )


def rate(answer: Callable[[], object], count: int) -> float:
    """Return how many a second."""
    started = time.perf_counter()
    answer()
    return count / (time.perf_counter() - started)


def ours(asked: Sequence[Question]) -> Callable[[], object]:
    """Decide them all on a new rulebook, which is compiled before the clock starts."""
    rulebook = new_rulebook()
    return lambda: [decide(facts, point, at, rulebook) for facts, point, at in asked]


def check_equivalent(asked: Sequence[Question], rulebook: Rulebook) -> None:
    """Stop unless Cedar, without errors, allows exactly what ours derives as permitted or required."""
    allowing = (Status.PERMITTED, Status.REQUIRED)
    for (facts, point, at), answer in zip(asked, in_cedar(asked, rulebook)(), strict=True):
        assert not answer.diagnostics.errors, answer.diagnostics.errors
        assert answer.allowed is (decide(facts, point, at, rulebook).status in allowing), facts


def in_cedar(asked: Sequence[Question], rulebook: Rulebook) -> Callable[[], list[cedarpy.AuthzResult]]:
    """Ask Cedar the same, policies and entities parsed before the clock starts, all requests in one batch."""
    policies = cedarpy.PolicySet.from_str("\n".join(cedar_policies(rulebook)))
    entities = cedarpy.Entities.from_json_str("[]")
    requests = [
        {
            "principal": 'Agency::"custodian"',
            "action": 'Action::"hold"',
            "resource": 'Person::"subject"',
            "context": {**facts, "at": at.span[0]},
        }
        for facts, _, at in asked
    ]
    return lambda: cedarpy.is_authorized_batch(requests, policies, entities)


def cedar_policies(rulebook: Rulebook) -> Iterator[str]:
    """Translate the rules about holds that permit, oblige or prohibit."""
    effects = {Modality.PROHIBITION: "forbid", Modality.PERMISSION: "permit", Modality.OBLIGATION: "permit"}
    for entry in rulebook.at(HOLD).rules:
        if entry.modality in effects:
            conditions = " && ".join(f"({condition})" for condition in _cedar_conditions(entry)) or "true"
            head = f'@id("{entry.rule.id}")\n{effects[entry.modality]}(principal, action == Action::"hold", resource)'
            yield f"{head} when {{ {conditions} }};"


def _cedar_conditions(entry: PointRule) -> Iterator[str]:
    for name, allowed in entry.bounds:
        yield f"{json.dumps(list(allowed))}.contains(context.{name})"
    if entry.rule.force:
        yield " || ".join(f"context.{model.fact}" for model in entry.rule.force.models)
    elif entry.period.start and entry.period.start.span[0] is not None:
        yield f"context.at >= {entry.period.start.span[0]}"
    if entry.period.end and entry.period.end.span[1] is not None and not entry.rule.force:
        yield f"context.at < {entry.period.end.span[1]}"
    for compiled in entry.atoms:
        yield _cedar(compiled.atom.cel)


def _cedar(cel: str) -> str:
    """Translate one condition: facts become context attributes, `x in [...]` becomes `[...].contains(x)`."""
    listed = LISTED.sub(r"\2.contains(\1)", cel)
    parts = re.split(r"(\"[^\"]*\")", listed)
    return "".join(part if part.startswith('"') else _in_context(part) for part in parts)


def _in_context(part: str) -> str:
    return re.sub(r"\b[a-z_]+\b", lambda word: f"context.{word[0]}" if word[0] in VOCABULARY else word[0], part)


def measure(events: int, rounds: int) -> dict[str, Any]:
    """Return the medians, in turn in one run."""
    asked = questions(events)
    kinds = one_of_each_kind(asked)
    rulebook = new_rulebook()
    needed = {name for entry in rulebook.at(HOLD).rules for atom in entry.atoms for name in atom.needs}
    holds = [one for one in asked if one[1] is HOLD and needed <= one[0].keys() and one[2].span[0] is not None]
    check_equivalent(holds, rulebook)
    rates: dict[str, list[float]] = {"as_they_come": [], "each_new": [], "ours": [], "cedarpy": []}
    for _ in range(rounds):
        rates["as_they_come"].append(rate(ours(asked), len(asked)))
        rates["each_new"].append(rate(ours(kinds), len(kinds)))
        rates["ours"].append(rate(ours(holds), len(holds)))
        rates["cedarpy"].append(rate(in_cedar(holds, rulebook), len(holds)))
    found = {name: round(median(several)) for name, several in rates.items()}
    return {
        "questions": len(asked),
        "kinds": len(kinds),
        "about_holds": len(holds),
        "determinations_per_second": found,
        "ours_to_cedarpy": round(found["ours"] / found["cedarpy"], 2),
    }


def main() -> None:
    """Measure and print."""
    chosen = options(__doc__, events=100_000, rounds=5)
    show(measure(chosen.events, chosen.rounds), as_json=chosen.json)


if __name__ == "__main__":
    main()
