"""Random histories: a few people, episodes, handoffs and detainers; told late, twice, corrected, retracted, moved."""

from __future__ import annotations

from datetime import timedelta

import orjson
from hypothesis import strategies as st

from domain.envelope import admit
from domain.events import detainer, episode, handoff
from domain.events.record import EventCorrected, EventRetracted
from domain.instants import MINNESOTA, Instant
from projections.amendments import AMENDING_TYPES
from tests.builders import JAIL, MONDAY, SHERIFF, body

JAILS = (JAIL, "mn-cook-jail")
ICE = "us-ice"
HOUR = timedelta(hours=1)


def times() -> st.SearchStrategy[Instant]:
    exact = st.integers(0, 60).map(lambda hours: Instant.exact(MONDAY + hours * HOUR))
    days = st.integers(0, 3).map(lambda days: Instant.day((MONDAY + timedelta(days=days)).date(), MINNESOTA))
    return st.one_of(exact, exact, days, st.just(Instant.unknown()))


@st.composite
def events(draw: st.DrawFn, number: int, at: Instant | None = None) -> bytes:
    """One event that is not about another, at any time if none is given; `number` keeps its id apart from others."""
    person, facility = draw(st.integers(1, 2)), draw(st.sampled_from(JAILS))
    stay, form, move = f"{facility}.{person}", f"d-{draw(st.integers(1, 2))}", f"h-{draw(st.integers(1, 2))}"
    whom = {"facility": facility, "subject": f"s-{person}", "record_id": f"n-{number}"}
    linked = {**whom, "episode": stay, "detainer": form}
    transfer = {**linked, "releasing_agency": SHERIFF, "receiving_agency": ICE}
    agency = draw(st.sampled_from((SHERIFF, ICE)))
    lift = {"lift_code": draw(st.sampled_from("AB")), "lift_reason_as_printed": "x", "asserted_by": ICE}
    charge, when = draw(st.sampled_from("AB")), draw(times()).as_json()
    result = draw(st.sampled_from(("citizen", "non_citizen")))
    kind = draw(
        st.sampled_from(
            (
                (episode.SubjectBooked, stay, whom),
                (episode.ReleasedToCommunity, stay, whom),
                (episode.InterFacilityTransferred, stay, {**whom, "to_facility": draw(st.sampled_from(JAILS))}),
                (episode.HoldPlaced, stay, {**whom, "hold": "1", "kind": "immigration"}),
                (episode.HoldEnded, stay, {**whom, "hold": "1", "kind": "immigration"}),
                (episode.ReleaseEligible, stay, whom),
                (episode.ReleaseOrdered, stay, whom),
                (episode.ChargeFiled, stay, {**whom, "charge": charge}),
                (episode.ChargeDisposed, stay, {**whom, "charge": charge, "charge_released_at": when}),
                (handoff.AdministrativeWarrantServed, move, {**linked, "warrant": "I-200", "served_by": "wso_officer"}),
                (handoff.CustodyTransferred, move, transfer),
                (handoff.CustodyTransferContested, move, {**linked, "reason": "x"}),
                (handoff.PickupNoShow, move, linked),
                (handoff.PickupArrived, move, linked),
                (handoff.PickupScheduled, move, {**linked, "scheduled_at": when}),
                (handoff.ReleaseNoticeSent, move, {**linked, "to_agency": ICE}),
                (detainer.DetainerPrepared, form, {**whom, "form": "I-247A"}),
                (detainer.DetainerPrepared, form, {**whom, "form": "I-247A", "episode": stay}),
                (detainer.DetainerLifted, form, {**whom, **lift}),
                (detainer.DetainerReceived, form, {**whom, "episode": stay}),
                (detainer.DetainerServedOnSubject, form, {**whom, "episode": stay}),
                (handoff.NoticeWithheld, move, linked),
                (episode.CommittedToInstitution, stay, {**whom, "conviction_level": "felony"}),
                (episode.NationalityInquired, stay, {**whom, "result": result}),
            )
        )
    )
    cls, stream, data = kind
    return body(cls, stream, at=at or draw(times()), agency=agency, **data)


@st.composite
def tellings(draw: st.DrawFn) -> list[bytes]:
    """Events of which each happened at a moment of its own, and the retraction of some."""
    hours = draw(st.lists(st.integers(0, 60), min_size=1, max_size=8, unique=True))
    told = [draw(events(number, Instant.exact(MONDAY + hour * HOUR))) for number, hour in enumerate(hours)]
    taken_back = draw(st.lists(st.sampled_from(told), max_size=2, unique=True))
    return told + [retracting(target, f"n-{number}", len(told)) for number, target in enumerate(taken_back)]


def retracting(target: bytes, record_id: str, number: int) -> bytes:
    """The retraction of an event, by who published it."""
    envelope = admit(target).envelope
    about = {"correctionof": envelope.id, "reason": "clerical", "record_id": record_id}
    return body(EventRetracted, f"r-{number}", agency=envelope.agency, **about)


@st.composite
def amending(draw: st.DrawFn, target: bytes, number: int) -> bytes:
    """A correction of an event's data or time, or its retraction."""
    envelope = admit(target).envelope
    agency = envelope.agency
    which = draw(st.integers(0, 3))
    about = {"correctionof": envelope.id, "reason": "clerical", "record_id": f"n-{number}"}
    if which == 0:
        return retracting(target, f"n-{number}", number)
    if which == 1:
        return body(EventCorrected, f"r-{number}", agency=agency, replacement_time=draw(times()).as_json(), **about)
    data = orjson.loads(target)["data"]
    if envelope.type in AMENDING_TYPES:
        data |= {"replacement_time": draw(times()).as_json()} if envelope.type == EventCorrected.TYPE else {}
        return body(EventCorrected, f"r-{number}", agency=agency, replacement=data, **about)
    data["facility"] = draw(st.sampled_from(JAILS))
    if data.get("episode"):
        data["episode"] = f"{data['facility']}.{draw(st.integers(1, 2))}"
    return body(EventCorrected, f"r-{number}", agency=agency, replacement=data, **about)


@st.composite
def histories(draw: st.DrawFn, *, most: int = 14) -> list[bytes]:
    """A log: events in any order, each after or before what corrects it."""
    told: list[bytes] = []
    for number in range(draw(st.integers(1, most))):
        if told and draw(st.booleans()) and draw(st.booleans()):
            told.append(draw(amending(draw(st.sampled_from(told)), number)))
        else:
            told.append(draw(events(number)))
    return draw(st.permutations(told)) if draw(st.booleans()) else told
