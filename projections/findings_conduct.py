"""Derived against conduct: what the pack gives at a decision point, beside what was recorded as done.

What is undetermined is nobody's: the finding says why it cannot be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from domain.calendars import ClockStart, Counts
from domain.events import handoff
from domain.events.fields import DecisionPoint, Modality
from domain.instants import Instant
from domain.rules.pack import Status
from domain.rules.trace import RuleTrace, Standing
from projections.conduct import Kept, departures, done_at, kept
from projections.decision_points import DOING
from projections.decisions import Decision
from projections.explained.wording import CLOCK_START, open_question, spaced
from projections.facts import Case
from projections.finding import Finding, Kind, act_words, duration_words, found, joined, when_words, whole_minutes
from projections.overholds import PAPERWORK_MINUTES
from projections.recorded import Recorded

HOLD = DecisionPoint.HOLD_PAST_RELEASE
CLOCK_KINDS = {"C1": Kind.HELD_PAST_C1, "C2": Kind.HELD_PAST_C2, "C3": Kind.HELD_PAST_C3}
NOTICE_CLOCK = "C6"
SHUT_AT_RELEASE = (DecisionPoint.RELEASE_NOTICE, DecisionPoint.HAND_OVER)


def conduct_findings(case: Case, made: Sequence[Decision]) -> Iterator[Finding]:
    """Yield what differs between derived and done, decision by decision."""
    for decision in made:
        point = decision.determination.decision_point
        if decision.determination.status is Status.UNDETERMINED and point in (HOLD, *DOING):
            yield _cannot_be_known(case, decision)
        yield from _done_against_derived(case, decision)
        yield from _required_and_not_recorded(case, decision)
        if point is HOLD:
            yield from _past_clocks(case, decision)
            yield from _kept_without_hold(case, decision)
        if point is DecisionPoint.RELEASE_NOTICE:
            yield from _short_lead(case, decision)


def standing(decision: Decision, *modalities: Modality) -> list[RuleTrace]:
    """Return the standing rules of these modalities."""
    return [trace for trace in decision.determination.standing if trace.modality in modalities]


def ids(traces: Sequence[RuleTrace]) -> list[str]:
    """Return the rules' ids."""
    return [trace.rule.id for trace in traces]


def _cannot_be_known(case: Case, decision: Decision) -> Finding:
    determination = decision.determination
    reasons = "; ".join(dict.fromkeys(open_question(name) for name in determination.missing))
    unknown = [trace for trace in determination.rules if trace.standing is Standing.UNKNOWN]
    return found(
        Kind.CANNOT_BE_KNOWN,
        decision.done or _raised_by(case, decision),
        point=determination.decision_point,
        rules=ids(unknown),
        who=(),
        says={"missing": reasons},
    )


def _raised_by(case: Case, decision: Decision) -> list[Recorded]:
    """Return the events of the moment in which the decision arose."""
    return [event for event in case.events if event.occurred == decision.determination.valid_at]


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
    return events, joined(f"{act_words(event)} by {event.agency}" for event in events)


def _hold_words(held: Kept) -> str:
    shown = joined(f"{act_words(event)} by {event.agency}" for event in held.by)
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
    later = _over(case, decision)
    called_off = case.first(handoff.PickupNoShow, handoff.PickupCancelled)
    if not later or (called_off and point is DecisionPoint.HAND_OVER):
        return
    custodian = [case.custodian.agency] if case.custodian else []
    acts = " or ".join(spaced(cls.TYPE.partition(".")[2]) for cls in DOING[point])
    events = [*_raised_by(case, decision), later]
    yield found(Kind.REQUIRED_NOT_RECORDED, events, point=point, rules=rules, who=custodian, says={"acts": acts})


def _over(case: Case, decision: Decision) -> Recorded | None:
    """Return what shows that an act is no longer to come: the person left; or the custodian's record went on."""
    if decision.determination.decision_point in SHUT_AT_RELEASE:
        return next(iter(departures(case)), None)
    at, custodian = decision.determination.valid_at.latest, case.custodian
    own = [event for event in case.events if custodian and event.agency == custodian.agency]
    return next((event for event in own if at and event.occurred.earliest and event.occurred.earliest > at), None)


def _past_clocks(case: Case, decision: Decision) -> Iterator[Finding]:
    """Compare the end of a stay with each limit of the standing rules; a limit that several share is told once."""
    held = kept(case, decision)
    if held is None or not held.by:
        return
    limits: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for clock in decision.clocks:
        if clock["kind"] == "limit" and clock["counts"] == Counts.AFTER and clock["hours"] and clock["ends"]:
            limits.setdefault((clock["id"], str(clock["ends"])), []).append(clock)
    for same in limits.values():
        end, ran_out = held.end.occurred.earliest, Instant.from_json(same[0]["ends"])
        if end and ran_out.latest and end > ran_out.latest:
            yield found(
                CLOCK_KINDS.get(same[0]["id"], Kind.HELD_PAST_CLOCK),
                held.events,
                point=decision.determination.decision_point,
                rules=[clock["rule"] for clock in same],
                says={
                    "by": held.end.agency,
                    "end": act_words(held.end),
                    "when": when_words(held.end.occurred),
                    "clock": same[0]["id"],
                    "hours": same[0]["hours"],
                    "start": CLOCK_START[ClockStart(same[0]["counted_from"])],
                    "ends": when_words(ran_out),
                    "past": duration_words(whole_minutes(end - ran_out.latest)),
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
