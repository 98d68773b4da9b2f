"""What runs and what was recorded, in words: clocks, the rules that agencies cited, and their acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendars import Calendar, Clock, ClockStart, Counts
from domain.events.fields import DecisionBasis
from domain.instants import Instant
from domain.rules.trace import Standing
from projections.decisions import Cited
from projections.explained.wording import BASIS, Phrase, clock_words, listed, spaced, value_words, when_words
from projections.recorded import Recorded

NOT_CONSIDERED = "not_considered"
NOT_IN_PACK = "not_in_pack"
CITED_AND_TRACED = {
    Standing.STANDS.value: "in this trace it stands",
    Standing.FAILS.value: "in this trace it falls",
    Standing.DEFEATED.value: "in this trace it is defeated",
    Standing.UNKNOWN.value: "in this trace it cannot be known whether it stands",
    NOT_CONSIDERED: "in this trace it is not among the rules that speak here and then to this custodian",
    NOT_IN_PACK: "this pack has no rule of that name",
}
SHOWN_ELSEWHERE = {"facility", "subject", "episode", "detainer", "handoff", "cited_rules", "decision_basis"}


@dataclass(frozen=True, slots=True)
class ExplainedClock:
    """One clock of a standing rule or of its side duty, in words; `told` is its wire form, as a decision has it."""

    id: str
    rule: str
    counts: str
    starts_words: Phrase
    ends_words: Phrase
    is_deadline: bool
    told: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return dict(self.told)


@dataclass(frozen=True, slots=True)
class Citation:
    """A rule that an agency says it applied, and where that rule is in this trace."""

    rule: str
    by: str
    position: int
    said: tuple[tuple[str, str], ...]
    in_this_trace: str


@dataclass(frozen=True, slots=True)
class Act:
    """What an agency recorded; `details` are its own words, `made_up` that a simulator wrote it."""

    what: str
    when: Phrase
    by: str
    position: int
    basis: str | None
    details: tuple[tuple[str, str], ...]
    made_up: bool


def clock_of(entry: Mapping[str, Any], zone: ZoneInfo) -> ExplainedClock:
    """Return one clock of a decision in words; a start that no event shows is at a time not recorded."""
    clock = Clock(
        id=entry["id"],
        start=ClockStart(entry["counted_from"]),
        hours=entry["hours"],
        calendar=Calendar(entry["calendar"]),
        counts=Counts(entry["counts"]),
    )
    starts, ends = (Instant.from_json(entry[name]) if entry[name] else Instant.unknown() for name in ("starts", "ends"))
    counts = clock_words(clock)
    return ExplainedClock(
        id=entry["id"],
        rule=entry["rule"],
        counts=f"{entry['says']}: {counts}" if "says" in entry else counts,
        starts_words=when_words(starts, zone),
        ends_words=when_words(ends, zone),
        is_deadline=clock.counts is Counts.BEFORE,
        told=entry,
    )


def alike(clocks: Sequence[ExplainedClock]) -> tuple[tuple[ExplainedClock, str], ...]:
    """Return each clock once, with all the rules that have it and start it then."""
    rules: dict[tuple[str, str, Phrase], list[ExplainedClock]] = {}
    for clock in clocks:
        rules.setdefault((clock.id, clock.counts, clock.starts_words), []).append(clock)
    return tuple((found[0], listed(sorted(clock.rule for clock in found))) for found in rules.values())


def citation_of(cited: Cited, by: str, in_this_trace: str) -> Citation:
    """Return what an agency cited in words; `by` is its name."""
    told = (
        ("version", cited.version),
        ("says", cited.modality),
        ("role", cited.role),
        ("basis", cited.basis and BASIS[DecisionBasis(cited.basis)]),
    )
    return Citation(
        rule=cited.rule,
        by=by,
        position=cited.position,
        said=tuple((label, spaced(value)) for label, value in told if value),
        in_this_trace=CITED_AND_TRACED[in_this_trace],
    )


def act_of(event: Recorded, by: str, zone: ZoneInfo) -> Act:
    """Return what was recorded in words; `by` is the name of who says so."""
    data = event.data.model_dump(mode="json", exclude_defaults=True)
    basis = event.data.decision_basis
    return Act(
        what=spaced(event.type.partition(".")[2]),
        when=when_words(event.occurred, zone),
        by=by,
        position=event.position,
        basis=BASIS[basis] if basis else None,
        details=tuple((spaced(key), _detail(value)) for key, value in data.items() if key not in SHOWN_ELSEWHERE),
        made_up=event.envelope.source.startswith("synthetic:"),
    )


def _detail(value: object) -> str:
    if value is None or isinstance(value, bool):
        return value_words(value)
    if isinstance(value, dict):
        return ", ".join(f"{spaced(key)} {_detail(inner)}" for key, inner in value.items())
    return str(value)


def act_json(event: Recorded) -> dict[str, Any]:
    """Return the wire form of what was recorded."""
    basis = event.data.decision_basis
    return {
        "event": event.type,
        "at": event.occurred.as_json(),
        "by": event.agency,
        "position": event.position,
        "source": event.envelope.source,
        "basis": basis.value if basis else None,
    }
