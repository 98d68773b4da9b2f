"""How many events a client may send."""

from __future__ import annotations

import pytest

from adapters.http.rates import CLIENTS_KEPT, Rates
from domain.errors import TooBusy


def test_a_client_may_send_what_its_bucket_holds_and_then_waits() -> None:
    rates = Rates(events_per_second=10, burst_events=20)
    rates.take("a", 20, now_seconds=0.0)

    with pytest.raises(TooBusy, match="too_many_requests"):
        rates.take("a", 1, now_seconds=0.0)

    rates.take("a", 1, now_seconds=0.1)


def test_one_client_does_not_use_up_what_another_may_send() -> None:
    rates = Rates(events_per_second=10, burst_events=20)
    rates.take("a", 20, now_seconds=0.0)

    rates.take("b", 20, now_seconds=0.0)


def test_a_batch_larger_than_a_bucket_passes_once_and_leaves_a_debt() -> None:
    rates = Rates(events_per_second=10, burst_events=20)
    rates.take("a", 100, now_seconds=0.0)

    with pytest.raises(TooBusy, match="too_many_requests"):
        rates.take("a", 1, now_seconds=8.0)
    rates.take("a", 1, now_seconds=8.2)


def test_clients_are_forgotten_so_that_memory_stays_bounded() -> None:
    rates = Rates(events_per_second=1, burst_events=1)
    for number in range(CLIENTS_KEPT + 500):
        rates.take(f"client-{number}", 1, now_seconds=0.0)

    assert len(rates._buckets) <= CLIENTS_KEPT
