"""The log by case: an episode with its detainers and handoffs, whoever published them.

A detainer that names an episode belongs to it. One that names none, as ICE's own do, belongs to the episodes of the
same person at the same facility; while there is none, it is a case of its own. The sealing of an episode belongs to
it; an agreement is a case of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from domain.events import detainer, episode, handoff, instrument, record
from domain.events.fields import EventData
from projections.recorded import Recorded

SEALING_TYPES = (record.RecordSealed.TYPE, record.SealLifted.TYPE)
Place = tuple[str, str]  # a person at a facility


@dataclass(frozen=True, slots=True)
class CaseEvents:
    """One case and its events, in the order of the log."""

    ref: str
    events: tuple[Recorded, ...]


class Cases:
    """The fold: what was applied, gathered by case."""

    def __init__(self) -> None:
        self._events: dict[str, list[Recorded]] = {}
        self._named: dict[str, tuple[set[str], set[str]]] = {}
        self._episodes: dict[Place, set[str]] = {}
        self._loose: dict[Place, set[str]] = {}

    def apply(self, event: Recorded) -> set[str]:
        """Fold one event; return the references of the cases that changed."""
        ref = case_ref(event)
        if ref is None:
            return set()
        self._events.setdefault(ref, []).append(event)
        new = self._new_places(ref, event)
        if ref.startswith("episode/"):
            _add(self._episodes, new, ref)
            return {ref} | _at(self._loose, new)
        if ref.startswith("detainer/"):
            _add(self._loose, new, ref)
        return self.holding(ref)

    def holding(self, ref: str) -> set[str]:
        """Return the cases in which the events of this reference are."""
        loose = ref.startswith("detainer/") and ref in self._named
        return {ref} | (_at(self._episodes, self._places(ref)) if loose else set())

    def case(self, ref: str) -> CaseEvents | None:
        """Return a case; None for a detainer that belongs to an episode by now, and for what is not there."""
        own = self._events.get(ref)
        if own is None or (ref.startswith("detainer/") and _at(self._episodes, self._places(ref))):
            return None
        joined = _at(self._loose, self._places(ref)) if ref.startswith("episode/") else set()
        events = [*own, *(event for stream in joined for event in self._events[stream])]
        return CaseEvents(ref, tuple(sorted(events, key=lambda event: event.position)))

    def __iter__(self) -> Iterator[CaseEvents]:
        """Yield every case, ordered by reference."""
        for ref in sorted(self._events):
            found = self.case(ref)
            if found:
                yield found

    def _places(self, ref: str) -> set[Place]:
        subjects, facilities = self._named[ref]
        return {(subject, facility) for subject in subjects for facility in facilities}

    def _new_places(self, ref: str, event: Recorded) -> set[Place]:
        """Note which person and facility the event names; return the places that are new for the case."""
        subjects, facilities = self._named.setdefault(ref, (set(), set()))
        counted = len(subjects), len(facilities)
        for name, known in (("subject", subjects), ("facility", facilities)):
            value = getattr(event.data, name, None)
            if isinstance(value, str):
                known.add(value)
        return self._places(ref) if counted != (len(subjects), len(facilities)) else set()


def _add(index: dict[Place, set[str]], places: set[Place], ref: str) -> None:
    for place in places:
        index.setdefault(place, set()).add(ref)


def _at(index: dict[Place, set[str]], places: set[Place]) -> set[str]:
    return {ref for place in places for ref in index.get(place, ())}


def case_ref(event: Recorded) -> str | None:
    """Return the case an event belongs to: its episode, or its own stream where no episode is named."""
    data = event.data
    if isinstance(data, episode.EpisodeData):
        return event.stream
    if isinstance(data, detainer.DetainerData | handoff.HandoffData):
        return f"episode/{data.episode}" if data.episode else event.stream
    if isinstance(data, instrument.AgreementData):
        return event.stream
    return _sealed(data)


def _sealed(data: EventData) -> str | None:
    """Return the episode that is sealed, or whose seal is lifted; that of a person or one event names no case."""
    if isinstance(data, record.RecordSealed) and data.scope is record.SealScope.EPISODE:
        return f"episode/{data.target.removeprefix('episode/')}"
    if isinstance(data, record.SealLifted) and data.target.startswith("episode/"):
        return data.target
    return None
