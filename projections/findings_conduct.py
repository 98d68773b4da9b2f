"""Derived against conduct: what the pack gives at a decision point, beside what was recorded as done.

What is undetermined is nobody's: the finding says why it cannot be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.calendars import Counts
from domain.events import handoff
from domain.events.fields import DecisionPoint, Modality
from domain.instants import Instant
from domain.rules.pack import Status
from domain.rules.trace import RuleTrace, Standing
from domain.rules.vocabulary import VOCABULARY
from projections.conduct import DOING, Kept, departures, done_at, kept
from projections.decisions import Decision
from projections.facts import Case
from projections.finding import Finding, Kind, act_words, duration_words, found, joined, whole_minutes
from projections.recorded import Recorded

HOLD = DecisionPoint.HOLD_PAST_RELEASE
PAPERWORK_MINUTES = 120  # chosen: leaving a jail takes time, and only what is longer is worth a look
CLOCK_KINDS = {"C1": Kind.HELD_PAST_C1, "C2": Kind.HELD_PAST_C2, "C3": Kind.HELD_PAST_C3}
NOTICE_CLOCK = "C6"
SHUT_AT_RELEASE = (DecisionPoint.RELEASE_NOTICE, DecisionPoint.HAND_OVER)


def conduct_findings(case: Case, made: Sequence[Decision]) -> Iterator[Finding]:
    """Yield what differs between derived and done, decision by decision."""
    for decision in made:
        if decision.determination.status is Status.UNDETERMINED:
            yield _cannot_be_known(decision)
        yield from _done_against_derived(case, decision)
        yield from _required_and_not_recorded(case, decision)
        if decision.determination.decision_point is HOLD:
            yield from _past_clocks(case, decision)
            yield from _kept_without_hold(case, decision)
        if decision.determination.decision_point is DecisionPoint.RELEASE_NOTICE:
            yield from _short_lead(case, decision)


def standing(decision: Decision, *modalities: Modality) -> list[RuleTrace]:
    """Return the standing rules of these modalities."""
    traces = decision.determination.rules
    return [trace for trace in traces if trace.standing is Standing.STANDS and trace.modality in modalities]


def ids(traces: Sequence[RuleTrace]) -> list[str]:
    """Return the rules' ids."""
    return [trace.rule.id for trace in traces]


def _cannot_be_known(decision: Decision) -> Finding:
    determination = decision.determination
    reasons = "; ".join(dict.fromkeys(_missing_words(name) for name in determination.missing))
    unknown = [trace for trace in determination.rules if trace.standing is Standing.UNKNOWN]
    return found(
        Kind.CANNOT_BE_KNOWN,
        decision.done,
        point=determination.decision_point,
        rules=ids(unknown),
        who=(),
        says={"missing": reasons},
    )


def _missing_words(name: str) -> str:
    """Write a fact, or what `decide` names with a rule: `reading:ID`, `in_force:ID`, `suspended:ID`."""
    kind, _, rule = name.partition(":")
    if rule:
        questions = {"reading": f"which reading of {rule} holds", "in_force": f"whether {rule} was in force then"}
        return questions.get(kind, f"whether {rule} was {kind} then")
    fact = VOCABULARY[name]
    return f"whether {fact.says}" if fact.type == "bool" else fact.says


def _done_against_derived(case: Case, decision: Decision) -> Iterator[Finding]:
    determination = decision.determination
    if determination.status not in (Status.PROHIBITED, Status.CONFLICT):
        return
    point = determination.decision_point
    events, acts = _acts(case, decision)
    if not events:
        return
    against = standing(decision, Modality.PROHIBITION)
    allowing = standing(decision, Modality.OBLIGATION, Modality.PERMISSION)
    rules = ids([*against, *allowing])
    if determination.status is Status.PROHIBITED:
        yield found(Kind.DONE_WHERE_PROHIBITED, events, point=point, rules=rules, says={"acts": acts})
    else:
        sides = {"prohibitions": joined(ids(against)), "others": joined(_named(trace) for trace in allowing)}
        yield found(Kind.DONE_WHERE_CONFLICT, events, point=point, rules=rules, says={"acts": acts, **sides})


def _named(trace: RuleTrace) -> str:
    return f"{trace.rule.id} ({trace.modality.value})"


def _acts(case: Case, decision: Decision) -> tuple[Sequence[Recorded], str]:
    """Return the events that do what the point is about, and their words."""
    point = decision.determination.decision_point
    if point is HOLD:
        held = kept(case, decision)
        return (held.events, _hold_words(held)) if held and held.by else ((), "")
    events = done_at(case, point)
    return events, joined(dict.fromkeys(f"{act_words(event)} by {event.agency}" for event in events))


