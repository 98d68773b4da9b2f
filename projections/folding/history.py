"""Events that the log has already, as folds see them: corrected and retracted as `projections.amendments` has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from projections.amendments import AMENDING_TYPES, LEVELS_MAX, Published, standing
from projections.folding.seen import Amends, Fields, RawEvent, Reader, Seen, amended_amending, amends

Amending = Mapping[Published, Sequence[Amends]]  # what amends an event, by what it names, in order


class Log(Protocol):
    """What is asked of the log besides its pages."""

    def raw_at(self, positions: Sequence[int]) -> list[RawEvent]:
        """Return the events at these positions, in order."""
        ...

    def raw_published(self, event_ids: Sequence[str], *, upto: int) -> list[RawEvent]:
        """Return the events with these ids, whoever published them."""
        ...

    def raw_about(self, refs: Sequence[str], *, topics: Sequence[str], upto: int) -> list[RawEvent]:
        """Return every event of these types in, or mentioning, any of these references, in order."""
        ...


class History:
    """Reads events that are not on the page at hand, and of their data these fields."""

    def __init__(self, fields: Fields, log: Log) -> None:
        self.reader, self._log = Reader(fields), log

    def about(self, refs: Sequence[str], others: Sequence[int], *, types: Sequence[str], upto: int) -> list[Seen]:
        """Return the events of these types about any of these references, and those at other positions, in order.

        All as known at `upto`, without what was retracted by then, and what cannot be read: that is parked.
        """
        rows = {row[0]: row for row in self._log.raw_about(refs, topics=types, upto=upto)}
        rows |= {row[0]: row for row in self._log.raw_at([position for position in others if position not in rows])}
        events = [row for _, row in sorted(rows.items()) if row[0] <= upto and row[2] in types]
        amending = self.amending({_published(row) for row in events}, upto)
        return [seen for row in events if (seen := self._known_if_readable(row, amending, upto))]

    def _known_if_readable(self, event: RawEvent, amending: Amending, upto: int) -> Seen | None:
        try:
            return self.known(event, amending, upto)
        except Exception:
            return None

    def known(self, event: RawEvent, amending: Amending, upto: int) -> Seen | None:
        """Return an event as it is known at a position, None if it was retracted."""

        def of(target: Published) -> list[Amends]:
            return [one for one in amending.get(target, ()) if one.position <= upto]

        known: Seen | None = self.reader.read(event)
        for one in standing(_published(event), of, amended_amending):
            known = self.reader.amended(known, one) if known else None
        return known

    def amending(self, targets: set[Published], upto: int) -> dict[Published, list[Amends]]:
        """Return all that amends these events, and what amends that, and so on: by what each names, in order."""
        found: dict[Published, list[Amends]] = {}
        level, levels = targets, 0
        while level and levels < LEVELS_MAX:
            found.update((target, []) for target in level)
            refs = sorted({f"event/{event_id}" for _, event_id in level})
            rows = self._log.raw_about(refs, topics=AMENDING_TYPES, upto=upto)
            new = [one for one in map(amends, rows) if one.target in level]
            for one in new:
                found[one.target].append(one)
            level, levels = {one.published for one in new} - found.keys(), levels + 1
        return found

    def published(self, wanted: set[Published], upto: int) -> dict[Published, RawEvent]:
        """Return the events of these sources and ids, and those that they amend, and so on."""
        found: dict[Published, RawEvent] = {}
        levels = 0
        while wanted and levels <= LEVELS_MAX:
            rows = self._log.raw_published(sorted({event_id for _, event_id in wanted}), upto=upto)
            new = {_published(row): row for row in rows if _published(row) in wanted}
            found.update(new)
            wanted = {amends(row).target for row in new.values() if row[2] in AMENDING_TYPES} - found.keys()
            levels += 1
        return found


def root_of(target: Published, published: Mapping[Published, RawEvent]) -> Published:
    """Return what all is about in the end that amends this, or what of the way there has yet to come."""
    for _ in range(LEVELS_MAX):
        if (event := published.get(target)) and event[2] in AMENDING_TYPES:
            target = amends(event).target
    return target


def _published(event: RawEvent) -> Published:
    return event[3], event[4]
