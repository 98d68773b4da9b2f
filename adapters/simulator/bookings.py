"""Ordinary custody: booked, charged, bailed, released."""

from __future__ import annotations

from adapters.simulator import rates
from adapters.simulator.case import Case
from adapters.simulator.rates import DAY, HOUR, MINUTE
from domain.events import episode as e

OTHER_CLAIMS = (("probation", "mn-doc"), ("other_state", "ia-polk-sheriff"), ("us_marshals", "us-usms"))


def book(case: Case, *, prompt: bool) -> str:
    """Open the episode, `prompt` if other streams will refer to it; return the code of its first charge."""
    rng, at = case.rng, case.booked
    number = case.episode.rpartition(".")[2]
    tell = case.opened if prompt else case.held
    tell(
        e.SubjectBooked,
        at,
        booking_number=number,
        booking_category="criminal",
        legal_basis="probable cause arrest",
    )
    later = at + rng.randrange(10 * MINUTE, 90 * MINUTE)
    charges = rng.sample(rates.CHARGES, 2 if rng.random() < 0.35 else 1)
    for charge, text, level in charges:
        case.held(e.ChargeFiled, later, charge=charge, charge_text=text, level=level)
    return charges[0][0]


def set_bail(case: Case, at: int) -> int:
    """Arraign and set bail; return the amount in US cents."""
    rng = case.rng
    amount = 50_000 * rng.randrange(1, 60)
    if rng.random() < 0.6:
        case.held(e.ArraignmentHeld, at)
    case.held(e.BailSet, at + rng.randrange(5 * MINUTE, HOUR), amount_cents=amount)
    return amount


def ordinary_booking(case: Case) -> None:
    """Tell a booking that ICE has nothing to do with."""
    rng = case.rng
    charge = book(case, prompt=False)
    stay = rng.randrange(3 * HOUR, 40 * HOUR) if rng.random() < 0.75 else rng.randrange(2 * DAY, 9 * DAY)
    out = case.booked + stay
    if stay > 12 * HOUR and rng.random() < 0.8:
        _bail_out(case, case.booked + stay // 2, out)
    if rng.random() < 0.04:
        _another_claim(case, out)
        return
    disposition = rng.choice(rates.DISPOSITIONS)
    if rng.random() < 0.5:
        case.held(e.ChargeDisposed, out - 30 * MINUTE, charge=charge, disposition=disposition)
    case.held(e.ReleaseOrdered, out - rng.randrange(HOUR, 3 * HOUR), authority="district court")
    case.held(e.OutProcessingStarted, out - rng.randrange(10 * MINUTE, HOUR))
    if rng.random() < rates.RELEASED_BEFORE_BOOKED:  # a mistyped day: a finding, not a refusal
        mistyped = case.booked - rng.randrange(HOUR, 12 * HOUR)
        case.entered(e.ReleasedToCommunity, mistyped, out, legal_basis=disposition)
    else:
        case.held(e.ReleasedToCommunity, out, legal_basis=disposition)


def _bail_out(case: Case, at: int, out: int) -> None:
    amount = set_bail(case, at)
    if case.rng.random() < 0.6:
        tendered = max(at + HOUR, out - 4 * HOUR)
        case.held(e.BailTendered, tendered, accepted=True)
        case.held(e.BailPosted, tendered + 10 * MINUTE, kind="bond", amount_cents=amount)


def _another_claim(case: Case, out: int) -> None:
    """Another hold than ICE's; these are not to be conflated."""
    kind, agency = case.rng.choice(OTHER_CLAIMS)
    case.held(e.HoldPlaced, case.booked + 2 * HOUR, hold="H1", kind=kind, requested_by=agency)
    case.held(e.HoldEnded, out, hold="H1", kind=kind, end_reason="taken over")
    case.held(e.ReleasedToAgency, out, to_agency=agency, legal_basis=f"{kind.replace('_', ' ')} hold")
