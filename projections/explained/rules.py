"""One rule of a trace in words: what it says, where it comes from, and why it stands, falls, is defeated or is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.rules.trace import Conflict, RuleTrace, Standing
from domain.rules.vocabulary import VOCABULARY
from projections.explained.wording import (
    VERB,
    VERIFIED,
    clock_words,
    in_force_words,
    listed,
    open_question,
    spaced,
    value_words,
)

ORDER = (Standing.STANDS, Standing.UNKNOWN, Standing.DEFEATED, Standing.FAILS)
SAYING = tuple(VERB)
HOLDS = {True: "holds", False: "does not hold", None: "not known"}

Traces = Mapping[str, RuleTrace]


@dataclass(frozen=True, slots=True)
class ExplainedRule:
    """One rule in words; `conditions` are (words, "holds" | "does not hold" | "not known", facts looked at)."""

    id: str
    standing: Standing
    verb: str
    effect: str
    citation: str
    authority: str
    binds_as: str
    applies_to: str
    in_force: str
    verified: str
    because: str
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    duties: tuple[str, ...]
    note: str | None
    trace: RuleTrace

    def as_json(self) -> dict[str, Any]:
        """Return the wire form: that of the trail, and what a reader needs to find the source."""
        return {
            **self.trace.as_json(),
            "authority": self.authority,
            "applies_to": self.applies_to,
            "in_force": self.trace.rule.in_force.model_dump(mode="json", by_alias=True),
            "because": self.because,
        }


def in_words(traces: tuple[RuleTrace, ...]) -> tuple[ExplainedRule, ...]:
    """Return all rules of a decision: those that stand, are open, are defeated, fall; what says alike together."""
    by_id = {trace.rule.id: trace for trace in traces}
    return tuple(_explained(trace, by_id) for trace in sorted(traces, key=_place))


def _place(trace: RuleTrace) -> tuple[int, int, str]:
    return ORDER.index(trace.standing), SAYING.index(trace.modality), trace.rule.id


def _explained(trace: RuleTrace, traces: Traces) -> ExplainedRule:
    rule = trace.rule
    return ExplainedRule(
        id=rule.id,
        standing=trace.standing,
        verb=VERB[trace.modality],
        effect=trace.effect,
        citation=rule.citation,
        authority=rule.authority,
        binds_as=spaced(rule.bindingness.value),
        applies_to=rule.scope.applies_to,
        in_force=in_force_words(rule),
        verified=VERIFIED[rule.verified],
        because=_because(trace, traces),
        conditions=tuple(_conditions(trace)),
        duties=tuple(duty.says + (f" ({clock_words(duty.clock)})" if duty.clock else "") for duty in rule.duties),
        note=rule.note,
        trace=trace,
    )


def _conditions(trace: RuleTrace) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for atom in trace.atoms:
        facts = tuple(f"{name}: {value_words(value)}" for name, value in atom.facts.items() if name in VOCABULARY)
        yield atom.says, HOLDS[atom.value], facts


def _because(trace: RuleTrace, traces: Traces) -> str:
    """Say why the rule stands, falls, is defeated or cannot be known."""
    if trace.standing is Standing.STANDS:
        if trace.atoms:
            return "It stands: every condition holds, and no standing rule defeats it."
        return "It stands: its dates and its scope cover the case, it has no further condition, and nothing defeats it."
    if trace.standing is Standing.FAILS:
        broken = [f"“{atom.says}”" for atom in trace.atoms if atom.value is False]
        return f"It falls, because this does not hold: {listed(broken)}."
    if trace.standing is Standing.DEFEATED:
        return f"It is defeated: {listed([_edge(trace, by, traces) for by in trace.defeated_by])}."
    if trace.missing:
        return (
            f"It cannot be known whether it stands; not known is {listed([open_question(n) for n in trace.missing])}."
        )
    defeaters = [other.rule.id for other in traces.values() if trace.rule.id in other.rule.beats]
    if defeaters:
        return f"Its conditions hold, but {listed(defeaters)} would defeat it, and whether that stands cannot be known."
    return (
        "It cannot be known whether it stands: it speaks where no rule of the custodian's own stands, and that is open."
    )


def _edge(trace: RuleTrace, by: str, traces: Traces) -> str:
    defeater = traces[by]
    edge = "overrides it" if trace.rule.id in defeater.rule.overrides else "is an exception to it"
    return f"{by} stands and {edge}" if defeater.standing is Standing.STANDS else f"{by}, if it stands, {edge}"


def advice_words(pair: Conflict) -> str:
    """Say which of the two ranks higher, began later, is narrower."""
    rank = f"{pair.higher_rank} ranks higher" if pair.higher_rank else "both have the same rank"
    later = f"{pair.later} began later" if pair.later else "which began later cannot be told"
    narrow = f"{pair.more_specific} is narrower" if pair.more_specific else "both are equally narrow"
    return f"{rank}; {later}; {narrow}"
