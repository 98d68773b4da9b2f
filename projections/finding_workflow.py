"""What became of a finding: taken up, answered by agencies, closed once. An aggregate with commands.

    finding/4be1...   1  finding.contradiction_opened     {"kind","events":[ids],"words"}   by the register of rules
                      2  finding.contradiction_explained  {"kind","words"}                  by an agency it names
                      3  finding.contradiction_closed     {"kind","outcome"}                by one of these

A finding is opened by nobody: it arises from the record. With the first command the register of rules, whose pack
gives it, writes down what it rested on then. Who may act is whom the finding names, or the register.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    """What was said of one finding. `answers` and `closed` are in wire form."""

    told: list[Recorded] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    closed: dict[str, Any] | None = None

    @property
    def state(self) -> State:
        """Return the state; an answer that came after the closing changes nothing."""
        if self.closed:
            return State.CLOSED
        return State.ANSWERED if self.answers else State.OPEN

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
        elif isinstance(event.data, ContradictionClosed) and workflow.closed is None:
            workflow.closed = {**said, "outcome": event.data.outcome}
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
        if self.workflow.closed:
            raise InputRefused(
                "finding_closed",
                f"it was closed by {self.workflow.closed['agency']} at position {self.workflow.closed['position']}",
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
