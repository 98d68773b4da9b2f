"""Gathering from the log the events that a question is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from adapters.remembering import Grown
from adapters.store.ledger import Ledger
from domain.errors import InputRefused
from domain.events.agency import ICE
from domain.events.episode import EpisodeData
from domain.events.handoff import CustodyTransferConfirmed, CustodyTransferred
from projections.amendments import Amendments, amending_events
from projections.cases import SEALING_TYPES, case_ref
from projections.linked_cases import CASE_KINDS, mentions
from projections.recorded import Recorded

STRETCH = 8_192  # positions
ROUNDS = 4  # episode -> handoff -> detainer -> its other mentions; a case is no deeper


def facility_events(ledger: Ledger, facility: str, upto: int, amending: Amendments) -> list[Recorded]:
    """Return every event that bears on who is at a facility: all of its episodes, also of those corrected in."""
    events = ledger.about([f"facility/{facility}"], upto=upto)
    episodes = {event.stream for event in events if isinstance(event.data, EpisodeData)}
    streams = (ledger.stream_of(*target) for target in amending.replacing("facility", facility))
    everywhere = sorted(episodes | {stream for stream in streams if stream})
    return _merged(events, ledger.about(everywhere, upto=upto)) if everywhere else events


class FoundCase(NamedTuple):
    """A case: `kind/id` of an episode, detainer, handoff or agreement, and every event of its case, in order."""

    ref: str
    events: list[Recorded]

    @property
    def facilities(self) -> set[str | None]:
        """Return the facilities that its events name; None stands for those that name none."""
        return {getattr(event.data, "facility", None) for event in self.events}


def find_case(ledger: Ledger, ref: str, upto: int) -> FoundCase:
    """Return the case of a reference, as known at a position.

    `ref` is `episode/…`, `detainer/…`, `handoff/…`, `agreement/…` or a bare id. Raise InputRefused(unknown_reference).
    """
    candidates = [ref] if ref.partition("/")[0] in CASE_KINDS else [f"{kind}/{ref}" for kind in CASE_KINDS]
    for candidate in candidates:
        events = ledger.about([candidate], upto=upto)
        if events:
            return FoundCase(candidate, _case(ledger, candidate, events, upto))
    raise InputRefused(
        "unknown_reference",
        f"no event mentions {ref[:120]!r}",
        mend="give an episode, detainer, handoff or agreement as `custody state` or `custody log` prints them",
    )


def _case(ledger: Ledger, ref: str, events: list[Recorded], upto: int) -> list[Recorded]:
    """Follow references until no new part of the case turns up, then add detainers known by the person alone."""
    seen = {ref}
    for _ in range(ROUNDS):
        new = sorted({r for event in events for r in mentions(event, CASE_KINDS)} - seen)
        if not new:
            break
        seen.update(new)
        events = _merged(events, ledger.about(new, upto=upto))
    events = _merged(events, _detainers_by_person(ledger, events, upto))
    events = _merged(events, _seals(ledger, events, upto))
    return _merged(events, amending_events(events, lambda refs: ledger.about(refs, upto=upto)))


def _detainers_by_person(ledger: Ledger, events: list[Recorded], upto: int) -> list[Recorded]:
    """Return the detainers that name the same person at the same facility but no episode, as ICE's own do."""
    facilities = {getattr(event.data, "facility", None) for event in events} - {None}
    subjects = sorted({ref for event in events for ref in mentions(event, ("subject",))})
    about_them = ledger.about(subjects, upto=upto)
    streams = {
        event.stream
        for event in about_them
        if event.stream.startswith("detainer/")
        and getattr(event.data, "episode", None) is None
        and getattr(event.data, "facility", None) in facilities
    }
    return ledger.about(sorted(streams), upto=upto)


def _seals(ledger: Ledger, events: list[Recorded], upto: int) -> list[Recorded]:
    """Return what sealed the case's episodes: a seal names its target in words that no posting list has."""
    refs = {case_ref(event) for event in events}
    return [seal for seal in ledger.recorded(upto=upto, topics=SEALING_TYPES) if case_ref(seal) in refs]


def _merged(first: Iterable[Recorded], second: Iterable[Recorded]) -> list[Recorded]:
    by_position = {event.position: event for event in (*first, *second)}
    return [by_position[position] for position in sorted(by_position)]


def ice_reaches(ledger: Ledger, upto: int) -> datetime | None:
    """Return the latest transfer that ICE itself has recorded up to a position, None if it records none.

    A time later than when the ledger had it is a slip, and reaches nowhere.
    """
    whole = upto // STRETCH
    reached = _reached.upto(ledger, whole * STRETCH)[: whole + 1][-1]
    return _later(reached, _ice_told(ledger, whole * STRETCH, upto))


def _reach_further(reached: list[datetime | None], ledger: Ledger, after: int, upto: int) -> None:
    """Add how far ICE's records reach at the end of each stretch of positions."""
    for first in range(after, upto, STRETCH):
        reached.append(_later(reached[-1], _ice_told(ledger, first, first + STRETCH)))


_reached: Grown[list[datetime | None]] = Grown(lambda: [None], _reach_further)


def _ice_told(ledger: Ledger, after: int, upto: int) -> datetime | None:
    told = (CustodyTransferred.TYPE, CustodyTransferConfirmed.TYPE)
    return ledger.latest_told(told, ICE, after=after, upto=upto)


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    return max(filter(None, (first, second)), default=None)
