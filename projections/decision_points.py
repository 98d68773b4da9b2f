"""Where in a case a rule may speak: the decision points that arose, when, and until when each stayed open.

    ask_status           commitment, an inquiry into nationality, or a notice that refers the person to ICE
    share_information    that notice, or a claim of citizenship, which is told to ICE
    share_booking        the booking, where ICE's form rests on a biometric match with it
    allow_interview      an interview was asked for, answered, held or denied
    serve_detainer       a form was received, or served on the person
    commitment_notice    commitment, or the notice of it
    release_notice       a detainer or a request for notice was there, or notice was sent or withheld
    hold_past_release    an immigration hold, or a detainer that asks for one, was there when release was due
    serve_admin_warrant  an I-200 or I-205 was served; it is the server's decision
    hand_over            custody passed to ICE, a pickup was arranged, or somebody with a detainer was let go
    post_transfer_hold   legal custody passed to another agency while the person stayed
    house_for_ice        ICE booked the person in on no criminal charge, or its transfer names another's facility
    issue_detainer       a form was prepared; it is the issuer's decision
    publish_handoff      custody passed to ICE
    seal_record          the record was sealed
    enter_agreement      an agreement was signed, listed, or put before a board

Each arises at most once in a case: of several forms the latest counts, of several transfers the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from domain.events import detainer, episode, handoff, instrument, record
from domain.events.agency import ICE, is_ice
from domain.events.fields import DecisionPoint, EventData
from domain.instants import Instant
from projections.facts import (
    HOLD_FORMS,
    RECEIPTS,
    Case,
    Custodian,
    active_detainers,
    active_holds,
    latest_detainer,
    service_of_warrant,
)
from projections.leaving import DEPARTURES, RELEASES, hold_ends, left_at, release_due
from projections.recorded import Recorded

PICKUPS = (handoff.PickupArrived, handoff.PickupNoShow, handoff.PickupScheduled)
ICE_ITSELF = Custodian("ice_facility", "", ICE)
CBP_ITSELF = Custodian("", "", "us-cbp")

# What each point's acts are: events of these types show what was done, and the rules cited with them.
ACTS: dict[DecisionPoint, tuple[type[EventData], ...]] = {
    DecisionPoint.ASK_STATUS: (episode.NationalityInquired, episode.CommitmentNoticeSent),
    DecisionPoint.SHARE_INFORMATION: (episode.CommitmentNoticeSent, handoff.CitizenshipClaimAsserted),
    DecisionPoint.SHARE_BOOKING: (episode.SubjectBooked,),
    DecisionPoint.ALLOW_INTERVIEW: (
        handoff.InterviewConsentRecorded,
        handoff.InterviewHeld,
        handoff.InterviewDenied,
    ),
    DecisionPoint.SERVE_DETAINER: (detainer.DetainerServedOnSubject,),
    DecisionPoint.COMMITMENT_NOTICE: (episode.CommitmentNoticeSent,),
    DecisionPoint.RELEASE_NOTICE: (handoff.ReleaseNoticeSent, handoff.NoticeWithheld),
    DecisionPoint.HOLD_PAST_RELEASE: (
        episode.HoldPlaced,
        episode.HoldEnded,
        detainer.DetainerNotHonored,
        detainer.DetainerExpiredUnclaimed,
        handoff.AdministrativeWarrantServed,
        handoff.PostTransferDetentionStarted,
        handoff.PostTransferDetentionEnded,
        *DEPARTURES,
    ),
    DecisionPoint.SERVE_ADMIN_WARRANT: (handoff.AdministrativeWarrantServed,),
    DecisionPoint.HAND_OVER: (
        *DEPARTURES,
        handoff.CustodyTransferConfirmed,
        *PICKUPS,
        handoff.PickupCancelled,
    ),
    DecisionPoint.POST_TRANSFER_HOLD: (
        handoff.PostTransferDetentionStarted,
        handoff.PostTransferDetentionEnded,
        *DEPARTURES,
    ),
    DecisionPoint.HOUSE_FOR_ICE: (episode.SubjectBooked, handoff.CustodyTransferred, handoff.CustodyTransferConfirmed),
    DecisionPoint.ISSUE_DETAINER: (
        detainer.DetainerPrepared,
        detainer.DetainerTransmitted,
        detainer.DetainerCancelled,
    ),
    DecisionPoint.PUBLISH_HANDOFF: (handoff.CustodyTransferred, episode.ReleasedToAgency),
    DecisionPoint.SEAL_RECORD: (record.RecordSealed, record.SealLifted),
    DecisionPoint.ENTER_AGREEMENT: (
        instrument.AgreementSigned,
        instrument.AgreementListed,
        instrument.BoardApprovalRecorded,
    ),
}


# What doing the thing that a point is about looks like in the record; a hold past release is no single act.
DOING: dict[DecisionPoint, tuple[type[EventData], ...]] = {
    DecisionPoint.RELEASE_NOTICE: (handoff.ReleaseNoticeSent,),
    DecisionPoint.HAND_OVER: (handoff.CustodyTransferred, episode.ReleasedToAgency),
    DecisionPoint.COMMITMENT_NOTICE: (episode.CommitmentNoticeSent,),
    DecisionPoint.ASK_STATUS: (episode.NationalityInquired,),
    DecisionPoint.ALLOW_INTERVIEW: (handoff.InterviewHeld,),
    DecisionPoint.SERVE_ADMIN_WARRANT: (handoff.AdministrativeWarrantServed,),
    DecisionPoint.SERVE_DETAINER: (detainer.DetainerServedOnSubject,),
    DecisionPoint.POST_TRANSFER_HOLD: (handoff.PostTransferDetentionStarted,),
}


@dataclass(frozen=True, slots=True)
class Arisen:
    """A decision point that arose `at` and stayed open `until`; without an upper bound it still is.

    `bearer` is whose decision it is, None if that is not known.
    """

    point: DecisionPoint
    at: Instant
    until: Instant
    bearer: Custodian | None


def arisen_points(case: Case) -> Iterator[Arisen]:
    """Yield each decision point that arose in the case, at most once."""
    yield from sorted(
        (found for finder in FINDERS if (found := finder(case))),
        key=lambda found: (found.at.sort_key, found.point.value),
    )


def _spanning(case: Case, point: DecisionPoint, shows: tuple[type[EventData], ...]) -> Arisen | None:
    """Return a point that arose with the first event that shows it and stayed open until the last."""
    told = [event.occurred for event in case.of(*shows)]
    return Arisen(point, told[0], told[-1], case.custodian) if told else None


def _at_once(case: Case, point: DecisionPoint, at: Instant) -> Arisen:
    return Arisen(point, at, at, case.custodian)


def _ask_status(case: Case) -> Arisen | None:
    shows = (episode.CommittedToInstitution, episode.NationalityInquired, episode.CommitmentNoticeSent)
    return _spanning(case, DecisionPoint.ASK_STATUS, shows)


def _commitment_notice(case: Case) -> Arisen | None:
    """What was asked about nationality bears on the notice, but does not call for one."""
    shown = case.first(episode.CommittedToInstitution, episode.CommitmentNoticeSent)
    if shown is None:
        return None
    bears = (episode.CommittedToInstitution, episode.NationalityInquired, episode.CommitmentNoticeSent)
    last = list(case.of(*bears))[-1]
    return Arisen(DecisionPoint.COMMITMENT_NOTICE, shown.occurred, last.occurred, case.custodian)


def _share_information(case: Case) -> Arisen | None:
    shared = case.first(*ACTS[DecisionPoint.SHARE_INFORMATION])
    return _at_once(case, DecisionPoint.SHARE_INFORMATION, shared.occurred) if shared else None


def _share_booking(case: Case) -> Arisen | None:
    booked = case.first(episode.SubjectBooked)
    bases = {base for _, data in case.pairs(detainer.DetainerPrepared) for base in data.bases}
    if booked is None or detainer.ProbableCause.BIOMETRIC_MATCH not in bases:
        return None
    return _at_once(case, DecisionPoint.SHARE_BOOKING, booked.occurred)


def _allow_interview(case: Case) -> Arisen | None:
    shown = (
        case.first(handoff.InterviewHeld, handoff.InterviewDenied)
        or case.first(handoff.InterviewConsentRecorded)
        or case.first(handoff.InterviewRequested)
    )
    return _at_once(case, DecisionPoint.ALLOW_INTERVIEW, shown.occurred) if shown else None


def _serve_detainer(case: Case) -> Arisen | None:
    return _spanning(case, DecisionPoint.SERVE_DETAINER, (*RECEIPTS, detainer.DetainerServedOnSubject))


def _serve_admin_warrant(case: Case) -> Arisen | None:
    """It is the decision of whoever's officer served it."""
    served = service_of_warrant(case, Instant.unknown())
    if served is None:
        return None
    event, at = served
    by_ice = getattr(event.data, "served_by", None) is handoff.WarrantServer.ICE
    return Arisen(DecisionPoint.SERVE_ADMIN_WARRANT, at, at, ICE_ITSELF if by_ice else case.custodian)


