"""Claims: numbers that somebody said in public, beside every named count, and what lies between.

    {"claim":"doc-301","asserted_by":"mn-doc","value":301,"nearest":{"id":"N5","label":"...","value":294,
     "difference":7},"chosen":{"id":"N4",...},"counts":[{"id":"N0","label":"...","value":882,"difference":-581},...],
     "buckets":[{"from":"N4","to":"claim","label":"not explained by a named count","value":5,"refs":[],"events":[]},
                {"from":"N3","to":"N4","label":"no receipt recorded","value":12,"refs":[...],"events":[...]},...],
     "parts":[{"value":207,"words":"in state prisons","custodian_kinds":["state_prison"],"nearest":...},...],...}

`difference` is the claim less the count. The first bucket leads from the count compared with (`chosen`: the one asked
for, else the one that whoever recorded the claim named, else the nearest) to the claim; the others lead from each count
of its kind to the next. Nothing here says that a figure, or a count, is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.counts.counting import Definition
from domain.events.record import ClaimAsserted, ClaimPart
from domain.instants import Instant
from projections.recorded import Recorded
from projections.tally import EVER, Bucket, Period, Tally

TYPES = (ClaimAsserted.TYPE,)
UNEXPLAINED = "not explained by a named count"
Tallying = Callable[[datetime | None, Period, Sequence[str]], Tally]  # as of, period, kinds of custodian


def claims_told(events: Iterable[Recorded]) -> list[Recorded]:
    """Return each claim as last asserted by each who did, ordered by id and agency; events come amended, in order.

    Nobody's word takes the place of another's: two agencies that use one id have a claim each.
    """
    last = {(event.stream_id, event.agency): event for event in events}
    return [last[claim] for claim in sorted(last)]


def reconciled(event: Recorded, tallying: Tallying, *, count: str | None, at: datetime | None) -> dict[str, Any]:
    """Return a claim beside the counts: as of `at`, else of when it speaks, else of its publication, else now.

    `buckets` are `projections.tally.Bucket`; `whole` writes them out.
    """
    data = event.data
    assert isinstance(data, ClaimAsserted)  # noqa: S101 - the type the caller asked the log for
    moment = at or event.occurred.latest or event.envelope.recorded.latest
    period = Period(*data.period.span) if data.period else EVER
    chosen = count or data.compare_with
    beside = _beside(data.value, tallying(moment, period, data.custodian_kinds), chosen)
    return {
        "claim": event.stream_id,
        "asserted_by": data.asserted_by,
        "asserted_by_name": data.asserted_by_name,
        "value": data.value,
        "unit": data.unit,
        "words": data.words,
        "as_of": _told(event.occurred),
        "period": _told(data.period),
        "published_in": data.published_in,
        "published_at": _told(event.envelope.recorded),
        "mark": data.mark.value,
        "custodian_kinds": list(data.custodian_kinds),
        "compare_with": data.compare_with,
        "counted_as_of": moment.isoformat() if moment else None,
        **beside,
        "parts": [_part(part, tallying(moment, period, part.custodian_kinds), chosen) for part in data.parts],
        "event": event.position,
    }


def whole(claim: Mapping[str, Any]) -> dict[str, Any]:
    """Return a claim beside the counts with every bucket whole, as it is drawn above."""
    return {
        **claim,
        "buckets": [bucket.as_json() for bucket in claim["buckets"]],
        "parts": [{**part, "buckets": [bucket.as_json() for bucket in part["buckets"]]} for part in claim["parts"]],
    }


def _told(instant: Instant | None) -> object:
    return None if instant is None or instant == Instant.unknown() else instant.as_json()


def _part(part: ClaimPart, tally: Tally, chosen: str | None) -> dict[str, Any]:
    said = {"value": part.value, "words": part.words, "custodian_kinds": list(part.custodian_kinds)}
    return {**said, **_beside(part.value, tally, chosen)}


def _beside(value: int, tally: Tally, chosen: str | None) -> dict[str, Any]:
    counts = [_compared(value, count, tally) for count in tally.definitions if not count.split]
    nearest = min(counts, key=lambda one: abs(one["difference"]))
    compared = next((one for one in counts if one["id"] == chosen), nearest)
    remainder = Bucket(compared["id"], "claim", UNEXPLAINED, compared["difference"])
    steps = _steps(tally, tally.definitions.get(compared["id"]))
    return {"nearest": nearest, "chosen": compared, "counts": counts, "buckets": [remainder, *steps]}


def _compared(value: int, count: Definition, tally: Tally) -> dict[str, Any]:
    counted = tally.value(count)
    return {"id": count.id, "label": count.label, "value": counted, "difference": value - counted}


def _steps(tally: Tally, count: Definition) -> Iterator[Bucket]:
    """Yield the buckets of every step between counts that have the same widest count as this one."""
    widest = tally.definitions.chain(count)[0]
    for inner in tally.definitions:
        outer = inner.within
        if outer and not inner.split and tally.definitions.chain(inner)[0] is widest:
            yield from tally.between(tally.definitions.get(outer), inner)
