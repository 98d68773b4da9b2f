"""Detainers: one form, from preparation to lift, told by ICE on one side and the custodian on the other."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from domain.events.fields import (
    AgencyId,
    Closed,
    Code,
    DetainerId,
    EpisodeId,
    EventData,
    FacilityId,
    SubjectId,
    Words,
)
from domain.instants import Instant


class DetainerForm(StrEnum):
    """The form families of domain facts 1.1; what each asks differs, so the family is never guessed."""

    I_247 = "I-247"
    I_247A = "I-247A"
    I_247D = "I-247D"
    I_247G = "I-247G"
    I_247N = "I-247N"
    I_247X = "I-247X"
    UNKNOWN = "unknown"


class AttachedWarrant(StrEnum):
    """The administrative warrant that came with the form, or none."""

    NONE = "none"
    I_200 = "I-200"
    I_205 = "I-205"


class DetainerIssuer(StrEnum):
    """Who issued it; under a jail enforcement agreement that may be a local officer."""

    ICE_OFFICER = "ice_officer"
    CBP = "cbp"
    JEM_LOCAL_OFFICER = "jem_local_officer"
    UNKNOWN = "unknown"


class ProbableCause(StrEnum):
    """Box 1 of Form I-247A (2/17), and the basis flags of ICE's own table."""

    FINAL_ORDER = "final_order"
    PENDING_PROCEEDINGS = "pending_proceedings"
    BIOMETRIC_MATCH = "biometric_match"
    STATEMENTS = "statements"


class LiftCode(StrEnum):
    """NIEM 6.0 `im:DetentionDetainerLiftCode`, and `A` ("Detainer Declined by LEA"), which ICE added."""

    DECLINED_BY_LEA = "A"
    BOOKED_INTO_DETENTION = "B"
    CASE_CLOSED = "C"
    DIED = "D"
    LACK_OF_FUNDS = "F"
    LIFTED = "L"
    NOT_DEPORTABLE = "N"
    LACK_OF_SPACE = "S"
    TRANSFERRED = "T"
    CITIZEN_INTERVIEWED = "U"


LIFT_REASONS = (  # as ICE's table prints them, release of March 2026; the code where the words define one
    ("Booked into Detention", LiftCode.BOOKED_INTO_DETENTION),
    ("Case Closed", LiftCode.CASE_CLOSED),
    ("Detainer Declined by LEA", LiftCode.DECLINED_BY_LEA),
    ("Duplicate", None),
    ("Early Release", None),
    ("ICE Temporary Resource Constraint", None),
    ("Insufficient Notice to ICE", None),
    ("Judicial Review", None),
    ("No longer in State, Local, or Federal Custody", None),
    ("Noncitizen Not Amenable to Removal", None),
    ("Not Amenable to Removal", None),
    ("Prosecutorial Discretion", None),
    ("Superseding - New Form Issued", None),
    ("USC or Presumptive Claim to US Citizenship", None),
)


def lift_reason_key(printed: str) -> str:
    """Compare printed lift reasons by letters and digits alone, whatever their case, spacing and dashes."""
    return "".join(filter(str.isalnum, printed.casefold()))


_REASON_OF_KEY = {lift_reason_key(words): words for words, _ in LIFT_REASONS}
_REASON_OF_CODE = {code.value: words for words, code in LIFT_REASONS if code}


def lift_reason_words(printed: str) -> str:
    """Return a lift reason as ICE's table spells it, of whatever spelling, or of a code alone; else as printed."""
    return _REASON_OF_KEY.get(lift_reason_key(printed)) or _REASON_OF_CODE.get(printed.strip().upper(), printed)


class DetainerData(EventData):
    """Every event of a detainer may name the custodian it is addressed to, and whom it is about."""

    STREAM: ClassVar[str] = "detainer"
    NIEM: ClassVar[str | None] = "j:DetainerNotificationRequest"

    facility: FacilityId | None = None
    subject: SubjectId | None = None
    episode: EpisodeId | None = None


