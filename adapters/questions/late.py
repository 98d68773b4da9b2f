"""Who reported late: each event that came more than so long after what it tells of, and how many by agency.

    {"known":350,"over_minutes":1440,
     "late":[{"position":12,"type":"custody.released_to_community","agency":"mn-cass-sheriff",
              "source":"...","stream":"...",
              "at":{"earliest":"...","latest":"...","precision":"day"},"source_recorded":"2026-01-20T09:00:00-06:00",
              "recorded_at":"2026-01-21T15:00:00Z","by_source":{"minutes":4860,"exact":false},
              "in_ledger":{"minutes":6660,"exact":false},"id":"..."}],
     "agencies":[{"agency":"mn-cass-sheriff","reports":40,"late_by_source":1,"maybe_by_source":0,"source_silent":3,
                  "late_in_ledger":1,"maybe_in_ledger":2}]}

`by_source` goes by `recordedtime`, the source's own word; `in_ledger` by when the ledger stored the event. Each is null
where it is not surely late; `minutes` are at least so many unless `exact`. Agencies come by name: it is no ranking.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from adapters.known import amendments
from adapters.questions.asked import Asked
from domain.errors import InputRefused
from domain.instants import format_rfc3339
from projections.lateness import Delay, Lateness, LateReport, Tally


@dataclass(frozen=True, slots=True)
class LateList:
    """The late reports as known at a position, in the order of the log, and tallies by agency."""

    known: int
    over: timedelta
    late: list[LateReport]
    agencies: dict[str, Tally]

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "known": self.known,
            "over_minutes": self.over // timedelta(minutes=1),
            "late": [_report(one) for one in self.late],
            "agencies": [{"agency": agency, **asdict(self.agencies[agency])} for agency in sorted(self.agencies)],
        }


def late(asked: Asked, *, over: timedelta, agency: str | None, upto: int) -> LateList:
    """Return what came later than `over`; raise InputRefused(unknown_agency) if it published nothing."""
    amending = amendments(asked.ledger, upto)
    lateness = Lateness(over)
    found: list[LateReport] = []
    for event in amending.apply(asked.ledger.recorded(upto=upto)):
        if agency in (None, event.agency):
            found += lateness.late(event)
        asked.progress(event.position)
    if agency is not None and agency not in lateness.tallies:
        what = f"no event as known at position {upto} is published by {agency[:80]!r}"
        raise InputRefused("unknown_agency", what, mend="`custody late` lists the agencies there are")
    return LateList(upto, over, found, lateness.tallies)


def _report(one: LateReport) -> dict[str, Any]:
    event, envelope = one.event, one.event.envelope
    return {
        "position": event.position,
        "type": event.type,
        "agency": event.agency,
        "source": envelope.source,
        "stream": event.stream,
        "at": event.occurred.as_json(),
        "source_recorded": envelope.recorded.as_json(),
        "recorded_at": format_rfc3339(event.recorded_at),
        "by_source": _delay(one.by_source),
        "in_ledger": _delay(one.in_ledger),
        "id": envelope.id,
    }


def _delay(delay: Delay | None) -> dict[str, Any] | None:
    return {"minutes": delay.minutes, "exact": delay.is_exact} if delay else None
