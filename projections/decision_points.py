"""Where in a case a rule may speak: the decision points that arose, when, and until when each stayed open.

hold_past_release   an immigration hold, or a detainer that asks for one, was there when release was due
release_notice      a detainer or a request for notice was there, or notice was sent or withheld
hand_over           custody passed to ICE, a pickup was arranged, or somebody with a detainer was let go
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.events import detainer, episode, handoff
from domain.events.fields import DecisionPoint, EventData
from domain.instants import Instant
from projections.facts import HOLD_FORMS, Case, active_detainers, active_holds
from projections.recorded import Recorded

RELEASES = (episode.ReleasedToCommunity, episode.ReleasedToAgency)
DEPARTURES = (*RELEASES, handoff.CustodyTransferred)
PICKUPS = (handoff.PickupArrived, handoff.PickupNoShow, handoff.PickupScheduled)
HOLD_ENDS = (episode.HoldEnded, *DEPARTURES)
ICE = "us-ice"

# What each point's acts are: events of these types show what was done, and the rules cited with them.
ACTS: dict[DecisionPoint, tuple[type[EventData], ...]] = {
    DecisionPoint.HOLD_PAST_RELEASE: (
        episode.HoldPlaced,
        episode.HoldEnded,
        detainer.DetainerNotHonored,
        detainer.DetainerExpiredUnclaimed,
        handoff.AdministrativeWarrantServed,
        handoff.PostTransferDetentionStarted,
        handoff.PostTransferDetentionEnded,
        *DEPARTURES,
    ),
    DecisionPoint.RELEASE_NOTICE: (handoff.ReleaseNoticeSent, handoff.NoticeWithheld),
    DecisionPoint.HAND_OVER: (
        *DEPARTURES,
        handoff.CustodyTransferConfirmed,
        *PICKUPS,
        handoff.PickupCancelled,
    ),
}


@dataclass(frozen=True, slots=True)
class Arisen:
    """A decision point that arose `at` and stayed open `until`; without an upper bound it still is."""

    point: DecisionPoint
    at: Instant
    until: Instant


def arisen_points(case: Case) -> Iterator[Arisen]:
    """Yield each decision point that arose in the case, at most once."""
    finders = (_release_notice, _hold_past_release, _hand_over)
    yield from sorted(
        (found for finder in finders if (found := finder(case))),
        key=lambda found: (found.at.sort_key, found.point.value),
    )


def release_due(case: Case) -> Recorded | None:
    """Return what shows when release was due: eligibility, else the order, else the release itself."""
    for types in ((episode.ReleaseEligible,), (episode.ReleaseOrdered,), DEPARTURES):
        found = case.first(*types)
        if found:
            return found
    return None


def _hold_past_release(case: Case) -> Arisen | None:
    due = release_due(case)
    if due is None:
        return None
    holds = [event for event, hold in case.pairs(episode.HoldPlaced) if hold.kind is episode.HoldKind.IMMIGRATION]
    there = [event for event, hold in active_holds(case, due.occurred) if event in holds]
    asked = [event for event, data in active_detainers(case, due.occurred) if data.form in HOLD_FORMS]
    later = [event for event in holds if event.occurred.sort_key > due.occurred.sort_key]
    if there or asked:
        at = due.occurred
    elif later:
        at = later[0].occurred
    else:
        return None
    ends = [event.occurred for event in case.of(*HOLD_ENDS) if _ends_the_hold(event, at)]
    still_open = Instant.between(at.earliest, None) if at.earliest else Instant.unknown()
    until = max(ends, key=lambda instant: instant.sort_key, default=still_open)
    return Arisen(DecisionPoint.HOLD_PAST_RELEASE, at, until)


def _ends_the_hold(event: Recorded, at: Instant) -> bool:
    other = isinstance(event.data, episode.HoldEnded) and event.data.kind is not episode.HoldKind.IMMIGRATION
    return not other and event.occurred.sort_key >= at.sort_key


def _release_notice(case: Case) -> Arisen | None:
    answer = case.first(handoff.ReleaseNoticeSent, handoff.NoticeWithheld)
    asked = case.first(detainer.DetainerReceived, handoff.ReleaseNoticeRequested) or case.first(
        detainer.DetainerPrepared, detainer.DetainerTransmitted
    )
    if answer:
        return Arisen(DecisionPoint.RELEASE_NOTICE, answer.occurred, answer.occurred)
    if asked is None:
        return None
    due = release_due(case)
    at = due.occurred if due and any(active_detainers(case, due.occurred)) else asked.occurred
    return Arisen(DecisionPoint.RELEASE_NOTICE, at, at)


def _hand_over(case: Case) -> Arisen | None:
    found = next(_hand_overs(case), None)
    return Arisen(DecisionPoint.HAND_OVER, found.occurred, found.occurred) if found else None


def _hand_overs(case: Case) -> Iterator[Recorded]:
    """Yield what shows the point arose, the strongest evidence first."""
    known = case.first(detainer.DetainerPrepared, detainer.DetainerReceived) is not None
    for event, data in case.pairs(handoff.CustodyTransferred):
        if known or data.receiving_agency.startswith(ICE):
            yield event
    for event, released in case.pairs(episode.ReleasedToAgency):
        if released.to_agency.startswith(ICE):
            yield event
    for event in case.of(*RELEASES):
        if any(active_detainers(case, event.occurred)):
            yield event
    for cls in PICKUPS:
        yield from case.of(cls)
