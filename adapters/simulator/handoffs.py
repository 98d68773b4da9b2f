"""Notice, pickup, transfer: what each side says of one handoff, or of one that did not happen."""

from __future__ import annotations

from adapters.simulator import rates
from adapters.simulator.case import ICE, ICE_PLACE, Case
from adapters.simulator.rates import HOUR, MINUTE
from adapters.simulator.wire import local_text
from domain.events import detainer as d
from domain.events import episode as e
from domain.events import handoff as h


def give_notice(case: Case, eligible: int, *, surely: bool = False) -> bool:
    """The custodian tells ICE of the release, or that it does not; return whether a pickup is scheduled."""
    rng, policy = case.rng, case.policy
    lead = rng.randrange(48 * HOUR, 72 * HOUR) if rng.random() < 0.5 else rng.randrange(HOUR, 47 * HOUR)
    at = max(case.asked + 6 * HOUR, eligible - lead)
    if not surely and rng.random() >= policy.notifies:
        if rng.random() < (0.9 if "cited_rules" in policy.on_notice else 0.5):
            case.transfer(h.NoticeWithheld, at, actor_role="jail administrator", **policy.on_notice)
        return False
    case.transfer(
        h.ReleaseNoticeSent,
        at,
        to_agency=ICE,
        scheduled_release_at=local_text(eligible),
        lead_minutes=(eligible - at) // MINUTE,
        channel="phone" if rng.random() < 0.5 else "email",
        **policy.on_notice,
    )
    if rng.random() < 0.1:
        _interview(case, at + HOUR)
    if rng.random() < 0.7:
        case.ice_transfer(h.ReleaseNoticeAcknowledged, at + rng.randrange(5 * MINUTE, HOUR))
    scheduled = surely or rng.random() < 0.6
    if scheduled:
        agreed = min(at + HOUR, eligible - 10 * MINUTE)
        case.ice_transfer(h.PickupScheduled, agreed, scheduled_at=local_text(eligible), by_agency=ICE)
    return scheduled


def _interview(case: Case, at: int) -> None:
    case.ice_transfer(h.InterviewRequested, at)
    consent = case.rng.choice(("yes", "no", "counsel"))
    case.transfer(h.InterviewConsentRecorded, at + HOUR, consent=consent)
    if consent == "yes":
        case.ice_transfer(h.InterviewHeld, at + 2 * HOUR)
    else:
        case.transfer(h.InterviewDenied, at + 2 * HOUR, reason="the person did not agree")


def overhold(case: Case, eligible: int) -> int:
    """Return when the person walks out: after the paperwork, or in some jails long after."""
    rng = case.rng
    share, least, most = rates.OVERHOLDS.get(case.place.id, rates.OTHER_OVERHOLDS)
    if case.policy.holds == 0 and case.place.id not in rates.OVERHOLDS:
        share = 0.0  # a county that does not hold
    if rng.random() >= share:
        return eligible + rng.randrange(15 * MINUTE, 90 * MINUTE)
    if case.place.id == "mn-nobles-jail":
        case.held(e.BailTendered, eligible - 10 * MINUTE, accepted=False, reason_refused="immigration detainer")
    return eligible + rng.randrange(least, most)


def release(case: Case, eligible: int, out: int, holds: bool) -> int:
    """The person walks out; return when."""
    case.held(e.ReleaseEligible, eligible, basis=case.rng.choice(rates.DISPOSITIONS))
    _end_hold(case, out, holds, "released")
    case.held(e.ReleasedToCommunity, out, legal_basis="release order", physically_out_at=local_text(out))
    return out


