"""How many events a client may send: a bucket for each, which fills at a steady rate."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from domain.errors import TooBusy

CLIENTS_KEPT = 10_000


@dataclass(slots=True)
class Bucket:
    """What one client may still send, as of a moment."""

    left: float
    seconds: float


class Rates:
    """Buckets by client address; those not heard of for longest are forgotten, and begin full again."""

    def __init__(self, events_per_second: float, burst_events: float) -> None:
        self._rate, self._burst = events_per_second, burst_events
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, client: str, events: int, now_seconds: float) -> None:
        """Take so many events out of a client's bucket; raise TooBusy(too_many_requests) if they are not in it.

        More events than a bucket holds pass once it is full, and leave a debt.
        """
        bucket = self._buckets.setdefault(client, Bucket(self._burst, now_seconds))
        self._buckets.move_to_end(client)
        bucket.left = min(self._burst, bucket.left + (now_seconds - bucket.seconds) * self._rate)
        bucket.seconds = now_seconds
        if bucket.left < min(events, self._burst):
            what = f"this address may send {self._rate:g} events a second"
            raise TooBusy("too_many_requests", what, mend="wait as long as Retry-After says; send batches")
        bucket.left -= events
        if len(self._buckets) > CLIENTS_KEPT:
            self._buckets.popitem(last=False)
