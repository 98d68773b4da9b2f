"""Overholds: who was kept past the moment release was due, from when, until when, and what kept them.

Release was due as `projections.leaving` has it: eligibility, else the order, else when the last charge let go. The stay
past it ends with whichever came first: the person is physically out, custody passes (in the releasing side's own words,
if it has any), or, where nothing but immigration holds kept the person, the last of these ends.

A row is there for an episode with an immigration hold, a warrant served by a local officer, a stay after custody
passed, or a form that asks for a hold, if the end comes surely after release was due. Where only a form asked and
nothing recorded kept the person (`is_kept` false), the first two hours are taken for the paperwork of leaving.
`valid_from` is the latest moment at which release can have been due, `valid_to` the earliest of the end: the minutes
between are those surely spent. Which rules spoke is derived when asked; the ledger says "recorded under", nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from domain.events import detainer, episode, handoff
from projections.custody import OUT_OF_CUSTODY
from projections.facts import DETAINER_ENDS, HOLD_FORMS
from projections.folding.seen import Seen, Told, json_text, span_of, surely_before
from projections.folding.table import Kind, Row, Table

PAPERWORK_MINUTES = 120  # chosen: leaving a jail takes time, and only what is longer is worth a look
US_PER_MINUTE = 60_000_000
PAPERWORK = PAPERWORK_MINUTES * US_PER_MINUTE

OVERHOLDS = Table(
    "overholds",
    {
        "episode": Kind.TEXT,
        "facility": Kind.TEXT,
        "subject": Kind.TEXT,
        "since": Kind.INSTANT,
        "since_shown_by": Kind.TEXT,
        "until": Kind.INSTANT,
        "until_shown_by": Kind.TEXT,
        "is_kept": Kind.BOOLEAN,
        "is_exact": Kind.BOOLEAN,
        "minutes_at_most": Kind.INTEGER,
        "valid_from": Kind.MOMENT,
        "valid_to": Kind.MOMENT,
        "holds": Kind.JSON,
        "events": Kind.POSITIONS,
    },
    "episodes kept past the moment release was due; valid while that surely was so",
    listed_by="valid_from",
)

ELIGIBLE, ORDERED = episode.ReleaseEligible.TYPE, episode.ReleaseOrdered.TYPE
FILED = (episode.ChargeFiled.TYPE, episode.ChargeAmended.TYPE)
DISPOSED = episode.ChargeDisposed.TYPE
PLACED, ENDED = episode.HoldPlaced.TYPE, episode.HoldEnded.TYPE
TRANSFERRED = handoff.CustodyTransferred.TYPE
SERVED, STAYED = handoff.AdministrativeWarrantServed.TYPE, handoff.PostTransferDetentionStarted.TYPE
PREPARED = detainer.DetainerPrepared.TYPE
FORM_ENDS = tuple(cls.TYPE for cls in DETAINER_ENDS)
OUT = episode.ReleasedToCommunity.TYPE
OUTS = frozenset(cls.TYPE for cls in OUT_OF_CUSTODY)
RETURNED = (episode.Recaptured.TYPE, episode.ReturnedFromErroneousRelease.TYPE)
KEEPING = frozenset((PLACED, SERVED, STAYED, PREPARED))  # without any of these there is no row
IMMIGRATION = episode.HoldKind.IMMIGRATION.value
ICE_OFFICER = handoff.WarrantServer.ICE.value
WHAT = ("facility", "subject")
EARLIEST = -(2**62)  # sorts before every moment


class At(NamedTuple):
    """A moment that an event tells of, its own or another."""

    earliest: int | None
    latest: int | None
    told: Told
    event: Seen

    @property
    def order(self) -> tuple[int, int, int]:
        """Order by the earliest possible moment, then the latest, then the position."""
        earliest = EARLIEST if self.earliest is None else self.earliest
        return earliest, earliest if self.latest is None else self.latest, self.event.position


class Overholds:
    """The fold: at most one row for an episode."""

    name = "overholds"
    kind = "episode"
    version = "3"
    tables = (OVERHOLDS,)
    fields: Mapping[str, Sequence[str]] = {
        **dict.fromkeys((ELIGIBLE, ORDERED, *OUTS, *RETURNED), WHAT),
        OUT: (*WHAT, "physically_out_at"),
        **dict.fromkeys(FILED, ("charge",)),
        DISPOSED: (*WHAT, "charge", "charge_released_at"),
        **dict.fromkeys((PLACED, ENDED), ("hold", "kind", "requested_by", "detainer")),
        TRANSFERRED: ("episode", "releasing_agency"),
        SERVED: ("episode", "served_by"),
        STAYED: ("episode",),
        PREPARED: ("episode", "form"),
        **dict.fromkeys(FORM_ENDS, ("episode",)),
    }

    def keys(self, seen: Seen) -> Sequence[str]:
        """Return the episode, if any is named."""
        if seen.stream.startswith("episode/"):
            return (seen.stream[8:],)
        return (seen.data.episode,) if seen.data.episode else ()

    def rows(self, key: str, events: Sequence[Seen]) -> list[Row]:
        """Return the row of an episode that was surely kept past the moment release was due."""
        for event in events:  # nearly every episode ends here: a plain loop is the quickest way to tell
            if event.type in KEEPING:
                break
        else:
            return []
        due = _due(events)
        if due is None or due.latest is None or _gone_before(events, due):
            return []
        keeping = [event for event in events if _keeps(event, due, events)]
        if not keeping and not _asked(events, due):
            return []
        end = _end(events, due, keeping)
        if end and (end.earliest is None or end.earliest - due.latest <= (0 if keeping else PAPERWORK)):
            return []
        return [(OVERHOLDS.name, _values(key, events, due, end, keeping))]


def _values(key: str, events: Sequence[Seen], due: At, end: At | None, keeping: Sequence[Seen]) -> tuple[Any, ...]:
    resting_on = {event.position for event in (due.event, *keeping, *([end.event] if end else []))}
    bounds = (due.earliest, end.latest) if end else (None, None)
    return (
        key,
        due.event.data.facility,
        due.event.data.subject,
        json_text(due.told),
        due.event.type,
        json_text(end.told) if end else None,
        end.event.type if end else None,
        bool(keeping),
        due.earliest == due.latest and (end is None or end.earliest == end.latest),
        None if None in bounds else (bounds[1] - bounds[0]) // US_PER_MINUTE,  # type: ignore[operator]
        due.latest,
        end.earliest if end else None,
        json_text(list(_holds(events, due))),
        json_text(sorted(resting_on)),
    )


def _at(event: Seen, told: Told | None = None) -> At:
    """Return the moment of an event, or another that it tells of."""
    if told is None:
        return At(event.earliest, event.latest, event.told, event)
    return At(*span_of(told), told, event)


def _order(moment: At) -> tuple[int, int, int]:
    return moment.order


def _due(events: Sequence[Seen]) -> At | None:
    """Return when release was due, as `projections.leaving.release_known` does."""
    for type_name in (ELIGIBLE, ORDERED):
        told = [_at(event) for event in events if event.type == type_name]
        if told:
            return min(told, key=_order)
    over = {
        event.data.charge: moment
        for event in sorted((event for event in events if event.type == DISPOSED), key=lambda event: _at(event).order)
        if event.data.charge_released_at and (moment := _at(event, event.data.charge_released_at)).latest is not None
    }
    if any(event.type in FILED and event.data.charge not in over for event in events):
        return None
    return max(over.values(), key=_order, default=None)


def _keeps(event: Seen, due: At, events: Sequence[Seen]) -> bool:
    """Say whether an event shows that the person was kept for ICE when release was due, or after."""
    if event.type == PLACED:
        return event.data.kind == IMMIGRATION and _held(event, due, events)
    return event.type == STAYED or (event.type == SERVED and event.data.served_by != ICE_OFFICER)


def _held(placed: Seen, due: At, events: Iterable[Seen]) -> bool:
    """Say whether a hold was there when release was due, or came later."""
    ends = (event for event in events if event.type == ENDED and event.data.hold == placed.data.hold)
    return _at(placed).order[:2] > due.order[:2] or not any(surely_before(end, due) for end in ends)


def _asked(events: Sequence[Seen], due: At) -> bool:
    """Say whether a form that asks for a hold was there when release was due."""
    over = {event.stream for event in events if event.type in FORM_ENDS and surely_before(event, due)}
    forms = (event for event in events if event.type == PREPARED and event.data.form in HOLD_FORMS)
    return any(form.stream not in over and _by(form, due) for form in forms)


def _by(event: Seen, due: At) -> bool:
    return event.earliest is None or due.latest is None or event.earliest <= due.latest


def _end(events: Sequence[Seen], due: At, keeping: Sequence[Seen]) -> At | None:
    """Return the first end of the stay that can have been at or after the moment release was due."""
    ends = _departures(events)
    if keeping and all(event.type == PLACED for event in keeping):
        over = [_at(event) for event in events if event.type == ENDED and event.data.kind == IMMIGRATION]
        ends += sorted(over, key=_order)[-1:]
    return min((end for end in ends if not surely_before(end, due)), key=_order, default=None)


def _departures(events: Sequence[Seen]) -> list[At]:
    """Return the ends of the stay in the releasing side's own words, or in the other's if it tells of none."""
    own = [_at(event, getattr(event.data, "physically_out_at", None)) for event in events if event.type in OUTS]
    passed = [event for event in events if event.type == TRANSFERRED]
    own += [_at(event) for event in passed if event.agency == event.data.releasing_agency]
    return own or [_at(event) for event in passed]


def _gone_before(events: Sequence[Seen], due: At) -> bool:
    """Say whether the person surely left before release was due, and nothing tells that they came back or left again.

    Such a record contradicts itself, and shows nobody who was kept.
    """
    left = _departures(events)
    if not left or not all(surely_before(end, due) for end in left):
        return False
    last = max(left, key=_order)
    return not any(event.type in RETURNED and not surely_before(event, last) for event in events)


def _holds(events: Sequence[Seen], due: At) -> Iterator[dict[str, Any]]:
    """Yield the holds, of whatever kind, that were there when release was due or came later."""
    for placed in sorted((event for event in events if event.type == PLACED), key=lambda event: _at(event).order):
        if _held(placed, due, events):
            data = placed.data
            ends = [_at(event) for event in events if event.type == ENDED and event.data.hold == data.hold]
            last = max(ends, key=_order, default=None)
            yield {
                "hold": data.hold,
                "kind": data.kind,
                "since": placed.told,
                "until": last.told if last else None,
                "requested_by": data.requested_by,
                "detainer": data.detainer,
            }


def minutes_by(row: Mapping[str, Any], moment: int) -> int | None:
    """Return the minutes surely spent past release by a moment (microseconds since 1970 UTC); None if not yet any.

    Where nothing recorded kept the person, the time of paperwork is not counted as such.
    """
    over = row["valid_to"] if row["valid_to"] is not None and row["valid_to"] <= moment else moment
    spent = over - row["valid_from"]
    return spent // US_PER_MINUTE if spent > (0 if row["is_kept"] else PAPERWORK) else None
