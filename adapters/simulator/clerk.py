"""How a fact becomes an event: somebody writes it down, soon or late, and now and then gets it wrong.

tell() ──> at + a clerk's delay ──> (recorded, number, body)
  └ one time in thirty or so: days late, known only by date, corrected later, or taken back
"""

from __future__ import annotations

from random import Random
from typing import Any

from adapters.simulator import rates
from adapters.simulator.wire import body_of, local_text
from domain.events.detainer import DetainerPrepared
from domain.events.episode import BailSet, ChargeFiled
from domain.events.fields import EventData
from domain.events.handoff import PickupNoShow, ReleaseNoticeAcknowledged
from domain.events.record import EventCorrected, EventRetracted
from domain.identifiers import uuid7

RETRACTABLE = (BailSet, ChargeFiled, PickupNoShow, ReleaseNoticeAcknowledged)
LEVELS = ("felony", "gross_misdemeanor", "misdemeanor", "petty_misdemeanor")

LATE_BELOW = rates.LATE_SHARE
CORRECTED_BELOW = LATE_BELOW + rates.CORRECTED_SHARE
RETRACTED_BELOW = CORRECTED_BELOW + rates.RETRACTED_SHARE
ODD_BELOW = RETRACTED_BELOW + rates.DAY_PRECISION_SHARE

Told = tuple[int, int, bytes]  # recorded, running number (ties are broken in the order of telling), body


class Clerk:
    """Collects one case's events; `end` is the first moment at which nothing is recorded any more."""

    def __init__(self, rng: Random, end: int) -> None:
        self.rng = rng
        self.end = end
        self._number = 0
        self._told: list[Told] = []

    def take(self) -> list[Told]:
        """Hand over what was told since the last call."""
        told, self._told = self._told, []
        return told

    def tell(
        self,
        source: str,
        kind: type[EventData],
        stream: str,
        at: int,
        data: dict[str, Any],
        within: int = rates.CLERK_DELAY,
    ) -> None:
        """Record that something happened `at`, within so many seconds, or oddly."""
        random = self.rng.random
        recorded = at + int(within * random() ** 2)
        odd = random()
        if odd < ODD_BELOW:
            self._tell_oddly(odd, source, kind, stream, at, recorded, data)
        else:
            self.enter(source, kind, stream, at, recorded, data)

    def tell_promptly(self, source: str, kind: type[EventData], stream: str, at: int, data: dict[str, Any]) -> None:
        """Record what later events refer to: within minutes, and oddly only as a detainer's bare date."""
        random = self.rng.random
        recorded = at + int(rates.PROMPT_DELAY * random())
        day_only = kind is DetainerPrepared and random() < rates.PREPARED_BY_DATE_ONLY
        self.enter(source, kind, stream, at, recorded, data, day_only)

    def _tell_oddly(
        self,
        odd: float,
        source: str,
        kind: type[EventData],
        stream: str,
        at: int,
        recorded: int,
        data: dict[str, Any],
    ) -> None:
        if odd < LATE_BELOW:
            late = recorded + self.rng.randrange(*rates.LATE_DELAY)
            self.enter(source, kind, stream, at, late if late < self.end else recorded, data)
            return
        event_id = self.enter(source, kind, stream, at, recorded, data, day_only=odd >= RETRACTED_BELOW)
        noticed = recorded + self.rng.randrange(*rates.CORRECTION_DELAY)
        if odd < CORRECTED_BELOW:
            self.enter(
                source,
                EventCorrected,
                event_id,
                noticed,
                noticed,
                self._correction(at, data),
                target=event_id,
            )
        elif odd < RETRACTED_BELOW and kind in RETRACTABLE:
            why = {"reason": "entered_in_error"}
            self.enter(source, EventRetracted, event_id, noticed, noticed, why, target=event_id)

    def _correction(self, at: int, data: dict[str, Any]) -> dict[str, Any]:
        """Return the data of a correction: of an amount or a level where there is one, else of the time."""
        rng = self.rng
        if "amount_cents" in data:
            changed = {**data, "amount_cents": data["amount_cents"] + 50_000 * rng.randrange(1, 20)}
        elif "level" in data:
            others = [level for level in LEVELS if level != data["level"]]
            changed = {**data, "level": rng.choice(others)}
        else:
            earlier = at - rates.MINUTE * rng.randrange(5, 180)
            return {"reason": "wrong_time", "replacement_time": local_text(earlier)}
        return {"reason": "wrong_value", "replacement": changed}

    def enter(
        self,
        source: str,
        kind: type[EventData],
        stream: str,
        at: int,
        recorded: int,
        data: dict[str, Any],
        day_only: bool = False,
        target: str | None = None,
    ) -> str:
        """Record, at a given moment, something that happened `at`; return the event's id."""
        event_id = uuid7(recorded * 1000 + self._number % 1000, self.rng.getrandbits(74))
        body = body_of(
            kind,
            event_id=event_id,
            source=source,
            stream=stream,
            at=at,
            recorded=recorded,
            data=data,
            day_only=day_only,
            target=target,
        )
        # The copy has its own length; orjson's holds on to a buffer of 4 KiB, which counts when many wait.
        self._told.append((recorded, self._number, bytes(memoryview(body))))
        self._number += 1
        return event_id