class DetainerPrepared(DetainerData):
    """ICE prepared the form. `facility_as_printed` and `form_as_printed` keep ICE's own words."""

    TYPE: ClassVar[str] = "detainer.prepared"

    form: DetainerForm
    form_revision: Words | None = None
    form_as_printed: Words | None = None
    box: Annotated[int, Field(ge=1, le=2)] | None = None
    bases: Annotated[tuple[ProbableCause, ...], Field(max_length=4)] = ()
    warrant_attached: AttachedWarrant | None = None
    issued_by: DetainerIssuer = DetainerIssuer.UNKNOWN
    facility_as_printed: Words | None = None
    notify_requested: bool | None = None
    criminality: Words | None = None
    final_order: bool | None = None
    warrant_served_at: Instant | None = None


class DetainerTransmitted(DetainerData):
    """ICE sent the form."""

    TYPE: ClassVar[str] = "detainer.transmitted"


class DetainerReceived(DetainerData):
    """The custodian has the form."""

    TYPE: ClassVar[str] = "detainer.received"


class DetainerDisputed(DetainerData):
    """The custodian says the form is wrong: wrong facility, not in custody, wrong person."""

    TYPE: ClassVar[str] = "detainer.disputed"

    reason: Code


class DetainerServedOnSubject(DetainerData):
    """A copy was given to the person; without it the I-247A says it has no effect."""

    TYPE: ClassVar[str] = "detainer.served_on_subject"


class DetainerAcknowledged(DetainerData):
    """The custodian confirmed receipt to ICE."""

    TYPE: ClassVar[str] = "detainer.acknowledged"


class ResponseElements(Closed):
    """Cooperation is a vector, never one bit; an absent element was not decided."""

    will_notify: bool | None = None
    will_hold: bool | None = None
    will_allow_interview: bool | None = None
    will_hand_over_at_release: bool | None = None


class DetainerResponseDecided(DetainerData):
    """The custodian decided what it will do; it cites the rules it applied in `cited_rules`."""

    TYPE: ClassVar[str] = "detainer.response_decided"

    elements: ResponseElements
    decided_by_role: Code | None = None


class DetainerSuperseded(DetainerData):
    """A newer form takes this one's place."""

    TYPE: ClassVar[str] = "detainer.superseded"

    superseded_by: DetainerId | None = None


class DetainerCancelled(DetainerData):
    """The issuer withdrew the form, or the custodian's record shows it as cancelled."""

    TYPE: ClassVar[str] = "detainer.cancelled"

    reason: Words | None = None


class DetainerLifted(DetainerData):
    """Somebody says the detainer ended and why. "Declined by LEA" here is `asserted_by`'s word alone."""

    TYPE: ClassVar[str] = "detainer.lifted"
    NIEM: ClassVar[str | None] = "im:DetainerLiftReason"

    lift_code: LiftCode | None = None
    lift_reason_as_printed: Words
    asserted_by: AgencyId


class DetainerExpiredUnclaimed(DetainerData):
    """The custodian's word that nobody came."""

    TYPE: ClassVar[str] = "detainer.expired_unclaimed"


class DetainerDeclinedAsserted(DetainerData):
    """ICE's assertion that the custodian declined."""

    TYPE: ClassVar[str] = "detainer.declined_asserted"

    asserted_by: AgencyId
    words: Words | None = None


class DetainerNotHonored(DetainerData):
    """The custodian's own word that it did not do what the form asks."""

    TYPE: ClassVar[str] = "detainer.not_honored"

    reason: Words | None = None


EVENTS: tuple[type[DetainerData], ...] = (
    DetainerPrepared,
    DetainerTransmitted,
    DetainerReceived,
    DetainerDisputed,
    DetainerServedOnSubject,
    DetainerAcknowledged,
    DetainerResponseDecided,
    DetainerSuperseded,
    DetainerCancelled,
    DetainerLifted,
    DetainerExpiredUnclaimed,
    DetainerDeclinedAsserted,
    DetainerNotHonored,
)
