"""What a case records as done: the acts a rule speaks about, and how long somebody was kept after release was due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from domain.events import detainer, episode, handoff
from domain.events.agency import is_ice
from domain.events.fields import DecisionPoint, EventData
from domain.instants import Instant
from projections.decision_points import DOING
from projections.decisions import Decision
from projections.facts import Case, active_detainers, active_holds
from projections.leaving import DEPARTURES, release_known
from projections.recorded import Recorded

NOTICE_FORMS = (detainer.DetainerForm.I_247G, detainer.DetainerForm.I_247N)


def immigration_hold(event: Recorded) -> episode.HoldPlaced | None:
    """Return the data of an immigration hold's placing, None for any other event."""
    data = event.data
    is_one = isinstance(data, episode.HoldPlaced) and data.kind is episode.HoldKind.IMMIGRATION
    return data if is_one and isinstance(data, episode.HoldPlaced) else None


def forms_of(case: Case, event: Recorded, hold: episode.HoldPlaced) -> list[tuple[Recorded, detainer.DetainerPrepared]]:
    """Return the forms a hold rests on: the one it names, else those active when it was placed."""
    named = [(form, data) for form, data in case.pairs(detainer.DetainerPrepared) if form.stream_id == hold.detainer]
    return named or list(active_detainers(case, event.occurred))


def done_at(case: Case, point: DecisionPoint) -> list[Recorded]:
    """Return what is recorded as doing the thing that the point is about; for a hold see `keeping`."""
    return [event for event in case.of(*DOING.get(point, ())) if _is_doing(event.data)]


def _is_doing(data: EventData) -> bool:
    """Leave out a transfer to others than ICE, and a warrant that ICE's own officers served."""
    if isinstance(data, handoff.CustodyTransferred):
        return is_ice(data.receiving_agency)
    if isinstance(data, episode.ReleasedToAgency):
        return is_ice(data.to_agency)
    return not (isinstance(data, handoff.AdministrativeWarrantServed) and data.served_by is handoff.WarrantServer.ICE)


def departures(case: Case) -> list[Recorded]:
    """Return the ends of custody in the custodian's own words, or in another's if it tells of none."""
    told = list(case.of(*DEPARTURES))
    own = [event for event in told if case.custodian and event.agency == case.custodian.agency]
    return own or told


@dataclass(frozen=True, slots=True)
class Kept:
    """Somebody kept after release was due: by what, until what; `least` is how long at least."""

    by: tuple[Recorded, ...]
    end: Recorded
    least: timedelta
    exact: bool

    @property
    def events(self) -> tuple[Recorded, ...]:
        """Return everything it rests on."""
        return (*self.by, self.end)


def kept(case: Case, decision: Decision) -> Kept | None:
    """Return how somebody was kept past the moment of a hold decision; None if no end surely after it is recorded.

    A departure alone does not show when release was due. `by` is empty where no hold is recorded. A hold's own end
    counts as the end if it came before the person left.
    """
    if release_known(case) is None:
        return None
    at = decision.determination.valid_at
    by = tuple(keeping(case, at))
    ends = [event for event in departures(case) if not event.occurred.surely_before(at)]
    if by and all(immigration_hold(event) for event in by):
        over = [event for event, end in case.pairs(episode.HoldEnded) if end.kind is episode.HoldKind.IMMIGRATION]
        ends += [event for event in over[-1:] if not event.occurred.surely_before(at)]
    end = min(ends, key=lambda event: (event.occurred.sort_key, event.position), default=None)
    if end is None or end.occurred.earliest is None or at.latest is None or end.occurred.earliest <= at.latest:
        return None
    exact = at.earliest == at.latest and end.occurred.earliest == end.occurred.latest
    return Kept(by, end, end.occurred.earliest - at.latest, exact)


def keeping(case: Case, at: Instant) -> Iterator[Recorded]:
    """Yield what shows that somebody was kept for ICE at or after a moment: a hold, or service by a local officer."""
    there = [event for event, _ in active_holds(case, at)]
    for event in case.of(episode.HoldPlaced, handoff.AdministrativeWarrantServed, handoff.PostTransferDetentionStarted):
        later = event.occurred.sort_key > at.sort_key
        if immigration_hold(event) and (later or event in there):
            yield event
        if not isinstance(event.data, episode.HoldPlaced) and _is_doing(event.data):
            yield event
