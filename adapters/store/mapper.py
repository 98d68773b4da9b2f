"""Our mapper: the stored state is the event's bytes as received, and names resolve only in our catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent

from adapters.store.recording import StoredFact
from domain.envelope import Submission, admit
from domain.errors import IntegrityProblem
from domain.events.catalogue import CATALOGUE


@dataclass(frozen=True, slots=True)
class Fact:
    """An admitted event as the library's domain event.

    `originator_version` None is a fact, ordered by its position; from 1 on it is an aggregate's expected version,
    and a second event with the same one is a conflict.
    """

    originator_id: str
    originator_version: int | None
    submission: Submission


class CustodyMapper(Mapper[str]):
    """Never re-serialises, never imports what a stored topic names."""

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredFact:  # type: ignore[override]
        """Keep the bytes; the topic is the type's persisted name."""
        assert isinstance(domain_event, Fact)  # noqa: S101 - the application stores nothing else
        submission, version = domain_event.submission, domain_event.originator_version
        return StoredFact(submission.stream, version, submission.type, submission.body, submission)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """Decode through the closed registry; raise IntegrityProblem(unknown_topic) for anything else."""
        if stored_event.topic not in CATALOGUE:
            raise IntegrityProblem(
                "unknown_topic",
                f"the log holds a type that is not in the catalogue: {stored_event.topic[:80]!r}",
                mend="use the program version that wrote it, or a newer one",
            )
        submission = admit(stored_event.state)
        return Fact(str(stored_event.originator_id), stored_event.originator_version, submission)
