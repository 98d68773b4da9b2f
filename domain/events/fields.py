"""The field types that events share: references, codes, instants, and the base of every event's data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from domain.canonical import INTEGER_MAX, check_profile


@dataclass(frozen=True, slots=True)
class Ref:
    """Marks a field as naming something that read models look up: `facility/mn-cass-jail`."""

    kind: str


LOCAL_ID = r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,119}"
SLUG = r"[a-z0-9][a-z0-9-]{0,79}"

FacilityId = Annotated[str, StringConstraints(pattern=f"^{SLUG}$"), Ref("facility")]
AgencyId = Annotated[str, StringConstraints(pattern=f"^{SLUG}$")]
SubjectId = Annotated[str, StringConstraints(pattern=f"^{LOCAL_ID}$"), Ref("subject")]
EpisodeId = Annotated[str, StringConstraints(pattern=f"^{LOCAL_ID}$"), Ref("episode")]
DetainerId = Annotated[str, StringConstraints(pattern=f"^{LOCAL_ID}$"), Ref("detainer")]
HandoffId = Annotated[str, StringConstraints(pattern=f"^{LOCAL_ID}$"), Ref("handoff")]
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,79}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=INTEGER_MAX)]
JsonObject = Annotated[dict[str, Any], AfterValidator(lambda value: (check_profile(value), value)[1])]


class DecisionPoint(StrEnum):
    """A moment where a rule may speak (design, section 2)."""

    ASK_STATUS = "ask_status"
    SHARE_INFORMATION = "share_information"
    SHARE_BOOKING = "share_booking"
    ALLOW_INTERVIEW = "allow_interview"
    SERVE_DETAINER = "serve_detainer"
    COMMITMENT_NOTICE = "commitment_notice"
    RELEASE_NOTICE = "release_notice"
    HOLD_PAST_RELEASE = "hold_past_release"
    SERVE_ADMIN_WARRANT = "serve_admin_warrant"
    HAND_OVER = "hand_over"
    POST_TRANSFER_HOLD = "post_transfer_hold"
    HOUSE_FOR_ICE = "house_for_ice"
    ISSUE_DETAINER = "issue_detainer"
    PUBLISH_HANDOFF = "publish_handoff"
    SEAL_RECORD = "seal_record"
    ENTER_AGREEMENT = "enter_agreement"


class Modality(StrEnum):
    """What a rule says about an act."""

    OBLIGATION = "obligation"
    PROHIBITION = "prohibition"
    PERMISSION = "permission"
    REQUEST = "request"
    NO_RULE = "no_rule"


class Channel(StrEnum):
    """How a notice or a paper travelled."""

    FAX = "fax"
    PHONE = "phone"
    EMAIL = "email"
    PORTAL = "portal"
    IN_PERSON = "in_person"
    MAIL = "mail"
    BATCH = "batch"


class DecisionBasis(StrEnum):
    """On what an agency says it decided; `none_written` is a value of its own, not a gap."""

    WRITTEN_POLICY = "written_policy"
    NONE_WRITTEN = "none_written"
    AD_HOC = "ad_hoc"
    COURT_ORDER = "court_order"


class Closed(BaseModel):
    """A part of an event: frozen, strict, no field beyond those named."""

    # Deferred: a program that reads few types, or none, need not build the validators of all 98 as it starts.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, cache_strings="keys", defer_build=True)


class CitedRule(Closed):
    """A rule the agency itself says it applied; beside, never instead of, what a pack derives."""

    rule: RuleId
    version: Code | None = None
    modality: Modality | None = None
    cited_by_role: Code | None = None


class EventData(Closed):
    """What an event says. Every family adds its own fields; these may stand on any event."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    STREAM: ClassVar[str]
    NIEM: ClassVar[str | None] = None

    record_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    actor_role: Code | None = None
    channel: Channel | None = None
    decision_basis: DecisionBasis | None = None
    cited_rules: Annotated[tuple[CitedRule, ...], Field(max_length=20)] = ()
