"""Public figures beside the named counts, and what lies between; `projections/claims.py` draws a claim."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from adapters.counting import joined, named_counts
from adapters.known import amendments
from adapters.questions.asked import Asked
from domain.counts.counting import Definitions
from domain.errors import InputRefused
from domain.instants import local, microseconds
from projections.claims import TYPES, claims_told, reconciled
from projections.counted import Rows
from projections.tally import Period, Tally


def claimed(
    asked: Asked,
    claim_id: str | None = None,
    *,
    count_id: str | None = None,
    definitions: Definitions | None = None,
    at: datetime | None,
    upto: int,
) -> list[dict[str, Any]]:
    """Return every claim, or one, beside the counts; compared with one count whatever it may mean, if that is given.

    Raise InputRefused: unknown_claim, unknown_count, split_count.
    """
    counts = definitions or named_counts()
    if count_id and counts.get(count_id).split:
        raise InputRefused("split_count", f"{count_id} is given split, and has no one number", mend="name another")
    services, ledger = asked.services, asked.ledger
    events = claims_told(amendments(ledger, upto).apply(ledger.recorded(upto=upto, topics=TYPES)))
    if claim_id:
        events = [event for event in events if event.stream_id == claim_id]
        if not events:
            what = f"there is no claim {claim_id[:80]!r}"
            raise InputRefused("unknown_claim", what, mend="`custody claims` lists every claim")

    told = cache(lambda: joined(services, ledger, upto))  # where there is a claim to ask

    @cache
    def rows(moment: datetime) -> Rows:
        return Rows(told(), services.custodians(), upto, microseconds(moment))

    @cache
    def tallied(moment: datetime, period: Period, kinds: tuple[str, ...]) -> Tally:
        return Tally(counts, rows(moment), period, {"custodian_kind": kinds} if kinds else {})

    def tally(moment: datetime | None, period: Period, kinds: Sequence[str]) -> Tally:
        return tallied(moment or local(services.clock()), period, tuple(kinds))

    return [reconciled(event, tally, count=count_id, at=at) for event in events]