def _hold_words(held: Kept) -> str:
    shown = joined(dict.fromkeys(f"{act_words(event)} by {event.agency}" for event in held.by))
    return f"{shown}, and {act_words(held.end)} by {held.end.agency} {_minutes(held)} after release was due"


def _minutes(held: Kept) -> str:
    words = duration_words(whole_minutes(held.least))
    return words if held.exact else f"at least {words}"


def _end_words(held: Kept) -> dict[str, str]:
    return {"by": held.end.agency, "end": act_words(held.end), "minutes": _minutes(held)}


def _required_and_not_recorded(case: Case, decision: Decision) -> Iterator[Finding]:
    determination = decision.determination
    point = determination.decision_point
    if determination.status is not Status.REQUIRED or point not in DOING or done_at(case, point):
        return
    rules = ids(standing(decision, Modality.OBLIGATION))
    withheld = list(case.of(handoff.NoticeWithheld)) if point is DecisionPoint.RELEASE_NOTICE else []
    if withheld:
        yield found(Kind.WITHHELD_WHERE_REQUIRED, withheld, point=point, rules=rules, says={"by": withheld[0].agency})
        return
    gone = departures(case)
    called_off = case.first(handoff.PickupNoShow, handoff.PickupCancelled)
    if point in SHUT_AT_RELEASE and (not gone or (called_off and point is DecisionPoint.HAND_OVER)):
        return
    custodian = [case.custodian.agency] if case.custodian else []
    acts = " or ".join(cls.TYPE.partition(".")[2].replace("_", " ") for cls in DOING[point])
    events = gone if point in SHUT_AT_RELEASE else decision.done
    yield found(Kind.REQUIRED_NOT_RECORDED, events, point=point, rules=rules, who=custodian, says={"acts": acts})


def _past_clocks(case: Case, decision: Decision) -> Iterator[Finding]:
    held = kept(case, decision)
    if held is None or not held.by or held.end.occurred.earliest is None:
        return
    rules_by_clock: dict[tuple[str, str], list[str]] = {}
    for clock in decision.clocks:
        if clock["hours"]:
            rules_by_clock.setdefault((clock["clock"], str(clock["runs_out"])), []).append(clock["rule"])
    for clock in decision.clocks:
        rules = rules_by_clock.pop((clock["clock"], str(clock["runs_out"])), [])
        ran_out = Instant.from_json(clock["runs_out"]).latest
        if rules and ran_out and held.end.occurred.earliest > ran_out:
            yield found(
                CLOCK_KINDS.get(clock["clock"], Kind.HELD_PAST_CLOCK),
                held.events,
                point=HOLD,
                rules=rules,
                says={
                    **_end_words(held),
                    "clock": clock["clock"],
                    "hours": clock["hours"],
                    "past": duration_words(whole_minutes(held.end.occurred.earliest - ran_out)),
                },
            )


def _kept_without_hold(case: Case, decision: Decision) -> Iterator[Finding]:
    held = kept(case, decision)
    other = decision.facts.get("other_hold_recorded") is not False
    if held is None or held.by or other or whole_minutes(held.least) <= PAPERWORK_MINUTES:
        return
    against = ids(standing(decision, Modality.PROHIBITION))
    yield found(Kind.KEPT_WITHOUT_HOLD, held.events, point=HOLD, rules=against, says=_end_words(held))


def _short_lead(case: Case, decision: Decision) -> Iterator[Finding]:
    """Compare the longest lead of any notice with what a standing rule asks to be left before release."""
    leads = [
        (minutes, event)
        for event, sent in case.pairs(handoff.ReleaseNoticeSent)
        if (minutes := _lead_minutes(event, sent)) is not None
    ]
    if not leads:
        return
    minutes, event = max(leads, key=lambda lead: (lead[0], -lead[1].position))
    for trace in standing(decision, Modality.REQUEST):
        clock = trace.rule.clock
        if clock and clock.id == NOTICE_CLOCK and clock.counts is Counts.BEFORE and minutes < clock.hours * 60:
            yield found(
                Kind.NOTICE_LEAD_SHORT,
                [event],
                point=DecisionPoint.RELEASE_NOTICE,
                rules=[trace.rule.id],
                says={"by": event.agency, "lead": duration_words(minutes), "hours": clock.hours},
            )


def _lead_minutes(event: Recorded, sent: handoff.ReleaseNoticeSent) -> int | None:
    """Return the minutes from notice to the scheduled release: as the custodian counted them, else from its times."""
    if sent.lead_minutes is not None:
        return sent.lead_minutes
    due, told = sent.scheduled_release_at, event.occurred
    if due is None or due.earliest is None or due.earliest != due.latest or told.earliest != told.latest:
        return None
    return max(0, whole_minutes(due.earliest - told.earliest)) if told.earliest else None
