"""Corrections and retractions, applied in the fold and never to the log.

Only the publisher of an event may correct or retract it: the target is (source, correctionof). A correction
counts from its own position on, so a question "as known at K" passes in the corrections up to K.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from pydantic import ValidationError

from domain.events.record import EventCorrected, EventRetracted
from projections.recorded import Recorded

AMENDING_TYPES = (EventCorrected.TYPE, EventRetracted.TYPE)


@dataclass(frozen=True, slots=True)
class Amendment:
    """One correction or retraction and where it stands."""

    position: int
    recorded_at: datetime
    data: EventCorrected | EventRetracted


class Amendments:
    """The corrections known to whoever asks, by the event they are about; with `upto` those up to a position."""

    def __init__(self, events: Iterable[Recorded] = ()) -> None:
        self._by_target: dict[tuple[str, str], list[Amendment]] = {}
        self._upto: int | None = None
        for event in events:
            self.add(event)

    def add(self, event: Recorded) -> None:
        """Take in one more; events that amend nothing are passed over."""
        data, target = event.envelope.data, event.envelope.correctionof
        if isinstance(data, EventCorrected | EventRetracted) and target:
            found = self._by_target.setdefault((event.envelope.source, target), [])
            found.append(Amendment(event.position, event.recorded_at, data))

    def known_at(self, upto: int) -> Amendments:
        """Return those known at a position; nothing is copied, and what is added here later changes it in nothing."""
        found = Amendments()
        found._by_target, found._upto = self._by_target, upto
        return found

    def replacing(self, field: str, value: str) -> Iterator[tuple[str, str]]:
        """Yield source and id of the events for which some correction gives a field of the data this value."""
        for target, found in list(self._by_target.items()):
            corrections = (one.data for one in self._known(found) if isinstance(one.data, EventCorrected))
            if any((data.replacement or {}).get(field) == value for data in corrections):
                yield target

    def of(self, event: Recorded) -> list[Amendment]:
        """Return what amends this event, oldest first."""
        return self._known(self._by_target.get((event.envelope.source, event.envelope.id), []))

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
