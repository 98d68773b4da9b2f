"""The cases of a log: which events belong together, because they name each other or the same person and place.

Episodes, detainers and handoffs that mention one another are one case. A detainer that names no episode, as ICE's own
do, belongs to every case of the same person at the same facility; if there is none, such detainers of one person at
one facility are a case. `custody trail` gathers one case by the same rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.events.catalogue import REFERENCES
from projections.recorded import Recorded

CASE_KINDS = ("episode", "detainer", "handoff")


def mentions(event: Recorded, kinds: Iterable[str]) -> list[str]:
    """Return `kind/id` of what the event is part of or names, of the kinds asked for."""
    found = [event.stream] if event.stream.partition("/")[0] in kinds else []
    for field, kind in REFERENCES[event.type]:
        value = getattr(event.data, field)
        if kind in kinds and value:
            found.append(f"{kind}/{value}")
    return found


def cases(events: Iterable[Recorded]) -> Iterator[tuple[str, list[Recorded]]]:
    """Yield each case as its reference and its events in order; the reference is its first episode's, if it has one."""
    links = _Links()
    gathered: list[tuple[str, Recorded]] = []
    for event in events:
        refs = mentions(event, CASE_KINDS)
        if refs:
            links.join(refs)
            gathered.append((refs[0], event))
    by_case: dict[str, list[Recorded]] = {}
    for ref, event in gathered:
        by_case.setdefault(links.root(ref), []).append(event)
    for found in sorted(_with_loose_detainers(by_case.values()), key=lambda found: found[0].position):
        yield _named(found), found


def _named(events: list[Recorded]) -> str:
    refs = [ref for event in events for ref in mentions(event, CASE_KINDS)]
    return min(refs, key=lambda ref: (CASE_KINDS.index(ref.partition("/")[0]), ref))


class _Links:
    """Which references belong together."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, ref: str) -> str:
        while (parent := self._parent.get(ref, ref)) != ref:
            self._parent[ref] = self._parent.get(parent, parent)
            ref = parent
        return ref

    def join(self, refs: list[str]) -> None:
        root = self.root(refs[0])
        for ref in refs[1:]:
            self._parent[self.root(ref)] = root


def _with_loose_detainers(groups: Iterable[list[Recorded]]) -> Iterator[list[Recorded]]:
    """Add the detainers without an episode to the cases of their person and facility, or make them cases."""
    loose: dict[tuple[str, str], list[Recorded]] = {}
    whole: list[list[Recorded]] = []
    for events in groups:
        about = _people(events)
        if about and _is_loose(events):
            for one in about:
                loose.setdefault(one, []).extend(events)
        else:
            whole.append(events)
    taken = set()
    for events in whole:
        added = [one for one in _people(events) if one in loose]
        taken.update(added)
        yield _in_order([*events, *(event for one in added for event in loose[one])])
    for one, events in loose.items():
        if one not in taken:
            yield _in_order(events)


def _is_loose(events: list[Recorded]) -> bool:
    kinds = {ref.partition("/")[0] for event in events for ref in mentions(event, CASE_KINDS)}
    return "detainer" in kinds and "episode" not in kinds


def _people(events: list[Recorded]) -> list[tuple[str, str]]:
    """Return the persons with the facilities at which they are named."""
    pairs = ((getattr(event.data, "subject", None), getattr(event.data, "facility", None)) for event in events)
    return list(dict.fromkeys((subject, facility) for subject, facility in pairs if subject and facility))


def _in_order(events: Iterable[Recorded]) -> list[Recorded]:
    by_position = {event.position: event for event in events}
    return [by_position[position] for position in sorted(by_position)]
