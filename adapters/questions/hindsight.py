"""Which determinations look different in hindsight, and which events made the difference.

    [{"ref":"episode/mn-cass-jail.1","facility":"mn-cass-jail","decision_point":"hold_past_release",
      "at":"2026-01-16T17:00:00-06:00","moment":7,"then":"permitted","now":"prohibited",
      "rules_then":["MN-287G-FREEBORN-WSO"],"rules_now":["MN-AG-2025-02-06"],"events":[{"position":12,...}]}]

`moment` is the position of the decision, as `projections.hindsight` defines it; `then` and `now` are null where the
point does not arise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.case_batches import cases_of
from adapters.known import amendments
from adapters.questions.asked import Asked
from adapters.questions.determined import determined
from adapters.questions.shown import EventShown, events_at
from projections.amendments import AMENDING_TYPES
from projections.hindsight import Hindsight, in_hindsight
from projections.whatif import facility_of, may_be_within

Bounds = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Differing:
    """A determination that differs; `facility` is None if the case names none, as that of an agreement."""

    facility: str | None
    found: Hindsight
    events: list[EventShown]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        one = self.found
        return {
            "ref": one.ref,
            "facility": self.facility,
            "decision_point": one.decision_point,
            "at": one.at.as_json(),
            "moment": one.moment,
            "then": one.then,
            "now": one.now,
            "rules_then": one.rules_then,
            "rules_now": one.rules_now,
            "events": [event.as_json() for event in self.events],
        }


def hindsight(asked: Asked, ref: str | None, *, facility: str | None, within: Bounds, upto: int) -> list[Differing]:
    """Return what differs of one case or of all, by case; `within` bounds when the decision was to be made.

    Raise InputRefused: unknown_facility, unknown_reference.
    """
    where = asked.at_facility(facility)

    def position_by(moment: datetime) -> int:
        return min(asked.ledger.position_known_by(moment), upto)

    differing = in_hindsight(determined(asked, upto, ref), position_by)
    found = [one for one in differing if may_be_within(one.at, *within)]
    events = events_at(asked.ledger, {position for one in found for position in one.turns})
    places = dict(_facilities(asked, found, upto))
    return [
        Differing(places.get(one.ref), one, [events[position] for position in one.turns])
        for one in found
        if not _is_joined(one, events) and (not where or places.get(one.ref) == facility)
    ]


def _is_joined(one: Hindsight, events: dict[int, EventShown]) -> bool:
    """Say whether a detainer's decisions are those of an episode by now, where they are told."""
    is_gone = one.now is None and one.ref.startswith("detainer/")
    return is_gone and events[one.turns[-1]].type not in AMENDING_TYPES


def _facilities(asked: Asked, found: list[Hindsight], upto: int) -> Iterator[tuple[str, str | None]]:
    amending = amendments(asked.ledger, upto)
    refs = sorted({one.ref for one in found})
    for case in cases_of(asked.ledger, refs, upto):
        yield case.ref, facility_of(list(amending.apply(case.events)) or list(case.events))