def _post_transfer_hold(case: Case) -> Arisen | None:
    """A service or a transfer counts that passes legal custody while nobody is recorded as gone by then."""
    for event in case.events:
        data = event.data
        stays = isinstance(data, handoff.PostTransferDetentionStarted)
        if isinstance(data, handoff.AdministrativeWarrantServed) and data.legal_custody_to:
            stays = not any(_gone_by(other, event.occurred) for other in case.of(*DEPARTURES))
        if isinstance(data, handoff.CustodyTransferred) and data.physical_at:
            stays = event.occurred.surely_before(data.physical_at)
        if stays:
            at = event.occurred
            ends = case.of(handoff.PostTransferDetentionEnded, *DEPARTURES)
            until = _last([left_at(end) for end in ends], at)
            return Arisen(DecisionPoint.POST_TRANSFER_HOLD, at, until, case.custodian)
    return None


def _gone_by(departure: Recorded, at: Instant) -> bool:
    left = left_at(departure)
    return at.earliest is not None and left.surely_by(at.earliest)


def _house_for_ice(case: Case) -> Arisen | None:
    """ICE's own holding places are not meant: the point is about those who house people for ICE."""
    for event, booked in case.pairs(episode.SubjectBooked):
        civil = booked.booking_category is episode.BookingCategory.ADMINISTRATIVE
        if civil and is_ice(booked.arresting_agency or "") and _is_another(case.custodian):
            return _at_once(case, DecisionPoint.HOUSE_FOR_ICE, event.occurred)
    for event, moved in case.pairs(handoff.CustodyTransferred):
        host = case.custodians.get(moved.receiving_facility or "")
        if host and is_ice(moved.receiving_agency) and _is_another(host):
            return Arisen(DecisionPoint.HOUSE_FOR_ICE, event.occurred, event.occurred, host)
    return None


