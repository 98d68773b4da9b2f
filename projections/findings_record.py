"""What the records of one case say against each other: order, forms, service, and the two sides of a handoff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.events import detainer, episode, handoff
from domain.events.agency import is_ice
from domain.events.fields import DecisionPoint
from domain.events.instrument import AgreementModel
from domain.instants import MINNESOTA, local
from projections.conduct import NOTICE_FORMS, done_at, forms_of, immigration_hold, kept
from projections.decisions import Decision
from projections.explained.wording import spaced
from projections.facts import Case
from projections.finding import Finding, Kind, Setting, found, joined, moment_words, sheets_around, when_words
from projections.findings_conduct import HOLD
from projections.leaving import DEPARTURES
from projections.recorded import Recorded

POLICY_10074_2_SINCE = datetime(2017, 4, 2, tzinfo=MINNESOTA)
CONFIRMED_WITHIN = timedelta(hours=72)
IN_JAIL_MODELS = {AgreementModel.WARRANT_SERVICE_OFFICER.value, AgreementModel.JAIL_ENFORCEMENT.value}


def record_findings(case: Case, made: Sequence[Decision], setting: Setting) -> Iterator[Finding]:
    """Yield what the case's records say against each other."""
    yield from _ended_before_booking(case)
    yield from _hold_without_request(case)
    yield from _hold_not_served(case, made)
    yield from _without_warrant(case)
    yield from _declined(case)
    yield from _transfer(case, setting)
    yield from _service_not_listed(case, setting)


def _ended_before_booking(case: Case) -> Iterator[Finding]:
    """Compare each end of custody with the first booking at the same facility."""
    booked = case.first(episode.SubjectBooked)
    if booked is None or booked.occurred.earliest is None:
        return
    for event in case.of(*DEPARTURES):
        at = event.occurred.latest
        same = getattr(event.data, "facility", None) == getattr(booked.data, "facility", None)
        if same and at is not None and at < booked.occurred.earliest:
            transfer = isinstance(event.data, handoff.CustodyTransferred)
            kind = Kind.TRANSFER_BEFORE_BOOKING if transfer else Kind.RELEASE_BEFORE_BOOKING
            times = {"ended": when_words(event.occurred), "booked": when_words(booked.occurred)}
            yield found(kind, [event, booked], says={"by": event.agency, **times})


def _hold_without_request(case: Case) -> Iterator[Finding]:
    for event in case.of(episode.HoldPlaced):
        hold = immigration_hold(event)
        forms = forms_of(case, event, hold) if hold else []
        if forms and all(data.form in NOTICE_FORMS for _, data in forms):
            events = [event, *(form for form, _ in forms)]
            form = joined(data.form.value for _, data in forms)
            yield found(Kind.HOLD_WITHOUT_REQUEST, events, point=HOLD, says={"by": event.agency, "form": form})


def _hold_not_served(case: Case, made: Sequence[Decision]) -> Iterator[Finding]:
    """Find holds still there when release was due, on an I-247A whose service the custodian did not record."""
    for decision in made:
        facts = decision.facts
        if decision.determination.decision_point is not HOLD or facts.get("detainer_served_recorded") is not False:
            continue
        held = kept(case, decision)
        holds = [event for event in held.by if immigration_hold(event)] if held else []
        if holds and facts.get("detainer_form") == detainer.DetainerForm.I_247A.value:
            yield found(Kind.HOLD_NOT_SERVED, holds, point=HOLD, rules=["US-I247A-3"], says={"by": holds[0].agency})


def _without_warrant(case: Case) -> Iterator[Finding]:
    for event, data in case.pairs(detainer.DetainerPrepared):
        since = event.occurred.earliest is not None and event.occurred.earliest >= POLICY_10074_2_SINCE
        bare = data.warrant_attached is detainer.AttachedWarrant.NONE
        if since and bare and data.form is detainer.DetainerForm.I_247A:
            point = DecisionPoint.ISSUE_DETAINER
            yield found(Kind.POLICY_10074_2, [event], point=point, rules=["US-ICE-10074.2"], says={"by": event.agency})


