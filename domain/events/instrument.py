"""Rules and agreements: how an instrument comes into force, is printed, corrected, suspended and ends."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from domain.events.fields import (
    AgencyId,
    Closed,
    Code,
    Count,
    DecisionPoint,
    Digest,
    EventData,
    Modality,
    RuleId,
    Words,
)
from domain.instants import Instant

SHEET_PART_ROWS_MAX = 150
PACK_PART_CHARACTERS_MAX = 14_000  # at most four bytes each within an event, whose cap is 60 KiB


class AgreementModel(StrEnum):
    """The 287(g) models; ICE prints their full names."""

    WARRANT_SERVICE_OFFICER = "WSO"
    JAIL_ENFORCEMENT = "JEM"
    TASK_FORCE = "TFM"
    TRIBAL_TASK_FORCE = "TRIBAL_TFM"
    UNKNOWN = "unknown"


class InstrumentData(EventData):
    """Rules and opinions live in the stream of their instrument."""

    STREAM: ClassVar[str] = "instrument"


class RuleRegistered(InstrumentData):
    """A rule is entered in the register."""

    TYPE: ClassVar[str] = "rule.registered"

    rule: RuleId
    instrument: Words
    citation: Words
    bindingness: Code
    decision_point: DecisionPoint
    modality: Modality
    in_force_from: Instant
    effect: Words


class RuleAmended(RuleRegistered):
    """The rule's text or reach changed."""

    TYPE: ClassVar[str] = "rule.amended"


class RuleSuspendedByCourt(InstrumentData):
    """A court stopped the rule."""

    TYPE: ClassVar[str] = "rule.suspended_by_court"

    rule: RuleId
    court: Words
    case: Words | None = None


class RuleReinstated(InstrumentData):
    """The suspension ended."""

    TYPE: ClassVar[str] = "rule.reinstated"

    rule: RuleId


class RuleTerminated(InstrumentData):
    """The rule ended; the end may be a date, an interval or unknown."""

    TYPE: ClassVar[str] = "rule.terminated"

    rule: RuleId
    ended: Instant


class PolicyReadingAdded(InstrumentData):
    """Somebody reads the text differently (R1, R2): both readings stand side by side."""

    TYPE: ClassVar[str] = "rule.reading_added"

    rule: RuleId
    reading: Code
    words: Words
    held_by: Words


class OpinionIssued(InstrumentData):
    """An attorney general or the like gave an opinion."""

    TYPE: ClassVar[str] = "rule.opinion_issued"

    rule: RuleId
    citation: Words
    effect: Words


class RulePackPublished(EventData):
    """A rule pack comes into use from this position on."""

    TYPE: ClassVar[str] = "rule.pack_published"
    STREAM: ClassVar[str] = "pack"

    pack: Code
    pack_version: Code
    digest: Digest
    supersedes: Digest | None = None


class RulePackPart(EventData):
    """A piece of a rule pack's text: canonical JSON whose parts, joined in order, have the digest as SHA-256."""

    TYPE: ClassVar[str] = "rule.pack_part"
    STREAM: ClassVar[str] = "pack"

    pack: Code
    digest: Digest
    part: Count
    parts: Count
    text: Annotated[str, StringConstraints(min_length=1, max_length=PACK_PART_CHARACTERS_MAX)]


class SheetRow(Closed):
    """One row of a published sheet, every text exactly as printed, trailing spaces included.

    `agency`, `county` (of a sheriff in the register) and `model` are what the printed words were taken for.
    """

    agency_as_printed: Words
    agency: AgencyId
    county: Words | None = None
    model: AgreementModel
    model_as_printed: Words
    county_as_printed: Words | None = None
    type_as_printed: Words | None = None
    signed_as_printed: Words | None = None
    moa_as_printed: Words | None = None
    addendum_as_printed: Words | None = None


class RuleSourceObserved(InstrumentData):
    """What one published sheet lists for one state: the evidence under listings, corrections and ends.

    `national` says that the sheet lists the whole country, so a state without rows has no agreement on it.
    `printing` is the digest of all rows read of the sheet, every state's: two readings of one sheet that
    differ (a file cut short, say) are two printings.
    """

    TYPE: ClassVar[str] = "rule.source_observed"

    sheet: Code
    file: Words
    published: Instant
    state: Code
    national: bool
    printing: Digest
    part: Count
    parts: Count
    rows: Annotated[tuple[SheetRow, ...], Field(max_length=SHEET_PART_ROWS_MAX)]
    flags: Annotated[tuple[Code, ...], Field(max_length=10)] = ()


class AgreementData(EventData):
    """Every event of a 287(g) agreement names the local agency and the model."""

    STREAM: ClassVar[str] = "agreement"

    agency: AgencyId
    model: AgreementModel
    state: Code
    county: Words | None = None


class AgreementSigned(AgreementData):
    """Both sides signed, in a party's own words."""

    TYPE: ClassVar[str] = "agreement.signed"

    signed: Instant


class AgreementListed(AgreementData):
    """ICE's list shows the agreement for the first time after it was not there."""

    TYPE: ClassVar[str] = "agreement.listed"

    as_printed: Words
    signed: Instant
    sheet: Code
    published: Instant


class AgreementCorrected(AgreementData):
    """ICE printed something else between two sheets: the printed name or the printed signing date.

    `before_agency` is the agency id that the earlier name was taken for, where that is another one;
    `basis` then says why both are held to be one agency.
    """

    TYPE: ClassVar[str] = "agreement.corrected"

    field: Code
    before_agency: AgencyId | None = None
    basis: Code | None = None
    before: Words
    after: Words
    as_printed: Words
    signed: Instant
    before_as_printed: Words
    before_signed: Instant
    before_sheet: Code
    before_published: Instant
    sheet: Code
    published: Instant


class AgreementDelisted(AgreementData):
    """The agreement is gone from the list: it ended, if it did, somewhere between two sheets."""

    TYPE: ClassVar[str] = "agreement.delisted"

    as_printed: Words
    signed: Instant
    last_sheet: Code
    last_published: Instant
    sheet: Code
    published: Instant
    ended: Instant


class AgreementSuperseded(AgreementData):
    """A newer agreement takes this one's place."""

    TYPE: ClassVar[str] = "agreement.superseded"

    by_model: AgreementModel | None = None
    by_signed: Instant | None = None


class BoardApprovalRecorded(AgreementData):
    """A county board approved the agreement, or did not."""

    TYPE: ClassVar[str] = "agreement.board_approval_recorded"

    approved: bool
    body: Words | None = None


EVENTS: tuple[type[EventData], ...] = (
    RuleRegistered,
    RuleAmended,
    RuleSuspendedByCourt,
    RuleReinstated,
    RuleTerminated,
    PolicyReadingAdded,
    OpinionIssued,
    RulePackPublished,
    RulePackPart,
    RuleSourceObserved,
    AgreementSigned,
    AgreementListed,
    AgreementCorrected,
    AgreementDelisted,
    AgreementSuperseded,
    BoardApprovalRecorded,
)
