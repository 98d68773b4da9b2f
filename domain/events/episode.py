"""Custody episodes: one booking or commitment of one subject at one facility, from booking to release."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from domain.events.fields import (
    AgencyId,
    Code,
    Count,
    DetainerId,
    EventData,
    FacilityId,
    HandoffId,
    RuleId,
    SubjectId,
    Words,
)
from domain.instants import Instant


class BookingCategory(StrEnum):
    """NIEM 6.0 `j:BookingCategoryCode`."""

    ADMINISTRATIVE = "administrative"
    CRIMINAL = "criminal"
    INQUIRY = "inquiry"


class HoldKind(StrEnum):
    """Whose claim keeps somebody; different holds are not to be conflated."""

    IMMIGRATION = "immigration"
    US_MARSHALS = "us_marshals"
    OTHER_STATE = "other_state"
    PROBATION = "probation"
    WRIT = "writ"
    MATERIAL_WITNESS = "material_witness"
    OTHER = "other"


class NationalityResult(StrEnum):
    """The answer to the inquiry of Minn. Stat. 631.50; never free text."""

    CITIZEN = "citizen"
    NON_CITIZEN = "non_citizen"
    UNKNOWN = "unknown"
    DECLINED = "declined"


class ConvictionLevel(StrEnum):
    """Minnesota's levels of offence."""

    FELONY = "felony"
    GROSS_MISDEMEANOR = "gross_misdemeanor"
    MISDEMEANOR = "misdemeanor"
    PETTY_MISDEMEANOR = "petty_misdemeanor"
    NONE = "none"
    UNKNOWN = "unknown"


class EpisodeData(EventData):
    """Every event of an episode names where and whom, so that it can be read alone and out of order."""

    STREAM: ClassVar[str] = "episode"

    facility: FacilityId
    subject: SubjectId


class SubjectBooked(EpisodeData):
    """A person is booked into a facility."""

    TYPE: ClassVar[str] = "custody.subject_booked"
    NIEM: ClassVar[str | None] = "j:Booking"

    booking_number: Code | None = None
    booking_category: BookingCategory | None = None
    arresting_agency: AgencyId | None = None
    jurisdiction: Words | None = None
    legal_basis: Words | None = None


class ChargeFiled(EpisodeData):
    """A charge stands against the booking."""

    TYPE: ClassVar[str] = "custody.charge_filed"
    NIEM: ClassVar[str | None] = "j:Charge"

    charge: Code
    charge_text: Words | None = None
    level: ConvictionLevel | None = None


class ChargeAmended(ChargeFiled):
    """A charge was changed."""

    TYPE: ClassVar[str] = "custody.charge_amended"


class ChargeDisposed(EpisodeData):
    """A charge ended, or stopped keeping the person (`charge_released_at`)."""

    TYPE: ClassVar[str] = "custody.charge_disposed"
    NIEM: ClassVar[str | None] = "j:ChargeDisposition"

    charge: Code
    disposition: Words | None = None
    level: ConvictionLevel | None = None
    charge_released_at: Instant | None = None


class ArraignmentHeld(EpisodeData):
    """The person was arraigned."""

    TYPE: ClassVar[str] = "custody.arraignment_held"


class BailSet(EpisodeData):
    """A court set bail; amounts are US cents."""

    TYPE: ClassVar[str] = "custody.bail_set"
    NIEM: ClassVar[str | None] = "j:Bail"

    amount_cents: Count | None = None
    conditions: Words | None = None


class BailTendered(EpisodeData):
    """Somebody offered to pay; whether it was accepted is another event (Esparza turned on this)."""

    TYPE: ClassVar[str] = "custody.bail_tendered"

    accepted: bool | None = None
    reason_refused: Words | None = None


class BailPosted(EpisodeData):
    """Bail was paid and accepted."""

    TYPE: ClassVar[str] = "custody.bail_posted"

    kind: Code | None = None
    amount_cents: Count | None = None


class BailRevoked(EpisodeData):
    """A court took bail back."""

    TYPE: ClassVar[str] = "custody.bail_revoked"


class SentenceImposed(EpisodeData):
    """A sentence was pronounced."""

    TYPE: ClassVar[str] = "custody.sentence_imposed"

    level: ConvictionLevel | None = None
    length_days: Count | None = None


class CommittedToInstitution(EpisodeData):
    """The person is committed; after a felony conviction this starts the duty of Minn. Stat. 631.50."""

    TYPE: ClassVar[str] = "custody.committed_to_institution"

    conviction_level: ConvictionLevel
    length_days: Count | None = None
    found_mentally_ill: bool | None = None


class ProjectedReleaseSet(EpisodeData):
    """A first date of expected release."""

    TYPE: ClassVar[str] = "custody.projected_release_set"
    NIEM: ClassVar[str | None] = "im:ProjectedReleaseDate"

    projected_release_at: Instant


class ProjectedReleaseChanged(ProjectedReleaseSet):
    """The expected release moved."""

    TYPE: ClassVar[str] = "custody.projected_release_changed"


class NationalityInquired(EpisodeData):
    """The officer in charge asked about nationality."""

    TYPE: ClassVar[str] = "custody.nationality_inquired"

    result: NationalityResult


