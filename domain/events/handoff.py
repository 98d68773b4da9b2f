"""Notices and handoffs: one transfer of custody between two agencies, told by both sides."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from domain.events.detainer import AttachedWarrant
from domain.events.fields import (
    AgencyId,
    Code,
    Count,
    DetainerId,
    EpisodeId,
    EventData,
    FacilityId,
    SubjectId,
    Words,
)
from domain.instants import Instant


class Consent(StrEnum):
    """What the person said to an interview."""

    YES = "yes"
    NO = "no"
    COUNSEL = "counsel"


class WarrantServer(StrEnum):
    """Whose officer served an administrative warrant."""

    ICE = "ice"
    WSO_OFFICER = "wso_officer"
    JEM_OFFICER = "jem_officer"


class HandoffData(EventData):
    """Every event of a handoff names the facility that holds the person, and what it is about."""

    STREAM: ClassVar[str] = "handoff"

    facility: FacilityId
    subject: SubjectId | None = None
    episode: EpisodeId | None = None
    detainer: DetainerId | None = None


class ReleaseNoticeRequested(HandoffData):
    """ICE asked to be told before release."""

    TYPE: ClassVar[str] = "handoff.release_notice_requested"


class ReleaseNoticeSent(HandoffData):
    """The custodian told ICE when release is due."""

    TYPE: ClassVar[str] = "handoff.release_notice_sent"
    NIEM: ClassVar[str | None] = "j:SubjectReleaseNotification"

    to_agency: AgencyId
    scheduled_release_at: Instant | None = None
    lead_minutes: Count | None = None


class ReleaseNoticeAcknowledged(HandoffData):
    """ICE confirmed that it has the notice."""

    TYPE: ClassVar[str] = "handoff.release_notice_acknowledged"


class NoticeWithheld(HandoffData):
    """The custodian decided not to notify; it cites why in `cited_rules`."""

    TYPE: ClassVar[str] = "handoff.notice_withheld"


class InterviewRequested(HandoffData):
    """ICE asked to speak with the person."""

    TYPE: ClassVar[str] = "handoff.interview_requested"


class InterviewConsentRecorded(HandoffData):
    """What the person answered."""

    TYPE: ClassVar[str] = "handoff.interview_consent_recorded"

    consent: Consent


class InterviewHeld(HandoffData):
    """The interview took place."""

    TYPE: ClassVar[str] = "handoff.interview_held"


class InterviewDenied(HandoffData):
    """The custodian did not allow the interview."""

    TYPE: ClassVar[str] = "handoff.interview_denied"

    reason: Words | None = None


class AdministrativeWarrantServed(HandoffData):
    """An I-200 or I-205 was served; `legal_custody_to` may change while the person stays in the cell."""

    TYPE: ClassVar[str] = "handoff.administrative_warrant_served"

    warrant: AttachedWarrant
    served_by: WarrantServer
    legal_custody_to: AgencyId | None = None


class JudicialWarrantServed(HandoffData):
    """A warrant signed by a judge was served."""

    TYPE: ClassVar[str] = "handoff.judicial_warrant_served"

    court: Words | None = None


class PickupScheduled(HandoffData):
    """A time to fetch the person was agreed."""

    TYPE: ClassVar[str] = "handoff.pickup_scheduled"

    scheduled_at: Instant
    by_agency: AgencyId | None = None


class PickupArrived(HandoffData):
    """The receiving agency's officers came."""

    TYPE: ClassVar[str] = "handoff.pickup_arrived"

    by_agency: AgencyId | None = None


class PickupNoShow(HandoffData):
    """Nobody came for the scheduled pickup, in the words of whoever publishes this."""

    TYPE: ClassVar[str] = "handoff.pickup_no_show"

    waited_minutes: Count | None = None


class PickupCancelled(HandoffData):
    """The pickup was called off."""

    TYPE: ClassVar[str] = "handoff.pickup_cancelled"

    reason: Words | None = None


class CustodyTransferred(HandoffData):
    """Custody passed. Either side may publish it; NIEM's releasing and receiving ends are both named."""

    TYPE: ClassVar[str] = "handoff.custody_transferred"
    NIEM: ClassVar[str | None] = "j:CustodyTransfer"

    releasing_agency: AgencyId
    receiving_agency: AgencyId
    receiving_facility: FacilityId | None = None
    releasing_official_role: Code | None = None
    receiving_official_role: Code | None = None
    legal_basis: Words | None = None
    physical_at: Instant | None = None
    place: Words | None = None
    open_charges: Count | None = None


class PostTransferDetentionStarted(HandoffData):
    """ICE's detainee stays in the local jail after legal custody passed (clock C3)."""

    TYPE: ClassVar[str] = "handoff.post_transfer_detention_started"

    legal_custodian: AgencyId


class PostTransferDetentionEnded(HandoffData):
    """That stay ended."""

    TYPE: ClassVar[str] = "handoff.post_transfer_detention_ended"

    end_reason: Words | None = None


class CustodyTransferConfirmed(HandoffData):
    """The other side says: yes, that happened."""

    TYPE: ClassVar[str] = "handoff.custody_transfer_confirmed"

    receiving_facility: FacilityId | None = None


class CustodyTransferContested(HandoffData):
    """The other side says: no, or not like that."""

    TYPE: ClassVar[str] = "handoff.custody_transfer_contested"

    reason: Words


class CitizenshipClaimAsserted(HandoffData):
    """The person claims US citizenship; the 287(g) procedures want it told to ICE within about an hour."""

    TYPE: ClassVar[str] = "handoff.citizenship_claim_asserted"


class CitizenshipClaimResolved(HandoffData):
    """The claim was decided."""

    TYPE: ClassVar[str] = "handoff.citizenship_claim_resolved"

    is_citizen: bool | None = None


EVENTS: tuple[type[HandoffData], ...] = (
    ReleaseNoticeRequested,
    ReleaseNoticeSent,
    ReleaseNoticeAcknowledged,
    NoticeWithheld,
    InterviewRequested,
    InterviewConsentRecorded,
    InterviewHeld,
    InterviewDenied,
    AdministrativeWarrantServed,
    JudicialWarrantServed,
    PickupScheduled,
    PickupArrived,
    PickupNoShow,
    PickupCancelled,
    CustodyTransferred,
    PostTransferDetentionStarted,
    PostTransferDetentionEnded,
    CustodyTransferConfirmed,
    CustodyTransferContested,
    CitizenshipClaimAsserted,
    CitizenshipClaimResolved,
)
