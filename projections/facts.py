"""The flat facts of one case at one decision point, from what was recorded; what is not known is left out.

Facts named `..._recorded` speak of the record: they are false only if the custodian itself has published
something about the case; a detainer that only ICE has told of does not say what the jail has on paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from domain.events import detainer, episode, handoff, instrument
from domain.events.fields import EventData
from domain.events.instrument import AgreementModel
from domain.instants import Instant
from domain.rules.pack import Model
from domain.rules.vocabulary import FactValue
from projections.recorded import Recorded

HOLD_FORMS = (detainer.DetainerForm.I_247, detainer.DetainerForm.I_247A, detainer.DetainerForm.I_247D)
DETAINER_ENDS = (detainer.DetainerLifted, detainer.DetainerCancelled, detainer.DetainerSuperseded)
RECEIPTS = (detainer.DetainerReceived, detainer.DetainerAcknowledged)
KNOWN_NATIONALITY = (episode.NationalityResult.CITIZEN, episode.NationalityResult.NON_CITIZEN)
CONSENT = {handoff.Consent.YES: "given", handoff.Consent.NO: "refused", handoff.Consent.COUNSEL: "counsel"}
OWN_CASE = (episode.ChargeFiled, episode.SentenceImposed, episode.CommittedToInstitution)

DataT = TypeVar("DataT", bound=EventData)


@dataclass(frozen=True, slots=True)
class Custodian:
    """Who decides: the agency that runs a facility, as the register has it; `kind` and `county` may be empty."""

    kind: str
    county: str
    agency: str


class AgreementsInForce(Protocol):
    """Which 287(g) agreements an agency has at a moment."""

    def in_force(self, agency: str, moment: datetime) -> tuple[tuple[str, str], ...]:
        """Return (model, "yes" or "unknown") for each that is, or may be, in force; any other is not."""
        ...

    def listings(self, agency: str, moment: datetime) -> tuple[dict[str, Any], ...]:
        """Return which sheets say so; `projections.agreements` draws an entry."""
        ...


class Case:
    """The recorded events of one case, asked by type, oldest first."""

    def __init__(self, events: Sequence[Recorded], custodians: Mapping[str, Custodian]) -> None:
        self.events = sorted(events, key=lambda event: (event.occurred.sort_key, event.position))
        self.custodians = custodians
        self.custodian = self._find_custodian()

    def _find_custodian(self) -> Custodian | None:
        """Take the facility of the episode, else of the handoff, else the detainer's addressee, else who signed."""
        for family in (episode.EpisodeData, handoff.HandoffData, detainer.DetainerData):
            for event in self.events:
                found = getattr(event.data, "facility", None) if isinstance(event.data, family) else None
                if isinstance(found, str) and found in self.custodians:
                    return self.custodians[found]
        for _, signed in self.pairs(instrument.AgreementData):
            return self.agency(signed.agency, signed.county or "")
        return None

    def agency(self, agency: str, county: str = "") -> Custodian:
        """Return an agency as one that decides, with the kind and county that all its facilities have."""
        own = [custodian for custodian in self.custodians.values() if custodian.agency == agency]
        kinds, counties = {custodian.kind for custodian in own}, {custodian.county for custodian in own}
        return Custodian(_only(kinds), county or _only(counties), agency)

    def of(self, *types: type[EventData]) -> Iterator[Recorded]:
        """Yield the events of the given types."""
        return (event for event in self.events if isinstance(event.data, types))

    def first(self, *types: type[EventData]) -> Recorded | None:
        """Return the earliest event of the given types."""
        return next(self.of(*types), None)

    def pairs(self, cls: type[DataT]) -> Iterator[tuple[Recorded, DataT]]:
        """Yield the events of one type with their typed data."""
        for event in self.events:
            if isinstance(event.data, cls):
                yield event, event.data

    @property
    def custodian_speaks(self) -> bool:
        """Say whether the custodian itself published anything about the case."""
        return self.custodian is not None and any(event.agency == self.custodian.agency for event in self.events)


def _only(values: set[str]) -> str:
    return next(iter(values)) if len(values) == 1 else ""


def by(event: Recorded, until: Instant) -> bool:
    """Say whether an event can have happened by the end of `until`; one without bounds can always have."""
    return until.latest is None or event.occurred.maybe_by(until.latest)


