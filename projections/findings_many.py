"""What only shows where several detainers are seen together: the same form twice, and very many on one day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from domain.events import detainer
from domain.instants import Instant, local
from projections.finding import Finding, Kind, found, joined
from projections.recorded import Recorded

BULK_ISSUE_MORE_THAN = 20  # to one facility in a day; all of Minnesota has a median of 6 (domain facts 5.3)
REPLACED = (detainer.DetainerSuperseded, detainer.DetainerCancelled)


def duplicate_detainers(events: Iterable[Recorded]) -> Iterator[Finding]:
    """Yield forms about one person to one facility on one day, leaving out those replaced or cancelled."""
    listed = list(events)
    replaced = {event.stream for event in listed if isinstance(event.data, REPLACED)}
    standing = (event for event in listed if event.stream not in replaced)
    same: dict[tuple[date, str, str], dict[str, Recorded]] = {}
    for event in standing:
        data, day = event.data, local_day(event.occurred)
        if isinstance(data, detainer.DetainerPrepared) and data.subject and data.facility and day:
            same.setdefault((day, data.facility, data.subject), {}).setdefault(event.stream_id, event)
    for (day, _, _), forms in sorted(same.items()):
        if len(forms) > 1:
            says = {"count": len(forms), "day": day.isoformat(), "detainers": joined(sorted(forms))}
            yield found(Kind.DUPLICATE_DETAINER, forms.values(), says={"by": _publishers(forms.values()), **says})


def bulk_issues(events: Iterable[Recorded]) -> Iterator[Finding]:
    """Yield a note for each facility and day with more than `BULK_ISSUE_MORE_THAN` detainers."""
    issued: dict[tuple[date, str], dict[str, Recorded]] = {}
    for event in events:
        data, day = event.data, local_day(event.occurred)
        if isinstance(data, detainer.DetainerPrepared) and data.facility and day:
            issued.setdefault((day, data.facility), {}).setdefault(event.stream, event)
    for (day, facility), forms in sorted(issued.items()):
        if len(forms) > BULK_ISSUE_MORE_THAN:
            says = {"count": len(forms), "facility": facility, "day": day.isoformat()}
            yield found(Kind.BULK_ISSUE, forms.values(), says={"by": _publishers(forms.values()), **says})


def _publishers(events: Iterable[Recorded]) -> str:
    return joined(sorted({event.agency for event in events}))


def local_day(instant: Instant) -> date | None:
    """Return the Minnesota day an instant surely falls on."""
    if instant.earliest is None or instant.latest is None:
        return None
    first, last = (local(bound).date() for bound in (instant.earliest, instant.latest))
    return first if first == last else None