def _declined(case: Case) -> Iterator[Finding]:
    """Hold ICE's word that a custodian declined against the custodian's own record."""
    said = _declines(case)
    if not said or case.custodian is None:
        return
    custodian = case.custodian.agency
    ice = said[0].event.agency
    says = {"ice": ice, "said": said[0].words, "by": custodian}
    events = [decline.event for decline in said]
    own = [event for event in case.events if event.agency == custodian]
    handed = [event for event in done_at(case, DecisionPoint.HAND_OVER) if event.agency == custodian]
    if handed:
        says["to"] = _receiver(handed[0])
        yield found(Kind.DECLINED_AND_TRANSFERRED, [*events, *handed], says=says)
    elif not own:
        yield found(Kind.DECLINED_ONE_SIDED, events, who=[ice, custodian], says=says)
    elif not any(_answers_or_ends(event) for event in own):
        yield found(Kind.DECLINED_UNMATCHED, events, who=[ice, custodian], says=says)


@dataclass(frozen=True, slots=True)
class Decline:
    """ICE's word that the custodian declined, as it printed it."""

    event: Recorded
    words: str


def _declines(case: Case) -> list[Decline]:
    told = []
    for event in case.of(detainer.DetainerLifted, detainer.DetainerDeclinedAsserted):
        data = event.data
        if isinstance(data, detainer.DetainerLifted) and data.lift_code is detainer.LiftCode.DECLINED_BY_LEA:
            told.append(Decline(event, data.lift_reason_as_printed))
        elif isinstance(data, detainer.DetainerDeclinedAsserted):
            told.append(Decline(event, data.words or "declined"))
    return told


def _answers_or_ends(event: Recorded) -> bool:
    data = event.data
    if isinstance(data, detainer.DetainerResponseDecided):
        return False in data.elements.model_dump().values()
    refusals = (detainer.DetainerNotHonored, handoff.NoticeWithheld, handoff.InterviewDenied)
    return isinstance(data, (*refusals, *DEPARTURES))


def _receiver(event: Recorded) -> str:
    return str(getattr(event.data, "receiving_agency", None) or getattr(event.data, "to_agency", ""))


def _transfer(case: Case, setting: Setting) -> Iterator[Finding]:
    """Hold the custodian's word that custody passed to ICE against what ICE recorded."""
    told = [event for event in done_at(case, DecisionPoint.HAND_OVER) if not is_ice(event.agency)]
    if not told:
        return
    says: dict[str, object] = {"by": told[0].agency, "to": _receiver(told[0])}
    contested = list(case.of(handoff.CustodyTransferContested))
    if contested:
        says["other"] = contested[0].agency
        yield found(Kind.TRANSFER_CONTESTED, [*told, *contested], point=DecisionPoint.HAND_OVER, says=says)
        return
    first = told[0].occurred
    limit = first.latest + CONFIRMED_WITHIN if first.latest else None
    if limit is None or setting.ice_reaches is None or setting.ice_reaches <= limit:
        return
    if not any(event.occurred.maybe_by(limit) for event in _ice_took(case)):
        says["when"] = when_words(first)
        says["hours"] = int(CONFIRMED_WITHIN.total_seconds() // 3600)
        says["reach"] = moment_words(local(setting.ice_reaches))
        who = [told[0].agency, _receiver(told[0])]
        yield found(Kind.TRANSFER_UNCONFIRMED, told, point=DecisionPoint.HAND_OVER, who=who, says=says)


def _ice_took(case: Case) -> Iterator[Recorded]:
    """Yield ICE's own records that it has the person."""
    for event in case.of(handoff.CustodyTransferred, handoff.CustodyTransferConfirmed, detainer.DetainerLifted):
        data = event.data
        lifted = isinstance(data, detainer.DetainerLifted)
        booked_in = lifted and getattr(data, "lift_code", None) is detainer.LiftCode.BOOKED_INTO_DETENTION
        if is_ice(event.agency) and (booked_in or not lifted):
            yield event


def _service_not_listed(case: Case, setting: Setting) -> Iterator[Finding]:
    """Find service by a local officer of an agency that the lists nearest to that day do not show."""
    if setting.agreements is None or case.custodian is None:
        return
    agency = case.custodian.agency
    for event, data in case.pairs(handoff.AdministrativeWarrantServed):
        sheets = sheets_around(setting.agreements, agency, event.occurred)
        if data.served_by is handoff.WarrantServer.ICE or sheets is None:
            continue
        bounds = [bound for bound in (event.occurred.earliest, event.occurred.latest) if bound]
        listed = {model for moment in bounds for model, _ in setting.agreements.in_force(agency, moment)}
        if not listed & IN_JAIL_MODELS:
            says = {"by": event.agency, "agency": agency, "officer": spaced(data.served_by.value), "sheets": sheets}
            says |= {"warrant": data.warrant.value, "when": when_words(event.occurred)}
            yield found(Kind.SERVICE_NOT_LISTED, [event], point=DecisionPoint.SERVE_ADMIN_WARRANT, says=says)
