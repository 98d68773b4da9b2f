"""What became of a finding: taken up, answered by agencies, closed. An aggregate with commands.

    finding/4be1...   1  finding.contradiction_opened     {"kind","events":[ids],"words"}   by the register of rules
                      2  finding.contradiction_explained  {"kind","words"}                  by an agency it names
                      3  finding.contradiction_closed     {"kind","outcome"}                by one of these

A finding is opened by nobody: it arises from the record. With the first command the register of rules, whose pack
gives it, writes down what it rested on then. Who may act is whom the finding names, or the register.

What was said is about the record as it stood. A finding that rests on a later event, or on a later correction of one,
is open again, until somebody answers or closes it anew; if the correction is taken back, it is as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.envelope import compose
from domain.errors import InputRefused
from domain.events.fields import EventData
from domain.events.record import ContradictionClosed, ContradictionExplained, ContradictionOpened
from domain.identifiers import derived_uuid7
from domain.instants import Instant
from domain.rules.publishing import REGISTRAR
from projections.recorded import Recorded

WORKFLOW_TYPES = (ContradictionOpened.TYPE, ContradictionExplained.TYPE, ContradictionClosed.TYPE)
EVENTS_MAX, WORDS_MAX = 100, 2000


class State(StrEnum):
    """How far a finding has come."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(slots=True)
class Workflow:
    """What was said of one finding, in wire form; what stands at `opened`, a position, or before it is out of date."""

    told: list[Recorded] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    closings: list[dict[str, Any]] = field(default_factory=list)
    opened: int = 0

    def of(self, row: Mapping[str, Any]) -> Workflow:
        """Return it for a finding as it now stands."""
        return replace(self, opened=row["opened"]["position"] if row["opened"] else 0)

    @property
    def closed(self) -> dict[str, Any] | None:
        """Return the closing that counts, None if there is none."""
        return next((one for one in self.closings if one["position"] > self.opened), None)

    @property
    def state(self) -> State:
        """Return the state; an answer that came after the closing changes nothing."""
        if self.closed:
            return State.CLOSED
        return State.ANSWERED if any(one["position"] > self.opened for one in self.answers) else State.OPEN

    def as_json(self) -> dict[str, Any]:
        """Return `{"state","answers":[{"agency","words","position"}],"closed":{"agency","outcome","position"}}`."""
        return {"state": self.state.value, "answers": self.answers, "closed": self.closed}


def workflows(events: Iterable[Recorded]) -> dict[str, Workflow]:
    """Return what was said of each finding, by its id; `events` are amended, in the order of the log."""
    found: dict[str, Workflow] = {}
    for event in events:
        workflow = found.setdefault(event.stream_id, Workflow())
        workflow.told.append(event)
        said = {"agency": event.agency, "position": event.position}
        if isinstance(event.data, ContradictionExplained):
            workflow.answers.append({**said, "words": event.data.words})
        elif isinstance(event.data, ContradictionClosed):
            workflow.closings.append({**said, "outcome": event.data.outcome})
    return found


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody acts on a finding: `row` is the finding as it arises now, `version` how many events its stream has."""

    row: Mapping[str, Any]
    workflow: Workflow
    version: int
    agency: str
    now: datetime

    def answer(self, words: str, resting_on: Sequence[Recorded]) -> Iterator[bytes]:
        """Yield the events of an answer; raise InputRefused(finding_closed, not_named)."""
        yield from self._taken_up(resting_on)
        yield self._event(ContradictionExplained, f"agency:{self.agency}", words=words)

    def close(self, outcome: str, resting_on: Sequence[Recorded]) -> Iterator[bytes]:
        """Yield the events of a closing; raise InputRefused(finding_closed, not_named)."""
        yield from self._taken_up(resting_on)
        yield self._event(ContradictionClosed, f"agency:{self.agency}", outcome=outcome)

    def _taken_up(self, resting_on: Sequence[Recorded]) -> Iterator[bytes]:
        """Check that this may be done; the first command writes down what the finding rested on."""
        if closed := self.workflow.of(self.row).closed:
            raise InputRefused(
                "finding_closed",
                f"it was closed by {closed['agency']} at position {closed['position']}",
                where=f"finding {self.row['id']}",
                mend="what is closed stays so; say more in a new record of the case",
            )
        named = (*self.row["who"], REGISTRAR.removeprefix("agency:"))
        if self.agency not in named:
            raise InputRefused(
                "not_named",
                f"{self.agency[:80]!r} is not named in the finding",
                where=f"finding {self.row['id']}",
                mend=f"one of: {', '.join(named)}",
            )
        if not self.version and resting_on:
            events = [event.envelope.id for event in resting_on[:EVENTS_MAX]]
            words = self.row["words"][:WORDS_MAX]
            yield self._event(ContradictionOpened, REGISTRAR, events=events, words=words)

    def _event(self, cls: type[EventData], source: str, **data: Any) -> bytes:
        finding = str(self.row["id"])
        return compose(
            cls,
            event_id=derived_uuid7(self.now, cls.TYPE, finding, str(self.version), source, str(data)),
            source=source,
            stream=finding,
            occurred=Instant.exact(self.now),
            data={"kind": self.row["kind"], **data},
        )
