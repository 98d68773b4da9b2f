"""Detainers: the form, what the custodian answers, and what ICE says became of it."""

from __future__ import annotations

from collections.abc import Callable

from adapters.simulator import rates
from adapters.simulator.bookings import book, set_bail
from adapters.simulator.case import ICE, Case
from adapters.simulator.handoffs import (
    give_notice,
    hand_over,
    nobody_came,
    overhold,
    release,
)
from adapters.simulator.places import Draw
from adapters.simulator.rates import DAY, HOUR, MINUTE
from adapters.simulator.wire import local_text
from domain.events import detainer as d
from domain.events import episode as e
from domain.events import handoff as h

LIFT_CODES = {
    "Booked into Detention": "B",
    "Detainer Declined by LEA": "A",
    "Case Closed": "C",
    "USC or Presumptive Claim to US Citizenship": "U",
    "Noncitizen Not Amenable to Removal": "N",
}
ENDINGS = {lift: Draw(endings) for lift, endings in rates.JAIL_ENDINGS.items()}
OTHER_ENDINGS = Draw(rates.OTHER_JAIL_ENDINGS)
FORMS = Draw(
    (
        (("I-247A", "I-247A - Immigration Detainer - Notice of Action"), 0.60),
        (("I-247A", "I-247A - Immigration Detainer - Notice of Action (as of May 2025)"), 0.34),
        (("I-247G", "I-247G - Request for Advance Notification of Release"), 0.06),
    )
)
BASES = ("final_order", "pending_proceedings", "biometric_match", "statements")


def jail_case(case: Case, printed: str, lift: str | None) -> None:
    """Tell one jail booking that ICE asks for, ending as ICE's lift reason suggests (None: it gives none)."""
    rng = case.rng
    book(case, prompt=True)
    case.ask(printed)
    asked = case.booked + rng.randrange(2 * HOUR, 30 * HOUR)
    set_bail(case, case.booked + rng.randrange(10 * HOUR, 30 * HOUR))
    prepare(case, asked)
    holds = answer(case, asked + rng.randrange(15 * MINUTE, 4 * HOUR))
    eligible = asked + rng.randrange(14 * HOUR, 6 * DAY)
    ending = ENDINGS.get(lift, OTHER_ENDINGS).from_(rng)
    if ending == "no_show" and not case.policy.notifies:
        ending = "released"  # nobody can fail to come who was not told
    ended = JAIL_STORIES[ending](case, eligible, holds)
    say_lifted(case, ended, lift)


def prepare(case: Case, at: int) -> None:
    """ICE prepares and sends the form."""
    rng = case.rng
    form, words = FORMS.from_(rng)
    case.ice_asks(
        d.DetainerPrepared,
        h.ReleaseNoticeRequested,
        at,
        form=form,
        form_as_printed=words,
        facility_as_printed=case.printed,
        notify_requested=True,
        bases=[rng.choice(BASES)],
        box=1,
        warrant_attached="I-205" if rng.random() < 0.4 else "I-200",
        issued_by="ice_officer",
    )
    case.ice_form(d.DetainerTransmitted, at + 12 * MINUTE, HOUR, channel="fax" if rng.random() < 0.5 else "email")


def answer(case: Case, at: int) -> bool:
    """The custodian takes the form in and decides; return whether it places a hold."""
    rng, policy = case.rng, case.policy
    case.form(d.DetainerReceived, at, channel="fax")
    if rng.random() < 0.6:
        case.form(d.DetainerAcknowledged, at + 20 * MINUTE)
    if rng.random() < 0.55:
        case.form(d.DetainerServedOnSubject, at + rng.randrange(HOUR, 8 * HOUR))
    if rng.random() < 0.15:
        case.held(e.ConsularNotificationOffered, at + HOUR, accepted=rng.random() < 0.3)
    holds = rng.random() < policy.holds
    elements = {"will_notify": policy.notifies > 0, "will_hold": holds}
    case.form(
        d.DetainerResponseDecided,
        at + HOUR,
        elements=elements,
        decided_by_role="jail administrator",
        **policy.on_hold,
    )
    if holds:
        case.held(
            e.HoldPlaced,
            at + 70 * MINUTE,
            hold="ICE",
            kind="immigration",
            requested_by=ICE,
            detainer=case.detainer,
            clock="C2",
        )
    return holds


def say_lifted(case: Case, ended: int, lift: str | None) -> None:
    """ICE's word on the detainer, days after; it may say what the custodian's own record does not."""
    if lift is None:
        return
    at = ended + case.rng.randrange(HOUR, 2 * DAY)
    code = LIFT_CODES.get(lift, "L")
    told = {"lift_reason_as_printed": lift, "asserted_by": ICE, "lift_code": code}
    case.ice_form(d.DetainerLifted, at, rates.LIFT_DELAY, **told)
    if code == "A" and case.rng.random() < 0.2:
        case.ice_form(d.DetainerDeclinedAsserted, at, rates.LIFT_DELAY, asserted_by=ICE, words=lift)


def _handed_over(case: Case, eligible: int, holds: bool) -> int:
    give_notice(case, eligible)
    return hand_over(case, eligible, holds)


def _released(case: Case, eligible: int, holds: bool) -> int:
    give_notice(case, eligible)
    out = overhold(case, eligible)
    if not holds and case.rng.random() < 0.15:
        case.form(d.DetainerNotHonored, out, reason="not held past release", **case.policy.on_hold)
    return release(case, eligible, out, holds)


def _no_show(case: Case, eligible: int, holds: bool) -> int:
    give_notice(case, eligible, surely=True)
    return nobody_came(case, eligible, holds)


def _in_custody(case: Case, eligible: int, holds: bool) -> int:  # noqa: ARG001 - one shape for every story
    """Charges still keep the person; nothing has ended."""
    if case.rng.random() < 0.5:
        ahead = local_text(eligible + case.rng.randrange(10 * DAY, 90 * DAY))
        case.held(e.ProjectedReleaseSet, eligible - 4 * HOUR, projected_release_at=ahead)
    return eligible


def _to_other_agency(case: Case, eligible: int, holds: bool) -> int:
    if holds:
        case.held(e.HoldEnded, eligible, hold="ICE", kind="immigration", end_reason="left for another agency")
    case.held(e.ReleasedToAgency, eligible, to_agency="us-usms", legal_basis="writ")
    return eligible


def _citizen(case: Case, eligible: int, holds: bool) -> int:
    claimed = eligible - 12 * HOUR
    case.transfer(h.CitizenshipClaimAsserted, claimed)
    case.ice_transfer(h.CitizenshipClaimResolved, claimed + 5 * HOUR, is_citizen=True)
    case.ice_form(d.DetainerCancelled, claimed + 6 * HOUR, reason="claim to US citizenship")
    return release(case, eligible, overhold(case, eligible), holds)


def _superseded(case: Case, eligible: int, holds: bool) -> int:
    """A new form about the same person takes the old one's place; the old one is lifted for that."""
    old = case.detainer, case.handoff
    case.ask(case.printed)
    prepare(case, eligible - 11 * HOUR)
    new, (case.detainer, case.handoff) = case.detainer, old
    case.ice_form(d.DetainerSuperseded, eligible - 10 * HOUR, superseded_by=new)
    return _in_custody(case, eligible, holds)


JAIL_STORIES: dict[str, Callable[[Case, int, bool], int]] = {
    "handed_over": _handed_over,
    "released": _released,
    "no_show": _no_show,
    "in_custody": _in_custody,
    "to_other_agency": _to_other_agency,
    "citizen": _citizen,
    "superseded": _superseded,
}
