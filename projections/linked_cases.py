"""Cases whole, as `custody trail` gathers one: what names the same detainer or handoff belongs together.

`Cases` goes by the episode an event names, or by its own stream. A handoff that names a detainer and no episode, as ICE
may tell it, is then apart from the episode that the detainer names; here it is joined to it. Without such joining the
silence of one side could be read into a case whose other half lies elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from domain.events.catalogue import REFERENCES
from projections.cases import CaseEvents
from projections.recorded import Recorded

CASE_KINDS = ("episode", "detainer", "handoff", "agreement")


def mentions(event: Recorded, kinds: Iterable[str]) -> list[str]:
    """Return `kind/id` of what the event is part of or names, of the kinds asked for."""
    found = [event.stream] if event.stream.partition("/")[0] in kinds else []
    for field, kind in REFERENCES[event.type]:
        value = getattr(event.data, field)
        if kind in kinds and value:
            found.append(f"{kind}/{value}")
    return found


def linked(cases: Iterable[CaseEvents]) -> Iterator[CaseEvents]:
    """Yield every case with what names its detainers and handoffs, ordered by reference, episodes first."""
    listed = {case.ref: case for case in cases}
    naming: dict[str, set[str]] = {}
    for ref, case in listed.items():
        if not _is_episode(ref):
            for name in _names(case):
                naming.setdefault(name, set()).add(ref)
    joined: set[str] = set()
    for ref in sorted(listed, key=_order):
        if ref not in joined:
            others = _reached(listed[ref], naming, listed)
            joined |= others
            yield _whole(ref, [listed[ref], *(listed[other] for other in others)])


def case_of(ref: str, events: Iterable[Recorded]) -> str:
    """Return the reference by which `linked` yields the case of these events: its episode, if there is one."""
    if _is_episode(ref):
        return ref
    return min({ref, *(name for event in events for name in mentions(event, CASE_KINDS))}, key=_order)


def _order(ref: str) -> tuple[bool, str]:
    return not _is_episode(ref), ref


def _is_episode(ref: str) -> bool:
    return ref.startswith("episode/")


def _names(case: CaseEvents) -> set[str]:
    return {name for event in case.events for name in mentions(event, CASE_KINDS)}


def _reached(case: CaseEvents, naming: dict[str, set[str]], listed: dict[str, CaseEvents]) -> set[str]:
    """Return the cases without an episode that share a detainer or handoff with this one, or with one so reached."""
    found: set[str] = set()
    new = _names(case)
    while new:
        further = {ref for name in new for ref in naming.get(name, ())} - found
        found |= further
        new = {name for ref in further for name in _names(listed[ref])}
    return found


def _whole(ref: str, cases: list[CaseEvents]) -> CaseEvents:
    events = {event.position: event for case in cases for event in case.events}
    return CaseEvents(ref, tuple(events[position] for position in sorted(events)))
