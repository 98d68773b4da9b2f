"""When courts stopped a rule, and when rules ended, as the log tells it: what `decide` takes as stops.

    rule.suspended_by_court   the rule has no force from then on
    rule.reinstated           every suspension of the rule that began before is over
    rule.terminated           the rule has no force from its end on, however well that is known

The order of the log does not matter: suspensions and reinstatements are matched by when they happened.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.events.instrument import RuleReinstated, RuleSuspendedByCourt, RuleTerminated
from domain.instants import Instant
from domain.rules.pack import Period
from domain.rules.stops import Stop, StopKind
from projections.recorded import Recorded

STOPPING_TYPES = (RuleSuspendedByCourt.TYPE, RuleReinstated.TYPE, RuleTerminated.TYPE)


def rule_stops(events: Iterable[Recorded]) -> dict[str, tuple[Stop, ...]]:
    """Return the stops of each rule, by when they began; `events` are already filtered by position and corrected."""
    told = sorted(events, key=lambda event: (event.occurred.sort_key, event.position))
    reinstated: dict[str, list[Instant]] = {}
    for event in told:
        if isinstance(event.data, RuleReinstated):
            reinstated.setdefault(event.data.rule, []).append(event.occurred)
    found: dict[str, list[Stop]] = {}
    for event in told:
        data = event.data
        if isinstance(data, RuleSuspendedByCourt):
            over = next((at for at in reinstated.get(data.rule, ()) if _can_follow(at, event.occurred)), None)
            by = f"{data.court}, {data.case}" if data.case else data.court
            stop = Stop(StopKind.SUSPENDED, Period(event.occurred, over), by, event.position)
        elif isinstance(data, RuleTerminated):
            stop = Stop(StopKind.TERMINATED, Period(data.ended, None), event.agency, event.position)
        else:
            continue
        found.setdefault(data.rule, []).append(stop)
    return {rule: tuple(stops) for rule, stops in found.items()}


def _can_follow(second: Instant, first: Instant) -> bool:
    return second.latest is None or first.earliest is None or second.latest > first.earliest
