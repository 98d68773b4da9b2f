"""When release was due, and what ended the stay: what decisions, clocks and conduct see the same way.

    release due      eligibility, else the order of release, else when the last charge stopped keeping the person;
                     a departure alone shows that it was due by then, and not since when
    departure        a release, or custody passing to another agency
    end of a hold    the immigration hold's own end, or a departure

What counts as the end differs with the question, on purpose: minutes held (`decisions`) run to the departure, and to
the end of the hold only where no departure is told; conduct (`conduct.kept`) and overholds run to whichever came
first; a clock (`clocks`) is met by what ends the stay it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.events import episode, handoff
from domain.events.fields import EventData
from domain.instants import Instant
from projections.facts import Case
from projections.recorded import Recorded

RELEASES = (episode.ReleasedToCommunity, episode.ReleasedToAgency)
DEPARTURES = (*RELEASES, handoff.CustodyTransferred)


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was, as precisely as the event that shows it tells."""

    at: Instant
    shown_by: Recorded


def release_due(case: Case) -> Moment | None:
    """Return what shows when release was due; a departure at last."""
    return release_known(case) or _first(case, DEPARTURES)


def release_known(case: Case) -> Moment | None:
    """Return when release was due, None if at most a departure shows it."""
    return _first(case, (episode.ReleaseEligible,)) or _first(case, (episode.ReleaseOrdered,)) or _last_charge(case)


def _first(case: Case, types: tuple[type[EventData], ...]) -> Moment | None:
    event = case.first(*types)
    return Moment(event.occurred, event) if event else None


def _last_charge(case: Case) -> Moment | None:
    """Return when the last charge stopped keeping the person; None while that is not told of each."""
    over: dict[str, Moment] = {}
    for event, data in case.pairs(episode.ChargeDisposed):
        if data.charge_released_at and data.charge_released_at.latest:
            over[data.charge] = Moment(data.charge_released_at, event)
    filed = {data.charge for _, data in case.pairs(episode.ChargeFiled)}
    if filed - over.keys():
        return None
    return max(over.values(), key=lambda moment: (moment.at.sort_key, moment.shown_by.position), default=None)


def hold_ends(case: Case) -> Iterator[Recorded]:
    """Yield what can end an immigration hold: its own end, and whatever ends the stay."""
    for event in case.of(episode.HoldEnded, *DEPARTURES):
        data = event.data
        if not isinstance(data, episode.HoldEnded) or data.kind is episode.HoldKind.IMMIGRATION:
            yield event


def departures_or_all(ends: Iterable[Recorded]) -> list[Recorded]:
    """Return the departures among these ends, or all of them where none is told."""
    told = list(ends)
    return [event for event in told if isinstance(event.data, DEPARTURES)] or told


def left_at(departure: Recorded) -> Instant:
    """Return when the person left the building, which can be after custody passed."""
    data = departure.data
    if isinstance(data, handoff.CustodyTransferred) and data.physical_at:
        return data.physical_at
    if isinstance(data, episode.ReleasedToCommunity) and data.physically_out_at:
        return data.physically_out_at
    return departure.occurred
