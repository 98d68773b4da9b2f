"""Who speaks of a detainer: found where that is neither ICE, nor who issued it, nor who runs the place addressed.

Any agency may name any detainer, and what it says is recorded and counts like every other word. A form is ICE's, by
whichever office. While nobody has told of its preparation, nobody knows whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from domain.events import detainer
from domain.events.agency import is_ice
from projections.facts import Custodian
from projections.finding import Finding, Kind, act_words, found, joined
from projections.recorded import Recorded


def told_by_others(events: Iterable[Recorded], custodians: Mapping[str, Custodian]) -> Iterator[Finding]:
    """Yield each word about a detainer of an agency that is no side of it; `custodians` are by facility."""
    streams: dict[str, list[Recorded]] = {}
    for event in sorted(events, key=lambda event: event.position):
        if isinstance(event.data, detainer.DetainerData):
            streams.setdefault(event.stream, []).append(event)
    for told in streams.values():
        yield from _of_one(told, custodians)


def _of_one(told: list[Recorded], custodians: Mapping[str, Custodian]) -> Iterator[Finding]:
    """Hold what was told of one detainer against its preparation, as the first to tell of it did."""
    prepared = [event for event in told if isinstance(event.data, detainer.DetainerPrepared)]
    if not prepared:
        return
    issuer = prepared[0].agency
    prepared = [event for event in prepared if event.agency == issuer]
    addressed = sorted({_facility(event) for event in prepared} - {""})
    for event in told:
        # Where ICE's name for the place is in no register, it may be any that an agency runs.
        places = addressed or [_facility(event)]
        running = {custodians[place].agency for place in places if place in custodians}
        if event.agency != issuer and not is_ice(event.agency) and event.agency not in running:
            yield found(
                Kind.DETAINER_TOLD_BY_ANOTHER,
                [event, *prepared],
                who={event.agency, issuer, *running},
                says={
                    "by": event.agency,
                    "act": act_words(event),
                    "detainer": event.stream_id,
                    "issuer": issuer,
                    "place": joined(addressed) or "no facility of the register",
                },
            )


def _facility(event: Recorded) -> str:
    return getattr(event.data, "facility", None) or ""
