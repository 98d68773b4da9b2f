"""The moments that clocks are counted from, each with the event that shows it.

    otherwise_released_at     when release was due (`projections.leaving`); else by the departure at the latest
    admin_warrant_served_at   the service, or what ICE's detainer table says of it
    detainer_received_at      the receipt, else the acknowledgement
    scheduled_release_at      what the notice says, else the projected date last set, else as otherwise released
    bond_posted_at            bail posted, or release ordered, whichever came first
    citizenship_claimed_at    the claim
    detainer_issued_at        the form was prepared
    committed_at              commitment
    status_query_at           no event tells of a query to ICE

"Would otherwise be released" is itself disputed, so whoever shows a clock shows what started it.
"""

from __future__ import annotations

from domain.calendars import ClockStart
from domain.events import detainer, episode, handoff
from domain.events.fields import EventData
from domain.instants import Instant
from projections.facts import Case, latest_detainer, service_of_warrant
from projections.leaving import DEPARTURES, Moment, release_due

WHENEVER = Instant.unknown()

# Each of these happened when its event did; the first group with an event counts.
TOLD_BY: dict[ClockStart, tuple[tuple[type[EventData], ...], ...]] = {
    ClockStart.DETAINER_RECEIVED: ((detainer.DetainerReceived,), (detainer.DetainerAcknowledged,)),
    ClockStart.BOND_POSTED: ((episode.BailPosted, episode.ReleaseOrdered),),
    ClockStart.CITIZENSHIP_CLAIMED: ((handoff.CitizenshipClaimAsserted,),),
    ClockStart.COMMITTED: ((episode.CommittedToInstitution,),),
}


def moment_of(case: Case, start: ClockStart) -> Moment | None:
    """Return the moment a clock is counted from, or None if no event shows it."""
    match start:
        case ClockStart.OTHERWISE_RELEASED:
            return _otherwise_released(case)
        case ClockStart.SCHEDULED_RELEASE:
            return _scheduled_release(case) or _otherwise_released(case)
        case ClockStart.ADMIN_WARRANT_SERVED:
            served = service_of_warrant(case, WHENEVER)
            return Moment(served[1], served[0]) if served else None
        case ClockStart.DETAINER_ISSUED:
            issued = latest_detainer(case, WHENEVER)
            return Moment(issued[0].occurred, issued[0]) if issued else None
    found = (case.first(*types) for types in TOLD_BY.get(start, ()))
    return next((Moment(event.occurred, event) for event in found if event), None)


def _otherwise_released(case: Case) -> Moment | None:
    """A departure alone shows only that release was due by then."""
    due = release_due(case)
    if due is None:
        return None
    if not isinstance(due.shown_by.data, DEPARTURES):
        return due
    latest = due.at.latest
    return Moment(Instant.between(None, latest) if latest else WHENEVER, due.shown_by)


def _scheduled_release(case: Case) -> Moment | None:
    for event, sent in case.pairs(handoff.ReleaseNoticeSent):
        if sent.scheduled_release_at:
            return Moment(sent.scheduled_release_at, event)
    projected = list(case.pairs(episode.ProjectedReleaseSet))
    return Moment(projected[-1][1].projected_release_at, projected[-1][0]) if projected else None
