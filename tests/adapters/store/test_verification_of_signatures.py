"""Verification checks every signature again, by the keys as they were at its position."""

from __future__ import annotations

import pytest

from adapters.agencies import revoke, rotate, take_rotation
from adapters.intake.offered import Offered
from adapters.store.ledger import Ledger, system_clock
from adapters.store.verification import Verification, verify
from adapters.trust.signed import Signed
from domain.envelope import admit
from domain.errors import InputRefused
from domain.events.agency import Authority
from projections.agency_keys import rotation
from tests.builders import SHERIFF, booked
from tests.signing import Agency, door_to, new_key
from tests.spots import Spot


@pytest.fixture
def agency(ledger: Ledger) -> Agency:
    made = Agency()
    made.enrolled(ledger)
    door_to(ledger).record([made.books(1), made.books(2)])
    return made


def checked(ledger: Ledger) -> Verification:
    return verify(ledger, lambda done: None)


def said(result: Verification) -> list[tuple[int, str]]:
    return [(problem["position"], problem["what"]) for problem in result.problems]


def handed_over(agency: Agency, new: Agency, *, signer: Agency | None = None) -> Signed:
    """Return a rotation that the agency's key signed, or another's."""
    old, now = agency.key.public.key_id, system_clock()
    body = rotation(SHERIFF, agency.source, old, new.key.public, Authority.OLD_KEY, now)
    return Signed(body, (signer or agency).key.sign(body), old)


def test_signatures_that_hold_are_counted_also_after_their_key_was_rotated_and_revoked(
    ledger: Ledger, agency: Agency
) -> None:
    new = Agency()
    take_rotation(ledger, SHERIFF, handed_over(agency, new), system_clock())
    revoke(ledger, SHERIFF, agency.key.public.key_id, "replaced", system_clock())
    door_to(ledger).record([new.books(3)])

    result = checked(ledger)
    assert [] == result.problems
    assert (4, 6) == (result.signatures, result.events)


def test_a_changed_signature_is_found(spot: Spot, ledger: Ledger, agency: Agency) -> None:
    spot.tamper(
        "UPDATE stored_events SET signature = (SELECT signature FROM stored_events WHERE position = 3) "
        "WHERE position = 2"
    )

    assert [(2, "the signature is not one by a key of the ledger over these bytes")] == said(checked(ledger))


def test_a_signature_that_was_taken_away_is_found(spot: Spot, ledger: Ledger, agency: Agency) -> None:
    spot.tamper("UPDATE stored_events SET signature = NULL WHERE position = 3")
    assert [(3, "the event names a key of the ledger, and its signature is not there")] == said(checked(ledger))


def test_a_changed_number_in_an_agencys_stream_is_found(spot: Spot, ledger: Ledger, agency: Agency) -> None:
    spot.tamper("UPDATE stored_events SET originator_version = 7 WHERE position = 1")
    assert [(1, f"version 7 of agency/{SHERIFF} does not follow the one before it")] == said(checked(ledger))


def test_the_bytes_of_a_refusal_are_held_against_their_hash(spot: Spot, ledger: Ledger, agency: Agency) -> None:
    door_to(ledger).record([Offered(b"not an event", None, "test", 1), Offered(b"x" * 70_000, None, "test", 2)])
    assert [] == said(checked(ledger))

    spot.tamper(f"UPDATE rejects SET body = {spot.zeros}")

    assert [0, 0] == [position for position, _ in said(checked(ledger))]


def test_each_event_of_many_that_were_signed_at_once_is_checked_by_itself(spot: Spot, ledger: Ledger) -> None:
    agency = Agency()
    agency.enrolled(ledger)
    door_to(ledger).record(agency.says_together([booked(number) for number in range(1, 71)]))
    assert (70, []) == ((result := checked(ledger)).signatures, result.problems)

    spot.tamper(
        "UPDATE stored_events SET signature = (SELECT signature FROM stored_events WHERE position = 3) "
        "WHERE position = 2"
    )
    assert [(2, "the signature is not one by a key of the ledger over these bytes")] == said(checked(ledger))


def test_an_event_that_came_in_after_its_key_was_revoked_is_found(ledger: Ledger, agency: Agency) -> None:
    late = agency.books(3)
    revoke(ledger, SHERIFF, agency.key.public.key_id, "stolen", system_clock())
    ledger.append([admit(late.body or b"", late.signature)], now=system_clock())  # past the door

    assert [(5, "the key might not say this here: the key was revoked at position 4")] == said(checked(ledger))


def test_a_key_nobody_enrolled_has_signed_nothing(ledger: Ledger, agency: Agency) -> None:
    stranger = Agency().books(3)
    ledger.append([admit(stranger.body or b"", stranger.signature)], now=system_clock())

    assert [(4, "the signature is not one by a key of the ledger over these bytes")] == said(checked(ledger))


def test_a_rotation_by_the_old_key_needs_its_signature(ledger: Ledger, agency: Agency) -> None:
    with pytest.raises(InputRefused) as refused:
        take_rotation(ledger, SHERIFF, handed_over(agency, Agency(), signer=Agency()), system_clock())
    assert "bad_signature" == refused.value.code

    unsigned = admit(handed_over(agency, Agency()).body)
    ledger.append([unsigned], now=system_clock())
    assert [(4, "the rotation is said to be signed by the old key, and is not signed")] == said(checked(ledger))


def test_something_else_signed_is_no_rotation(ledger: Ledger, agency: Agency) -> None:
    booking = agency.books(9)
    with pytest.raises(InputRefused) as refused:
        take_rotation(ledger, SHERIFF, Signed(booking.body or b"", booking.signature or b"", ""), system_clock())
    assert "not_a_rotation" == refused.value.code


def test_of_two_who_act_on_an_agencys_keys_at_once_the_second_is_told_to_look_again(
    spot: Spot, ledger: Ledger, agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, first, second = agency.key.public.key_id, new_key().public, new_key().public
    elsewhere = Ledger.open_to_write(spot.place)
    save = ledger.save

    def overtaken(*facts, **named):
        rotate(elsewhere, SHERIFF, old, first, system_clock())
        return save(*facts, **named)

    monkeypatch.setattr(ledger, "save", overtaken)
    with pytest.raises(InputRefused) as refused:
        rotate(ledger, SHERIFF, old, second, system_clock())
    elsewhere.close()

    assert "agency_moved" == refused.value.code
    assert [] == checked(ledger).problems