def _is_another(host: Custodian | None) -> bool:
    return host is not None and not is_ice(host.agency)


def _issue_detainer(case: Case) -> Arisen | None:
    found = latest_detainer(case, Instant.unknown())
    if found is None:
        return None
    event, data = found
    return Arisen(DecisionPoint.ISSUE_DETAINER, event.occurred, event.occurred, _issuer(case, event, data))


def _issuer(case: Case, event: Recorded, data: detainer.DetainerPrepared) -> Custodian | None:
    """Take whom the form names, else whoever tells of it; a local officer issues from the officer's own jail."""
    if data.issued_by is detainer.DetainerIssuer.CBP:
        return CBP_ITSELF
    if not is_ice(event.agency):
        return case.agency(event.agency)
    return case.custodian if data.issued_by is detainer.DetainerIssuer.JEM_LOCAL_OFFICER else ICE_ITSELF


def _publish_handoff(case: Case) -> Arisen | None:
    for event in case.of(handoff.CustodyTransferred, episode.ReleasedToAgency):
        data = event.data
        to = data.to_agency if isinstance(data, episode.ReleasedToAgency) else getattr(data, "receiving_agency", "")
        if is_ice(to):
            return _at_once(case, DecisionPoint.PUBLISH_HANDOFF, event.occurred)
    return None