class CommitmentNoticeSent(EpisodeData):
    """Notice to the US immigration officer on commitment, Minn. Stat. 631.50, with its four items."""

    TYPE: ClassVar[str] = "custody.commitment_notice_sent"

    to_agency: AgencyId
    has_commitment_date_and_reasons: bool
    has_commitment_length: bool
    has_country_of_citizenship: bool
    has_last_entry_date_and_port: bool


class ConsularNotificationOffered(EpisodeData):
    """The person was told of the right to have a consulate informed (VCCR art. 36)."""

    TYPE: ClassVar[str] = "custody.consular_notification_offered"

    accepted: bool | None = None


class ConsularNotificationMade(EpisodeData):
    """A consulate was informed."""

    TYPE: ClassVar[str] = "custody.consular_notification_made"


class ReleaseOrdered(EpisodeData):
    """A court or other authority ordered release."""

    TYPE: ClassVar[str] = "custody.release_ordered"

    authority: Words | None = None


class ReleaseEligible(EpisodeData):
    """The moment the person "would otherwise be released": the start of every hold's clock."""

    TYPE: ClassVar[str] = "custody.release_eligible"

    basis: Words | None = None


class OutProcessingStarted(EpisodeData):
    """Release paperwork began."""

    TYPE: ClassVar[str] = "custody.out_processing_started"


class ReleasedToCommunity(EpisodeData):
    """The person walked out; the event's time is when custody ended."""

    TYPE: ClassVar[str] = "custody.released_to_community"
    NIEM: ClassVar[str | None] = "nc:Release"

    legal_basis: Words | None = None
    physically_out_at: Instant | None = None


class ReleasedToAgency(EpisodeData):
    """The custodian's own word that another agency took the person."""

    TYPE: ClassVar[str] = "custody.released_to_agency"
    NIEM: ClassVar[str | None] = "nc:Release"

    to_agency: AgencyId
    handoff: HandoffId | None = None
    legal_basis: Words | None = None


class HoldPlaced(EpisodeData):
    """Another authority's claim is put on the person."""

    TYPE: ClassVar[str] = "custody.hold_placed"

    hold: Code
    kind: HoldKind
    requested_by: AgencyId | None = None
    detainer: DetainerId | None = None
    instrument: RuleId | None = None
    clock: Code | None = None
    hold_text: Words | None = None


class HoldEnded(EpisodeData):
    """A hold stopped; its end is its own and may differ from the release."""

    TYPE: ClassVar[str] = "custody.hold_ended"

    hold: Code
    kind: HoldKind
    end_reason: Words | None = None


class InterFacilityTransferred(EpisodeData):
    """The person was moved between facilities of one custodian."""

    TYPE: ClassVar[str] = "custody.inter_facility_transferred"

    to_facility: FacilityId


class TemporaryReleaseStarted(EpisodeData):
    """Out for hospital, court or furlough; custody goes on."""

    TYPE: ClassVar[str] = "custody.temporary_release_started"

    purpose: Code
    location: Words | None = None


class TemporaryReleaseEnded(EpisodeData):
    """Back from a temporary release."""

    TYPE: ClassVar[str] = "custody.temporary_release_ended"


class WritServed(EpisodeData):
    """A writ (ad prosequendum, ad testificandum) took the person to another court."""

    TYPE: ClassVar[str] = "custody.writ_served"

    writ: Code
    to_agency: AgencyId | None = None


class WritReturned(EpisodeData):
    """The person came back from the writ."""

    TYPE: ClassVar[str] = "custody.writ_returned"

    writ: Code


class Escaped(EpisodeData):
    """The person left without leave."""

    TYPE: ClassVar[str] = "custody.escaped"


class Recaptured(EpisodeData):
    """The escape ended."""

    TYPE: ClassVar[str] = "custody.recaptured"


class Died(EpisodeData):
    """The person died; who held custody then is stated, not inferred."""

    TYPE: ClassVar[str] = "custody.died"

    place: Words | None = None
    legal_custodian: AgencyId


class ReleasedInError(EpisodeData):
    """The person was let out by mistake."""

    TYPE: ClassVar[str] = "custody.released_in_error"


class ReturnedFromErroneousRelease(EpisodeData):
    """The mistake was undone."""

    TYPE: ClassVar[str] = "custody.returned_from_erroneous_release"


EVENTS: tuple[type[EpisodeData], ...] = (
    SubjectBooked,
    ChargeFiled,
    ChargeAmended,
    ChargeDisposed,
    ArraignmentHeld,
    BailSet,
    BailTendered,
    BailPosted,
    BailRevoked,
    SentenceImposed,
    CommittedToInstitution,
    ProjectedReleaseSet,
    ProjectedReleaseChanged,
    NationalityInquired,
    CommitmentNoticeSent,
    ConsularNotificationOffered,
    ConsularNotificationMade,
    ReleaseOrdered,
    ReleaseEligible,
    OutProcessingStarted,
    ReleasedToCommunity,
    ReleasedToAgency,
    HoldPlaced,
    HoldEnded,
    InterFacilityTransferred,
    TemporaryReleaseStarted,
    TemporaryReleaseEnded,
    WritServed,
    WritReturned,
    Escaped,
    Recaptured,
    Died,
    ReleasedInError,
    ReturnedFromErroneousRelease,
)