def nobody_came(case: Case, eligible: int, holds: bool) -> int:
    """The custodian told ICE, waited, and let the person go; sometimes ICE says it had called off."""
    rng = case.rng
    waited = rng.randrange(30 * MINUTE, 48 * HOUR) if holds else rng.randrange(0, 2 * HOUR)
    out = max(overhold(case, eligible), eligible + waited)
    if rng.random() < 0.2 and not case.ice_silent:
        case.ice_transfer(h.PickupCancelled, eligible - 5 * MINUTE, reason="no officers available")
    case.transfer(h.PickupNoShow, out - 5 * MINUTE, waited_minutes=(out - eligible) // MINUTE)
    if rng.random() < 0.7:
        case.form(d.DetainerExpiredUnclaimed, out)
    return release(case, eligible, out, holds)


def hand_over(case: Case, eligible: int, holds: bool) -> int:
    """ICE takes the person, and each side tells it its own way; return when they left the building."""
    rng = case.rng
    local = case.policy.server != "ice"
    most = 40 * HOUR if local else 30 * HOUR if holds else 2 * HOUR
    left = eligible + rng.randrange(30 * MINUTE, most)
    case.held(e.ReleaseEligible, eligible, basis=rng.choice(rates.DISPOSITIONS))
    warrant = "I-205" if rng.random() < 0.4 else "I-200"
    if local:
        _serve_in_jail(case, eligible + 5 * MINUTE, left, warrant)
    elif case.policy.on_notice.get("decision_basis") == "written_policy":
        case.transfer(h.JudicialWarrantServed, left - 15 * MINUTE, court="US District Court, District of Minnesota")
    elif not case.ice_silent and rng.random() < 0.6:
        served = {"warrant": warrant, "served_by": "ice", "legal_custody_to": ICE}
        case.ice_transfer(h.AdministrativeWarrantServed, left - 10 * MINUTE, **served)
    _end_hold(case, left, holds, "handed over")
    _custodian_tells(case, left)
    if not case.ice_silent:
        _ice_tells(case, left)
    return left


def _serve_in_jail(case: Case, at: int, left: int, warrant: str) -> None:
    """A deputy under a 287(g) agreement serves ICE's warrant: legal custody passes, the person stays."""
    served = {"warrant": warrant, "served_by": case.policy.server, "legal_custody_to": ICE}
    case.transfer(h.AdministrativeWarrantServed, at, **served)
    case.transfer(h.PostTransferDetentionStarted, at, legal_custodian=ICE)
    case.transfer(h.PostTransferDetentionEnded, left, end_reason="picked up")


def _custodian_tells(case: Case, left: int) -> None:
    if case.custodian_silent:  # its own record shows a release like any other
        case.held(e.ReleasedToCommunity, left, legal_basis="release order")
        return
    case.transfer(h.PickupArrived, left - 20 * MINUTE, by_agency=ICE)
    case.transfer(
        h.CustodyTransferred,
        left,
        **_ends(case),
        legal_basis="administrative warrant",
        releasing_official_role="booking sergeant",
        place="sally port",
        open_charges=case.rng.randrange(3),
        physical_at=local_text(left),
    )
    case.held(e.ReleasedToAgency, left, to_agency=ICE, handoff=case.handoff, legal_basis="administrative warrant")


def _ice_tells(case: Case, left: int) -> None:
    rng = case.rng
    voice = rng.random()
    if voice < 0.75 or case.custodian_silent:
        at = left + MINUTE * rng.randrange(-10, 35)
        role = "deportation officer"
        case.ice_transfer(h.CustodyTransferred, at, **_ends(case), receiving_official_role=role)
    elif voice < 0.95:
        case.ice_transfer(h.CustodyTransferConfirmed, left + 2 * HOUR, receiving_facility=ICE_PLACE)
    else:
        case.ice_transfer(h.CustodyTransferContested, left + 8 * HOUR, reason="arrested outside the building")


def _ends(case: Case) -> dict[str, str]:
    return {"releasing_agency": case.place.agency, "receiving_agency": ICE, "receiving_facility": ICE_PLACE}


def _end_hold(case: Case, at: int, holds: bool, why: str) -> None:
    if holds:
        case.held(e.HoldEnded, at, hold="ICE", kind="immigration", end_reason=why)
