"""What is owed: a duty of `projections.duties`, once for each rule that asks for it, with when it is due.

    {"duty":"release_notice","episode":"mn-cass-jail.2026-000012","facility":"mn-cass-jail","owed_by":"mn-cass-sheriff",
     "rule":"US-I247A-1","modality":"request","derived":"requested_only","started":"2026-01-14T09:00:00-06:00",
     "due":"2026-01-14T17:00:00-06:00","clock":"C6","done":"2026-01-16T10:00:00-06:00","withheld":null,"status":"late",
     "lead_minutes":420,"detainer":null,"subject":"s-81c2","events":[3,5]}

`rule` stands at the duty's decision point and obliges (`modality` obligation) or only asks (request); one of which that
cannot be known is there as `not_known`. `rule` is null for an answer to a form: no pack has a rule on it. `due` is the
end of the rule's own clock. Status:

    done        recorded, and by the time it was due
    late        recorded after that
    open        not recorded, and still to come
    overdue     not recorded by the time it was due, or by when the person left where the rule gives no time
    not_known   what is recorded leaves open whether it was in time, or, not being done, whether the rule applies
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.calendars import ClockStart
from domain.events.fields import DecisionPoint, Modality
from domain.instants import Instant
from domain.rules.trace import RuleTrace, Standing
from projections.clocks import in_time
from projections.decisions import Decision

POINTS = {
    "ask_status": DecisionPoint.ASK_STATUS,
    "commitment_notice": DecisionPoint.COMMITMENT_NOTICE,
    "release_notice": DecisionPoint.RELEASE_NOTICE,
    "serve_detainer": DecisionPoint.SERVE_DETAINER,
}
CLAIM, ANSWER = "report_citizenship_claim", "answer_detainer"
CLAIM_POINTS = (DecisionPoint.SERVE_ADMIN_WARRANT, DecisionPoint.HAND_OVER)  # where rules ask for it beside the act
DECIDED_POINTS = (*POINTS.values(), *CLAIM_POINTS)
ASKING = (Modality.OBLIGATION, Modality.REQUEST)


class Status(StrEnum):
    """How a duty stands at a moment."""

    DONE = "done"
    LATE = "late"
    OPEN = "open"
    OVERDUE = "overdue"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule that asks for a duty; `is_known` is false where it cannot be known whether it applies."""

    rule: str | None
    modality: str | None
    derived: str | None
    clock: Mapping[str, Any] | None
    is_known: bool = True


def owed(
    row: Mapping[str, Any],
    made: Mapping[DecisionPoint, Decision],
    *,
    owed_by: str | None,
    left: Instant | None,
    at: datetime,
) -> Iterator[dict[str, Any]]:
    """Yield a kept duty once for each rule that asks for it, as of a moment.

    `made` are the decisions of its case, `left` is when the person left, None if that is not told.
    """
    started, done, withheld = (_by(row[name], at) for name in ("started", "done", "withheld"))
    if started is None and done is None:
        return
    for asked in _asked(row["duty"], made):
        due = asked.clock["ends"] if asked.clock else None
        status = _status(row["duty"], done, Instant.from_json(due) if due else None, left, at)
        yield {
            "duty": row["duty"],
            "episode": row["episode"],
            "facility": row["facility"],
            "owed_by": owed_by,
            "rule": asked.rule,
            "modality": asked.modality,
            "derived": asked.derived,
            "started": row["started"] if started else None,
            "due": due,
            "clock": asked.clock["id"] if asked.clock else None,
            "done": row["done"] if done else None,
            "withheld": row["withheld"] if withheld else None,
            "status": (status if asked.is_known or done else Status.NOT_KNOWN).value,
            "lead_minutes": row["lead_minutes"] if done else None,
            "detainer": row["detainer"],
            "subject": row["subject"],
            "events": row["events"],
        }


def _by(told: object, at: datetime) -> Instant | None:
    """Return an instant that can have been by the moment."""
    instant = Instant.from_json(told) if told else None
    return instant if instant and instant.maybe_by(at) else None


def _asked(duty: str, made: Mapping[DecisionPoint, Decision]) -> Iterator[Asked]:
    """Yield the rules that ask for a duty."""
    if duty == ANSWER:
        yield Asked(None, None, None, None)
    elif duty == CLAIM:
        yield from _beside(made)
    elif POINTS[duty] in made:
        decision = made[POINTS[duty]]
        for trace in decision.determination.rules:
            if trace.modality in ASKING and trace.standing in (Standing.STANDS, Standing.UNKNOWN):
                yield _by_rule(trace, decision)


def _by_rule(trace: RuleTrace, decision: Decision) -> Asked:
    own = (clock for clock in decision.clocks if clock["rule"] == trace.rule.id and clock["kind"] == "limit")
    known = trace.standing is Standing.STANDS
    return Asked(trace.rule.id, trace.modality.value, decision.status, next(own, None), known)


def _beside(made: Mapping[DecisionPoint, Decision]) -> Iterator[Asked]:
    """Yield the rules that ask, beside the act they are about, that a claim of citizenship be reported; each once."""
    found: dict[str, Asked] = {}
    for decision in (made[point] for point in CLAIM_POINTS if point in made):
        for clock in decision.clocks:
            if clock["kind"] == "duty" and clock["counted_from"] == ClockStart.CITIZENSHIP_CLAIMED:
                asked = Asked(clock["rule"], Modality.OBLIGATION.value, decision.status, clock)
                found.setdefault(clock["rule"], asked)
    yield from found.values()


def _status(duty: str, done: Instant | None, due: Instant | None, left: Instant | None, at: datetime) -> Status:
    if done:
        was_in_time = in_time(done, due) if due else True
        return {True: Status.DONE, False: Status.LATE}.get(was_in_time, Status.NOT_KNOWN)  # type: ignore[arg-type]
    last = due or left
    if last is None or not last.maybe_by(at):
        return Status.OPEN
    if duty == CLAIM or not last.surely_by(at):
        return Status.NOT_KNOWN
    return Status.OVERDUE