def active_detainers(case: Case, at: Instant) -> Iterator[tuple[Recorded, detainer.DetainerPrepared]]:
    """Yield the detainers prepared by then that had not surely ended before."""
    for event, data in case.pairs(detainer.DetainerPrepared):
        ends = [end for end in case.of(*DETAINER_ENDS) if end.stream == event.stream]
        if by(event, at) and not any(end.occurred.surely_before(at) for end in ends):
            yield event, data


def active_holds(case: Case, at: Instant) -> Iterator[tuple[Recorded, episode.HoldPlaced]]:
    """Yield the holds placed by then that had not surely ended before."""
    for event, data in case.pairs(episode.HoldPlaced):
        ends = [end for end, ended in case.pairs(episode.HoldEnded) if ended.hold == data.hold]
        if by(event, at) and not any(end.occurred.surely_before(at) for end in ends):
            yield event, data


def latest_detainer(case: Case, until: Instant) -> tuple[Recorded, detainer.DetainerPrepared] | None:
    """Return the latest detainer active by then, else the latest prepared by then."""
    active = list(active_detainers(case, until))
    told = active or [pair for pair in case.pairs(detainer.DetainerPrepared) if by(pair[0], until)]
    return told[-1] if told else None


def facts_of(
    case: Case, bearer: Custodian | None, at: Instant, until: Instant, agreements: AgreementsInForce | None
) -> dict[str, FactValue]:
    """Return the facts at a decision point that arose `at` and stayed open `until` (the end of a hold, say).

    `bearer` is whose decision it is. Without `agreements` (no list was ever imported) nothing is known of them.
    """
    facts: dict[str, FactValue] = {}
    if bearer:
        found = {"facility_kind": bearer.kind, "county": bearer.county, "agency": bearer.agency}
        facts.update({name: value for name, value in found.items() if value})
        facts.update(agreement_facts(bearer.agency, at, agreements))
    facts.update(_detainer_facts(case, until))
    facts.update(_record_facts(case, at, until))
    facts.update(_person_facts(case, until))
    facts.update(_referral_facts(case, until))
    facts.update(_answer_facts(case, until))
    facts.update(_hand_off_facts(case, until))
    facts.update(_entering_facts(case, until))
    return facts


def agreement_facts(agency: str, at: Instant, agreements: AgreementsInForce | None) -> Iterator[tuple[str, FactValue]]:
    """Yield `agreement_wso` and the like, so far as they are known over the whole moment."""
    if agreements is None or at.earliest is None or at.latest is None:
        return
    bounds = [dict(agreements.in_force(agency, moment)) for moment in (at.earliest, at.latest)]
    for model in Model:
        values = {found.get(AgreementModel(model.value).value, "no") for found in bounds}
        if len(values) == 1 and "unknown" not in values:
            yield model.fact, values == {"yes"}


def _detainer_facts(case: Case, until: Instant) -> dict[str, FactValue]:
    facts: dict[str, FactValue] = {}
    found = latest_detainer(case, until)
    if found is None:
        if case.custodian_speaks and not _immigration_hold_known(case) and not case.first(*RECEIPTS):
            facts["detainer_form"] = "none"
        return facts
    _, latest = found
    if latest.form is not detainer.DetainerForm.UNKNOWN:
        facts["detainer_form"] = latest.form.value
    if latest.box is not None:
        facts["detainer_box"] = latest.box
    if latest.warrant_attached is not None:
        facts["admin_warrant_attached"] = latest.warrant_attached.value
    if latest.final_order is not None:
        facts["final_order_of_removal"] = latest.final_order
    elif detainer.ProbableCause.FINAL_ORDER in latest.bases:
        facts["final_order_of_removal"] = True
    return facts


def _immigration_hold_known(case: Case) -> bool:
    return any(data.kind is episode.HoldKind.IMMIGRATION for _, data in case.pairs(episode.HoldPlaced))


def _record_facts(case: Case, at: Instant, until: Instant) -> Iterator[tuple[str, FactValue]]:
    other = any(data.kind is not episode.HoldKind.IMMIGRATION for _, data in active_holds(case, at))
    found = {
        "detainer_received_recorded": _any_by(case, until, *RECEIPTS),
        "detainer_served_recorded": _any_by(case, until, detainer.DetainerServedOnSubject),
        "admin_warrant_served_recorded": service_of_warrant(case, until) is not None,
        "judicial_warrant_recorded": _any_by(case, until, handoff.JudicialWarrantServed),
        "other_hold_recorded": other,
        "committed_recorded": _any_by(case, until, episode.CommittedToInstitution),
        "bond_posted_recorded": _any_by(case, until, episode.BailPosted, episode.ReleaseOrdered),
    }
    for name, value in found.items():
        if value or case.custodian_speaks:
            yield name, value


