"""The record about the record: corrections, identity links, sealing, contradictions, who read what, public figures."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from domain.events.fields import AgencyId, Closed, Code, Count, Digest, EventData, JsonObject, SubjectId, Words
from domain.instants import Instant

EVENT_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
EventId = Annotated[str, Field(pattern=f"^{EVENT_ID}$")]
QUARTER = r"[0-9]{4}-Q[1-4]"
Quarter = Annotated[str, Field(pattern=f"^{QUARTER}$")]


class RecordData(EventData):
    """Events about recorded events."""

    STREAM: ClassVar[str] = "record"


class EventCorrected(RecordData):
    """The publisher replaces the data, the time, or both, of an event it published (`correctionof`).

    The first event stays; read models use the replacement from this position on. A correction may be corrected too.
    """

    TYPE: ClassVar[str] = "record.event_corrected"

    reason: Code
    replacement: JsonObject | None = None
    replacement_time: Instant | None = None


class EventRetracted(RecordData):
    """The publisher takes an event back (`correctionof`); it stays in the log, read models skip it.

    A correction or a retraction that is taken back counts no longer from this position on.
    """

    TYPE: ClassVar[str] = "record.event_retracted"

    reason: Code


class IdentityLinked(RecordData):
    """Two pseudonyms are one person, says the publisher."""

    TYPE: ClassVar[str] = "record.identity_linked"

    subject: SubjectId
    same_as: SubjectId
    basis: Words | None = None


class IdentityUnlinked(RecordData):
    """The link was wrong."""

    TYPE: ClassVar[str] = "record.identity_unlinked"

    subject: SubjectId
    same_as: SubjectId
    reason: Words | None = None


class SealScope(StrEnum):
    """How far an order to seal reaches."""

    EPISODE = "episode"
    SUBJECT = "subject"
    EVENT = "event"


class RecordSealed(RecordData):
    """A record is sealed; Minnesota's expungement seals, it does not destroy."""

    TYPE: ClassVar[str] = "record.sealed"

    target: Code
    scope: SealScope
    order: Words | None = None


class SealLifted(RecordData):
    """The seal was lifted."""

    TYPE: ClassVar[str] = "record.seal_lifted"

    target: Code
    order: Words | None = None


class KeyShredded(RecordData):
    """The key of sealed fields was destroyed; the ciphertext and every proof remain."""

    TYPE: ClassVar[str] = "record.key_shredded"

    key: Code
    order: Words | None = None


class RetentionExpired(RecordData):
    """The retention schedule has run out for a record."""

    TYPE: ClassVar[str] = "record.retention_expired"

    target: Code
    schedule: Words | None = None


class FindingData(EventData):
    """Events of one finding's workflow."""

    STREAM: ClassVar[str] = "finding"

    kind: Code


class ContradictionOpened(FindingData):
    """Two records disagree."""

    TYPE: ClassVar[str] = "finding.contradiction_opened"

    events: Annotated[tuple[EventId, ...], Field(min_length=1, max_length=100)]
    words: Words | None = None


class ContradictionExplained(FindingData):
    """An agency answers."""

    TYPE: ClassVar[str] = "finding.contradiction_explained"

    words: Words


class ContradictionClosed(FindingData):
    """The finding is closed, with how."""

    TYPE: ClassVar[str] = "finding.contradiction_closed"

    outcome: Code


class Role(StrEnum):
    """What a reader is to the ledger; docs/access.md says what each may read."""

    PUBLISHER = "publisher"
    AUDITOR = "auditor"
    OVERSIGHT = "oversight"
    PUBLIC = "public"


class AccessGranted(RecordData):
    """Somebody may read person-level data, for a purpose. `token` is SHA-256 of the token, which is shown once."""

    TYPE: ClassVar[str] = "record.access_granted"

    reader: Code
    purpose: Words
    target: Code
    role: Role | None = None
    token: Digest | None = None


class AccessRevoked(RecordData):
    """A grant is good no longer; what was read under it stays recorded."""

    TYPE: ClassVar[str] = "record.access_revoked"

    reason: Code


class AccessDisclosed(RecordData):
    """Person-level data was shown; appended before it is shown. `question` is what was asked, as it was asked."""

    TYPE: ClassVar[str] = "record.access_disclosed"

    reader: Code
    purpose: Words
    target: Code
    secondary_recipient: AgencyId | None = None
    role: Role | None = None
    question: Words | None = None


class FiguresReleased(RecordData):
    """Figures in which nobody can be singled out were released, once for a quarter, as known just before.

    `digest` is SHA-256 over their canonical JSON.
    """

    TYPE: ClassVar[str] = "record.figures_released"

    quarter: Quarter
    digest: Digest


class SourceMark(StrEnum):
    """How a figure came to whoever recorded the claim: the text was found, or remembered, or the figure worked out."""

    FOUND = "found"
    MEMORY = "memory"
    COMPUTED = "computed"


CustodianKinds = Annotated[tuple[Code, ...], Field(max_length=20)]


class ClaimPart(Closed):
    """A part that the claim itself names, as in "207 in prisons and 94 in jails"."""

    value: Count
    words: Words
    custodian_kinds: CustodianKinds = ()


class ClaimAsserted(EventData):
    """Somebody said a number in public. The event's time is as of when, its recordedtime when it was published.

    `period` is the time that a figure adds up over, `custodian_kinds` those it speaks of (all, if none is named) and
    `compare_with` the named count it may mean: the last two are the reading of whoever recorded the claim.
    """

    TYPE: ClassVar[str] = "claim.asserted"
    STREAM: ClassVar[str] = "claim"

    asserted_by: AgencyId
    asserted_by_name: Words | None = None
    value: Count
    unit: Code
    words: Words
    mark: SourceMark
    period: Instant | None = None
    published_in: Words | None = None
    custodian_kinds: CustodianKinds = ()
    compare_with: Code | None = None
    parts: Annotated[tuple[ClaimPart, ...], Field(max_length=20)] = ()


EVENTS: tuple[type[EventData], ...] = (
    EventCorrected,
    EventRetracted,
    IdentityLinked,
    IdentityUnlinked,
    RecordSealed,
    SealLifted,
    KeyShredded,
    RetentionExpired,
    ContradictionOpened,
    ContradictionExplained,
    ContradictionClosed,
    AccessGranted,
    AccessRevoked,
    AccessDisclosed,
    FiguresReleased,
    ClaimAsserted,
)
