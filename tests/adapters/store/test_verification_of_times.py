"""The ledger's own times: what its own events, and those it judged by its clock, show of a shift of all of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.agencies import allow_unsigned
from adapters.store.ledger import Ledger, system_clock
from adapters.store.verification import verify
from tests.builders import booked, submissions
from tests.signing import Agency, door_to
from tests.spots import Spot

HOUR_US = 3600 * 1_000_000


def shifted(spot: Spot, by_us: int, *, after: int = 0) -> None:
    """Move the ledger's times of all events after a position, and those of their tree heads, by as much."""
    for table, column in (("stored_events", "position"), ("tree_heads", "size")):
        spot.tamper(f"UPDATE {table} SET recorded_at = recorded_at + {by_us} WHERE {column} > {after}")


def problems(spot: Spot) -> list[tuple[int, str]]:
    ledger = Ledger.open_to_read(spot.place)
    found = verify(ledger, lambda done: None).problems
    ledger.close()
    return [(one["position"], one["what"]) for one in found]


@pytest.mark.parametrize("hours", [-2, 2, 24 * 365])
def test_a_shift_of_both_columns_is_found_at_each_event_that_the_ledger_itself_wrote(spot: Spot, hours: int) -> None:
    ledger = spot.ledger()
    allow_unsigned(ledger, system_clock())
    ledger.append(submissions(3), now=system_clock())
    ledger.close()
    assert [] == problems(spot)

    shifted(spot, hours * HOUR_US)

    assert [(1, "the ledger's time of this event is not the one that it wrote into it")] == problems(spot)


def test_a_shift_to_before_what_a_signed_event_says_is_found_as_it_would_have_been_refused_then(spot: Spot) -> None:
    ledger, agency = spot.ledger(), Agency()
    agency.enrolled(ledger)
    now = system_clock().replace(microsecond=0)
    early, late = (moment.isoformat() for moment in (now - timedelta(days=9), now))
    door_to(ledger).record([agency.says(booked(1), time=early)])
    door_to(ledger).record([agency.says(booked(2), time=late)])
    door_to(ledger).record([agency.says(booked(3), time=early, recordedtime=late)])
    ledger.close()
    assert [] == problems(spot)

    shifted(spot, -48 * HOUR_US, after=1)

    found = [(position, what.rpartition(": ")[2]) for position, what in problems(spot) if "refused" in what]
    ahead = "is more than a day after the ledger's own clock"
    assert [(3, f"time {ahead}"), (4, f"recordedtime {ahead}")] == found


def test_a_clock_that_was_set_back_is_no_problem(spot: Spot) -> None:
    ledger, ahead = spot.ledger(), system_clock() + timedelta(days=30)
    ledger.append(submissions(2), now=ahead)
    Agency().enrolled(ledger)
    ledger.close()

    assert [] == problems(spot)


def test_where_nothing_in_the_log_shows_the_ledgers_clock_a_shift_is_not_found(spot: Spot) -> None:
    ledger = spot.ledger()
    ledger.append(submissions(3), now=system_clock())
    ledger.close()

    shifted(spot, -24 * HOUR_US)

    assert [] == problems(spot)  # docs/cli.md says so
