"""State prisons, and the custodians that publish nothing here (federal prisons, marshals, city lockups)."""

from __future__ import annotations

from adapters.simulator import rates
from adapters.simulator.case import ICE, ICE_PLACE, Case
from adapters.simulator.detainers import answer, prepare, say_lifted
from adapters.simulator.handoffs import give_notice, hand_over
from adapters.simulator.places import written
from adapters.simulator.rates import DAY, HOUR, MINUTE
from adapters.simulator.wire import local_text
from domain.events import episode as e
from domain.events import handoff as h

NOTICE_OF_COMMITMENT = written("MN-631.50", "obligation")
BLANK_HANDED_OVER = (rates.PRISON_HANDOFFS_OF_THE_WINTER - rates.PRISON_DETAINERS_BOOKED) / rates.PRISON_DETAINERS_BLANK


def commitment(case: Case) -> None:
    """Somebody is committed to a prison after a felony conviction: the duty of Minn. Stat. 631.50 begins."""
    rng, at = case.rng, case.booked
    case.opened(e.SubjectBooked, at, booking_category="criminal", legal_basis="warrant of commitment")
    days = rng.randrange(366, 2600)
    case.held(e.CommittedToInstitution, at + 10 * MINUTE, conviction_level="felony", length_days=days)
    drawn = rng.random()
    result = "citizen" if drawn < 0.88 else "non_citizen" if drawn < 0.96 else "unknown"
    case.held(e.NationalityInquired, at + rng.randrange(HOUR, 2 * DAY), result=result)
    if result == "non_citizen" and rng.random() < 0.95:
        case.held(e.CommitmentNoticeSent, at + rng.randrange(2 * DAY, 4 * DAY), **_notice(rng.random() < 0.7))
    ahead = local_text(at + days * DAY * 2 // 3)
    case.held(e.ProjectedReleaseSet, at + rng.randrange(DAY, 5 * DAY), projected_release_at=ahead)
    if rng.random() < 0.3:
        moved = rng.choice(("mn-doc-faribault", "mn-doc-moose-lake", "mn-doc-rush-city", "mn-doc-lino-lakes"))
        case.held(e.InterFacilityTransferred, at + rng.randrange(5 * DAY, 30 * DAY), to_facility=moved)


def _notice(complete: bool) -> dict[str, object]:
    """Return a 631.50 notice; what is missing from an incomplete one is the last entry's date and port."""
    items = ("commitment_date_and_reasons", "commitment_length", "country_of_citizenship")
    return {
        **{f"has_{item}": True for item in items},
        "has_last_entry_date_and_port": complete,
        "to_agency": ICE,
        **NOTICE_OF_COMMITMENT,
    }


def prison_case(case: Case, asked: int, printed: str, lift: str | None) -> None:
    """Tell one detainer for somebody committed long ago, and the handoff at the end of some sentences.

    The commitment is entered when ICE asks, by its date: an opening record, recorded years after it happened.
    """
    rng = case.rng
    case.custodian_silent = False
    began = case.booked
    case.entered(e.SubjectBooked, began, asked, day_only=True, booking_category="criminal")
    case.entered(e.CommittedToInstitution, began, asked + 2 * MINUTE, day_only=True, conviction_level="felony")
    case.entered(e.NationalityInquired, began + DAY, asked + 3 * MINUTE, day_only=True, result="non_citizen")
    case.entered(e.CommitmentNoticeSent, began + 2 * DAY, asked + 4 * MINUTE, day_only=True, **_notice(complete=True))
    case.ask(printed)
    prepare(case, asked + HOUR)
    holds = answer(case, asked + rng.randrange(90 * MINUTE, 8 * HOUR))
    eligible = asked + rng.randrange(3 * DAY, 9 * DAY)
    if lift == "Booked into Detention" or (lift is None and rng.random() < BLANK_HANDED_OVER):
        give_notice(case, eligible)
        ended = hand_over(case, eligible, holds)
    else:
        ended = asked + rng.randrange(DAY, 9 * DAY)
        ahead = local_text(asked + rng.randrange(60 * DAY, 900 * DAY))
        case.held(e.ProjectedReleaseChanged, ended, projected_release_at=ahead)
    say_lifted(case, ended, lift)


def silent_custodian_case(case: Case, asked: int, printed: str, lift: str | None) -> None:
    """Tell a detainer of which only ICE speaks: the custodian does not publish to this ledger."""
    case.ask(printed, told_by_custodian=False)
    prepare(case, asked)
    ended = asked + case.rng.randrange(DAY, 6 * DAY)
    if lift == "Booked into Detention":
        ends = {
            "releasing_agency": case.place.agency,
            "receiving_agency": ICE,
            "receiving_facility": ICE_PLACE,
        }
        case.ice_transfer(h.CustodyTransferred, ended, **ends)
    say_lifted(case, ended, lift)
