"""One case: a person held at a place, and the voices that speak about it."""

from __future__ import annotations

from random import Random
from typing import Any

from adapters.simulator import rates
from adapters.simulator.clerk import Clerk
from adapters.simulator.places import Place
from adapters.simulator.wire import year_of
from domain.events.detainer import DetainerData
from domain.events.episode import EpisodeData
from domain.events.handoff import HandoffData

ICE = "us-ice"
ICE_SOURCE = f"synthetic:{ICE}"
ICE_PLACE = "us-ice-whipple"


class Numbers:
    """Running numbers, and the pseudonyms of people who may come back."""

    REMEMBERED = 1024
    COMES_BACK = 0.08

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._detainers = 0
        self._handoffs = 0
        self._known: list[str] = []

    def subject(self) -> str:
        """Return a pseudonym: mostly a new one, `s-` and 12 hexadecimal digits."""
        rng = self._rng
        if len(self._known) == self.REMEMBERED and rng.random() < self.COMES_BACK:
            return self._known[rng.randrange(self.REMEMBERED)]
        fresh = f"s-{rng.getrandbits(48):012x}"
        if len(self._known) < self.REMEMBERED:
            self._known.append(fresh)
        else:
            self._known[rng.randrange(self.REMEMBERED)] = fresh
        return fresh

    def detainer(self) -> str:
        """Return the next detainer's id."""
        self._detainers += 1
        return f"sim-D{self._detainers:07d}"

    def handoff(self) -> str:
        """Return the next handoff's id."""
        self._handoffs += 1
        return f"sim-H{self._handoffs:07d}"


class Case:
    """An episode, and once ICE asks for the person, a detainer and a handoff with it.

    `ice_silent` and `custodian_silent`: that side never tells of the transfer. At most one is true.
    """

    def __init__(self, clerk: Clerk, numbers: Numbers, place: Place, booked: int) -> None:
        self.clerk = clerk
        self.rng = clerk.rng
        self.numbers = numbers
        self.place = place
        self.booked = booked
        self.policy = place.policy_at(booked)
        self.episode = place.next_episode(year_of(booked))
        self.subject = numbers.subject()
        self.detainer = ""
        self.handoff = ""
        self.printed = ""
        self.asked = booked
        silence = self.rng.random()
        self.ice_silent = silence < rates.ICE_SILENT
        self.custodian_silent = silence > 1 - rates.CUSTODIAN_SILENT
        self._here = {"facility": place.id, "subject": self.subject}
        self._asked: dict[str, Any] = {}

    def ask(self, printed: str, *, told_by_custodian: bool = True) -> None:
        """ICE wants the person, and prints the custodian so: number the detainer and its handoff."""
        self.printed = printed
        self.detainer = self.numbers.detainer()
        self.handoff = self.numbers.handoff()
        self._asked = {**self._here, "episode": self.episode} if told_by_custodian else self._here

    def held(self, kind: type[EpisodeData], at: int, /, **data: Any) -> None:
        """The custodian tells something of the episode."""
        self.clerk.tell(self.place.source, kind, self.episode, at, {**self._here, **data})

    def opened(self, kind: type[EpisodeData], at: int, /, **data: Any) -> None:
        """The custodian tells promptly what the rest of the case refers to."""
        self.clerk.tell_promptly(self.place.source, kind, self.episode, at, {**self._here, **data})

    def entered(self, kind: type[EpisodeData], at: int, recorded: int, /, day_only: bool = False, **data: Any) -> None:
        """The custodian enters something whose time is far from its recording."""
        body = {**self._here, **data}
        self.clerk.enter(self.place.source, kind, self.episode, at, recorded, body, day_only)

    def form(self, kind: type[DetainerData], at: int, /, **data: Any) -> None:
        """The custodian tells something of the detainer."""
        self.clerk.tell(self.place.source, kind, self.detainer, at, {**self._asked, **data})

    def ice_form(self, kind: type[DetainerData], at: int, within: int = rates.ICE_DELAY, /, **data: Any) -> None:
        """ICE tells something of the detainer."""
        self.clerk.tell(ICE_SOURCE, kind, self.detainer, at, {**self._asked, **data}, within)

    def transfer(self, kind: type[HandoffData], at: int, /, **data: Any) -> None:
        """The custodian tells something of the handoff."""
        body = {**self._asked, "detainer": self.detainer, **data}
        self.clerk.tell(self.place.source, kind, self.handoff, at, body)

    def ice_transfer(self, kind: type[HandoffData], at: int, /, **data: Any) -> None:
        """ICE tells something of the handoff."""
        body = {**self._asked, "detainer": self.detainer, **data}
        self.clerk.tell(ICE_SOURCE, kind, self.handoff, at, body, rates.ICE_DELAY)

    def ice_asks(self, prepared: type[DetainerData], wanted: type[HandoffData], at: int, /, **data: Any) -> None:
        """ICE tells promptly that it prepared the form and wants notice; everything later refers to these."""
        self.asked = at
        tell = self.clerk.tell_promptly
        tell(ICE_SOURCE, prepared, self.detainer, at, {**self._asked, **data})
        afterwards = at + rates.PROMPT_DELAY
        tell(ICE_SOURCE, wanted, self.handoff, afterwards, {**self._asked, "detainer": self.detainer})