def _seal_record(case: Case) -> Arisen | None:
    return _spanning(case, DecisionPoint.SEAL_RECORD, (record.RecordSealed,))


def _enter_agreement(case: Case) -> Arisen | None:
    """The moment is the signing, as a party tells it or as ICE printed it last; what a board says later bears on it."""
    signed = [data.signed for _, data in case.pairs(instrument.AgreementSigned)]
    printed = [
        event.data.signed
        for event in case.events
        if isinstance(event.data, instrument.AgreementListed | instrument.AgreementCorrected)
    ]
    spoken = [event.occurred for event in case.of(instrument.BoardApprovalRecorded)]
    told = signed[-1:] or printed[-1:] or spoken[:1]
    if not told:
        return None
    at = told[0]
    return Arisen(DecisionPoint.ENTER_AGREEMENT, at, _last([at, *spoken], at), case.custodian)


def _hold_past_release(case: Case) -> Arisen | None:
    due = release_due(case)
    if due is None:
        return None
    holds = [event for event, hold in case.pairs(episode.HoldPlaced) if hold.kind is episode.HoldKind.IMMIGRATION]
    there = [event for event, hold in active_holds(case, due.at) if event in holds]
    asked = [event for event, data in active_detainers(case, due.at) if data.form in HOLD_FORMS]
    later = [event for event in holds if event.occurred.sort_key > due.at.sort_key]
    if there or asked:
        at = due.at
    elif later:
        at = later[0].occurred
    else:
        return None
    until = _last([event.occurred for event in hold_ends(case)], at)
    return Arisen(DecisionPoint.HOLD_PAST_RELEASE, at, until, case.custodian)


def _last(told: list[Instant], at: Instant) -> Instant:
    """Return the latest from a moment on, or all time after it where nothing is told."""
    still_open = Instant.between(at.earliest, None) if at.earliest else Instant.unknown()
    after = [instant for instant in told if not instant.surely_before(at)]
    return max(after, key=lambda instant: instant.sort_key, default=still_open)


def _release_notice(case: Case) -> Arisen | None:
    answer = case.first(handoff.ReleaseNoticeSent, handoff.NoticeWithheld)
    asked = case.first(detainer.DetainerReceived, handoff.ReleaseNoticeRequested) or case.first(
        detainer.DetainerPrepared, detainer.DetainerTransmitted
    )
    if answer:
        return _at_once(case, DecisionPoint.RELEASE_NOTICE, answer.occurred)
    if asked is None:
        return None
    due = release_due(case)
    at = due.at if due and any(active_detainers(case, due.at)) else asked.occurred
    return _at_once(case, DecisionPoint.RELEASE_NOTICE, at)


def _hand_over(case: Case) -> Arisen | None:
    found = next(_hand_overs(case), None)
    return _at_once(case, DecisionPoint.HAND_OVER, found.occurred) if found else None


def _hand_overs(case: Case) -> Iterator[Recorded]:
    """Yield what shows the point arose, the strongest evidence first."""
    known = case.first(detainer.DetainerPrepared, detainer.DetainerReceived) is not None
    for event, data in case.pairs(handoff.CustodyTransferred):
        if known or is_ice(data.receiving_agency):
            yield event
    for event, released in case.pairs(episode.ReleasedToAgency):
        if is_ice(released.to_agency):
            yield event
    for event in case.of(*RELEASES):
        if any(active_detainers(case, event.occurred)):
            yield event
    for cls in PICKUPS:
        yield from case.of(cls)


FINDERS: tuple[Callable[[Case], Arisen | None], ...] = (
    _ask_status,
    _share_information,
    _share_booking,
    _allow_interview,
    _serve_detainer,
    _commitment_notice,
    _release_notice,
    _hold_past_release,
    _serve_admin_warrant,
    _hand_over,
    _post_transfer_hold,
    _house_for_ice,
    _issue_detainer,
    _publish_handoff,
    _seal_record,
    _enter_agreement,
)
