"""The log by case: an episode with its detainers and handoffs, whoever published them.

What names an episode belongs to it, and so does what names the same detainer or handoff. A detainer that names none,
as ICE's own do, belongs to the episodes of the same person at the same facility; if there is none, it is a case of its
own, with the handoffs that name it. `custody trail` gathers one case by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.events import detainer, episode, handoff
from domain.events.catalogue import REFERENCES
from projections.recorded import Recorded

CASE_KINDS = ("episode", "detainer", "handoff")


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
        loose, naming = self._loose_detainers(), self._naming()
        claimed: set[str] = set()
        for ref in sorted(self._events):
            if ref.startswith("episode/"):
                own = self._events[ref]
                named = self._named_with(own, naming)
                joined = sorted(named | {stream for place in _places(own) for stream in loose.get(place, ())})
                claimed.update(joined)
                yield _case(ref, [*own, *(event for stream in joined for event in self._events[stream])])
        for ref in sorted(self._events):
            if not ref.startswith("episode/") and ref not in claimed:
                joined = sorted(self._named_with(self._events[ref], naming))
                claimed.update(joined)
                yield _case(ref, [event for stream in joined for event in self._events[stream]])

    def _naming(self) -> dict[str, set[str]]:
        """Return, for each detainer and handoff, the streams without an episode that name it or are it."""
        found: dict[str, set[str]] = {}
        for ref, events in self._events.items():
            if not ref.startswith("episode/"):
                for one in {one for event in events for one in mentions(event, CASE_KINDS)}:
                    found.setdefault(one, set()).add(ref)
        return found

    def _named_with(self, own: list[Recorded], naming: dict[str, set[str]]) -> set[str]:
        """Return the streams without an episode that an episode's events name, or that name what those do."""
        found: set[str] = set()
        new = [one for event in own for one in mentions(event, CASE_KINDS)]
        while new:
            joined = {ref for one in new for ref in naming.get(one, ())} - found
            found |= joined
            new = [one for ref in joined for event in self._events[ref] for one in mentions(event, CASE_KINDS)]
        return found

    def _loose_detainers(self) -> dict[tuple[str, str], list[str]]:
        """Return the streams of detainers without an episode, by person and facility."""
        found: dict[tuple[str, str], list[str]] = {}
        for ref, events in self._events.items():
            if ref.startswith("detainer/"):
                for place in _places(events):
                    found.setdefault(place, []).append(ref)
        return found


def mentions(event: Recorded, kinds: Iterable[str]) -> list[str]:
    """Return `kind/id` of what the event is part of or names, of the kinds asked for."""
    found = [event.stream] if event.stream.partition("/")[0] in kinds else []
    for field, kind in REFERENCES[event.type]:
        value = getattr(event.data, field)
        if kind in kinds and value:
            found.append(f"{kind}/{value}")
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
