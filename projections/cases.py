"""The log by case: an episode with its detainers and handoffs, whoever published them.

A detainer that names an episode belongs to it. One that names none, as ICE's own do, belongs to the episodes of the
same person at the same facility; if there is none, it is a case of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.events import detainer, episode, handoff
from projections.recorded import Recorded


@dataclass(frozen=True, slots=True)
class CaseEvents:
    """One case and its events, in the order of the log."""

    ref: str
    events: tuple[Recorded, ...]


class Cases:
    """The fold gathers; cases are put together when asked for."""

    def __init__(self) -> None:
        self._events: dict[str, list[Recorded]] = {}

    def apply(self, event: Recorded) -> None:
        """Fold one event."""
        ref = case_ref(event)
        if ref:
            self._events.setdefault(ref, []).append(event)

    def __iter__(self) -> Iterator[CaseEvents]:
        """Yield every case: the episodes ordered by reference, then what belongs to none."""
        loose = self._loose_detainers()
        claimed: set[str] = set()
        for ref in sorted(self._events):
            if ref.startswith("episode/"):
                own = self._events[ref]
                joined = sorted({stream for place in _places(own) for stream in loose.get(place, ())})
                claimed.update(joined)
                yield _case(ref, [*own, *(event for stream in joined for event in self._events[stream])])
        for ref in sorted(self._events):
            if not ref.startswith("episode/") and ref not in claimed:
                yield _case(ref, self._events[ref])

    def _loose_detainers(self) -> dict[tuple[str, str], list[str]]:
        """Return the streams of detainers without an episode, by person and facility."""
        found: dict[tuple[str, str], list[str]] = {}
        for ref, events in self._events.items():
            if ref.startswith("detainer/"):
                for place in _places(events):
                    found.setdefault(place, []).append(ref)
        return found


def _case(ref: str, events: list[Recorded]) -> CaseEvents:
    return CaseEvents(ref, tuple(sorted(events, key=lambda event: event.position)))


def _places(events: list[Recorded]) -> set[tuple[str, str]]:
    """Return person and facility, as far as the events name both."""
    subjects = {getattr(event.data, "subject", None) for event in events} - {None}
    facilities = {getattr(event.data, "facility", None) for event in events} - {None}
    return {(str(subject), str(facility)) for subject in subjects for facility in facilities}


def case_ref(event: Recorded) -> str | None:
    """Return the case an event belongs to: its episode, or its own stream where no episode is named."""
    data = event.data
    if isinstance(data, episode.EpisodeData):
        return event.stream
    if isinstance(data, detainer.DetainerData | handoff.HandoffData):
        return f"episode/{data.episode}" if data.episode else event.stream
    return None