def _any_by(case: Case, until: Instant, *types: type[EventData]) -> bool:
    return any(by(event, until) for event in case.of(*types))


def service_of_warrant(case: Case, until: Instant) -> tuple[Recorded, Instant] | None:
    """Return what shows that an I-200 or I-205 was first served: the service itself, or ICE's detainer table."""
    served = [(event, event.occurred) for event in case.of(handoff.AdministrativeWarrantServed) if by(event, until)]
    for event, data in case.pairs(detainer.DetainerPrepared):
        told = data.warrant_served_at
        if told is not None and (until.latest is None or told.maybe_by(until.latest)):
            served.append((event, told))
    return min(served, key=lambda found: (found[1].sort_key, found[0].position), default=None)


def _person_facts(case: Case, until: Instant) -> Iterator[tuple[str, FactValue]]:
    for event in case.of(episode.SentenceImposed, episode.CommittedToInstitution):
        data = event.data
        level = data.level if isinstance(data, episode.SentenceImposed) else getattr(data, "conviction_level", None)
        if level and level is not episode.ConvictionLevel.UNKNOWN and by(event, until):
            yield "conviction_level", level.value
        ill = getattr(data, "found_mentally_ill", None)
        if ill is not None and by(event, until):
            yield "found_mentally_ill", ill
    for event, asked in case.pairs(episode.NationalityInquired):
        if asked.result in KNOWN_NATIONALITY and by(event, until):
            yield "nationality", asked.result.value


def _referral_facts(case: Case, until: Instant) -> Iterator[tuple[str, FactValue]]:
    """A commitment that calls for the question and the notice is a ground of its own, unless ICE was told before it."""
    for event, data in case.pairs(episode.CommittedToInstitution):
        ground = data.conviction_level is episode.ConvictionLevel.FELONY or data.found_mentally_ill
        sooner = any(notice.occurred.surely_before(event.occurred) for notice in case.of(episode.CommitmentNoticeSent))
        if ground and not sooner and by(event, until):
            yield "referral_by_foreign_birth_alone", False


def _answer_facts(case: Case, until: Instant) -> Iterator[tuple[str, FactValue]]:
    """Yield what the person said to an interview, and what came of a claim of citizenship."""
    for event, answer in case.pairs(handoff.CitizenshipClaimResolved):
        if answer.is_citizen and by(event, until):
            yield "citizenship_proof_shown", True
    if case.custodian_speaks:
        yield "interview_consent", "none"
    for event, said in case.pairs(handoff.InterviewConsentRecorded):
        if by(event, until):
            yield "interview_consent", CONSENT[said.consent]


def _hand_off_facts(case: Case, until: Instant) -> Iterator[tuple[str, FactValue]]:
    """Yield what making a hand-off public would show, and under whose authority the person was there."""
    if _any_by(case, until, handoff.CustodyTransferred, episode.ReleasedToAgency):
        yield "discloses_protected_details", False  # the catalogue gives these events no field for such details
    served = [data for event, data in case.pairs(handoff.AdministrativeWarrantServed) if by(event, until)]
    servers = {data.served_by for data in served}
    issuers = {data.issued_by for event, data in case.pairs(detainer.DetainerPrepared) if by(event, until)}
    if servers - {handoff.WarrantServer.ICE} or detainer.DetainerIssuer.JEM_LOCAL_OFFICER in issuers:
        yield "from_agreement_work", True
    elif servers:
        yield "from_agreement_work", False
    criminal = any(
        data.booking_category is episode.BookingCategory.CRIMINAL for _, data in case.pairs(episode.SubjectBooked)
    )
    passed = case.first(handoff.PostTransferDetentionStarted) or any(data.legal_custody_to for data in served)
    if (criminal or _any_by(case, until, *OWN_CASE)) and not passed:
        yield "held_for_ice_under_contract", False


def _entering_facts(case: Case, until: Instant) -> Iterator[tuple[str, FactValue]]:
    """Yield what is known of an agreement as it was entered; a board may have spoken twice."""
    for event, data in case.pairs(instrument.AgreementData):
        if data.model is not AgreementModel.UNKNOWN:
            yield "basic_ordering_agreement", False  # each of the models is a 287(g) agreement
        if isinstance(data, instrument.BoardApprovalRecorded) and by(event, until):
            yield "board_approved", data.approved
