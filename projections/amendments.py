"""Corrections and retractions, applied in the fold and never to the log.

Only the publisher of an event may correct or retract it: the target is (source, correctionof). A correction
counts from its own position on, so a question "as known at K" passes in the corrections up to K.

Corrections and retractions are events too, and are amended as any other: one that was retracted counts no longer, one
that was corrected counts as corrected, in its own place.

    9 booked    12 corrects 9    15 retracts 12        known at 12 as corrected, from 15 on as it was booked
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

import orjson
from pydantic import ValidationError

from domain.events.record import EventCorrected, EventRetracted
from projections.recorded import Recorded

AMENDING_TYPES = (EventCorrected.TYPE, EventRetracted.TYPE)
LEVELS_MAX = 8  # a correction of a correction of ... an event: what is further away counts for nothing
Published = tuple[str, str]  # source and id


class Amending(Protocol):
    """A correction or retraction in some form."""

    @property
    def position(self) -> int:
        """Return where it stands in the log."""
        ...

    @property
    def published(self) -> Published:
        """Return what another one that amends this names."""
        ...


One = TypeVar("One", bound=Amending)


def naming(target: Published, of: Callable[[Published], Sequence[One]]) -> list[One]:
    """Return what names an event, then what names that, and so on; `of` gives what names one, in order."""
    found = level = list(of(target))
    levels = 1
    while level and levels < LEVELS_MAX:
        level = [other for one in level for other in of(one.published)]
        found, levels = found + level, levels + 1
    return found


def standing(
    target: Published, of: Callable[[Published], Sequence[One]], amended: Callable[[One, One], One | None]
) -> list[One]:
    """Return what amends an event, oldest first, each as it is amended itself, without what was retracted.

    `of` gives what names an event, in order; `amended` one as another leaves it, None if that retracts it.
    """
    left: dict[int, One | None] = {}
    for one in reversed(naming(target, of)):  # none comes before what it names, and none twice, as each names one
        kept: One | None = one
        for by in (left.get(by.position) for by in of(one.published)):
            kept = amended(kept, by) if kept and by else kept
        left[one.position] = kept
    return [kept for one in of(target) if (kept := left[one.position])]


def amending_events(events: Sequence[Recorded], about: Callable[[list[str]], list[Recorded]]) -> list[Recorded]:
    """Return what mentions these events, and what mentions the corrections among that, and so on, in order."""
    found: dict[int, Recorded] = {}
    asked = events
    for _ in range(LEVELS_MAX):
        if asked:
            mentioning = about([f"event/{event.envelope.id}" for event in asked])
            asked = [one for one in mentioning if one.position not in found and one.type in AMENDING_TYPES]
            found.update((one.position, one) for one in mentioning)
    return [found[position] for position in sorted(found)]


@dataclass(frozen=True, slots=True)
class Amendment:
    """One correction or retraction and where it stands."""

    position: int
    published: Published
    recorded_at: datetime
    data: EventCorrected | EventRetracted


class Amendments:
    """The corrections known to whoever asks, by the event they are about; with `upto` those up to a position."""

    def __init__(self, events: Iterable[Recorded] = ()) -> None:
        self._by_target: dict[Published, list[Amendment]] = {}
        self._targets: dict[Published, Published] = {}
        self._upto: int | None = None
        for event in events:
            self.add(event)

    def add(self, event: Recorded) -> None:
        """Take in one more; events that amend nothing are passed over."""
        data, target = event.envelope.data, event.envelope.correctionof
        if isinstance(data, EventCorrected | EventRetracted) and target:
            published, about = (event.envelope.source, event.envelope.id), (event.envelope.source, target)
            self._by_target.setdefault(about, []).append(Amendment(event.position, published, event.recorded_at, data))
            self._targets[published] = about

    def known_at(self, upto: int) -> Amendments:
        """Return those known at a position; nothing is copied, and what is added here later changes it in nothing."""
        found = Amendments()
        found._by_target, found._targets, found._upto = self._by_target, self._targets, upto
        return found

    def replacing(self, field: str, value: str) -> Iterator[Published]:
        """Yield source and id of the events for which some correction gives a field of the data this value."""
        for target, found in list(self._by_target.items()):
            corrections = (one.data for one in self._known(found) if isinstance(one.data, EventCorrected))
            if any(_gives(data.replacement, field, value) for data in corrections):
                yield self.root(target)

    def of(self, event: Recorded) -> list[Amendment]:
        """Return what amends this event, oldest first, as amended itself, without what was retracted."""
        return standing((event.envelope.source, event.envelope.id), self._naming, _amended)

    def positions(self, event: Recorded) -> set[int]:
        """Return where the log has anything that amends this event, or that amends what amends it, and so on."""
        return {one.position for one in naming((event.envelope.source, event.envelope.id), self._naming)}

    def root(self, target: Published) -> Published:
        """Return what all is about in the end that amends this."""
        for _ in range(LEVELS_MAX):
            target = self._targets.get(target, target)
        return target

    def _naming(self, target: Published) -> list[Amendment]:
        return self._known(self._by_target.get(target, []))

    def _known(self, found: list[Amendment]) -> list[Amendment]:
        return found if self._upto is None else [one for one in found if one.position <= self._upto]

    def apply(self, events: Iterable[Recorded]) -> Iterator[Recorded]:
        """Yield the events as amended, leaving out those retracted."""
        for event in events:
            amended = self.amend(event)
            if amended is not None:
                yield amended

    def amend(self, event: Recorded) -> Recorded | None:
        """Return the event with its latest data and time, or None if it was retracted."""
        for amendment in self.of(event):
            if isinstance(amendment.data, EventRetracted):
                return None
            event = _corrected(event, amendment, amendment.data)
        return event


def _gives(replacement: Any, field: str, value: str) -> bool:
    """Say whether a replacement, or one that is within it as it replaces another, gives a field this value."""
    while isinstance(replacement, dict):
        if replacement.get(field) == value:
            return True
        replacement = replacement.get("replacement")
    return False


def _amended(one: Amendment, by: Amendment) -> Amendment | None:
    """Apply one amendment to another; a replacement that does not fit its type changes nothing."""
    if isinstance(by.data, EventRetracted):
        return None
    if by.data.replacement is None:
        return one
    try:
        data = type(one.data).model_validate_json(orjson.dumps(by.data.replacement))
    except ValidationError:
        return one
    return replace(one, data=data, recorded_at=by.recorded_at)


def _corrected(event: Recorded, amendment: Amendment, correction: EventCorrected) -> Recorded:
    """Apply one correction; a replacement that does not fit its type changes nothing."""
    data, occurred = event.data, event.occurred
    if correction.replacement is not None:
        try:
            data = type(data).model_validate_json(orjson.dumps(correction.replacement))
        except ValidationError:
            return event
    if correction.replacement_time is not None:
        occurred = correction.replacement_time
    corrected_by = (*event.corrected_by, amendment.position)
    corrected_at = amendment.recorded_at
    return replace(event, data=data, occurred=occurred, corrected_by=corrected_by, corrected_at=corrected_at)
