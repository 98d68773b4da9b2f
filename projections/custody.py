"""Custody state: who is in custody where, as of any instant, from what each custodian itself recorded.

Custody is two facts: the legal custodian and the place. A warrant service officer can pass the first to ICE
while the person stays in the same cell. What the receiving side says of a transfer never ends the releasing
side's custody: that is a disagreement, and `projections.handoffs` shows it.

Each row of `custody` is a stay during which nothing changed: one episode, one place, one legal custodian. Where the
recorded precision leaves open whether somebody was there, the stay is cut, and the open part is not `certain`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from domain.canonical import digest_of
from domain.events import episode, handoff
from domain.instants import microseconds_of
from projections.folding.seen import Seen, Told, json_text, span_of, surely_before
from projections.folding.table import Kind, Row, Table

INTO_CUSTODY = (
    episode.SubjectBooked,
    episode.CommittedToInstitution,
    episode.Recaptured,
    episode.ReturnedFromErroneousRelease,
)
OUT_OF_CUSTODY = (
    episode.ReleasedToCommunity,
    episode.ReleasedToAgency,
    episode.Escaped,
    episode.Died,
    episode.ReleasedInError,
)
MOVES: dict[str, str] = {  # type of a move: the field that says for what, or to where, the person left the cell
    episode.InterFacilityTransferred.TYPE: "to_facility",
    episode.TemporaryReleaseStarted.TYPE: "purpose",
    episode.WritServed.TYPE: "",
    episode.TemporaryReleaseEnded.TYPE: "",
    episode.WritReturned.TYPE: "",
}
HOLDS = (episode.HoldPlaced.TYPE, episode.HoldEnded.TYPE)
TRANSFERRED, COMMITTED = handoff.CustodyTransferred.TYPE, episode.CommittedToInstitution.TYPE
STAYED, STAY_ENDED = handoff.PostTransferDetentionStarted.TYPE, handoff.PostTransferDetentionEnded.TYPE
INS, OUTS = (frozenset(event.TYPE for event in events) for events in (INTO_CUSTODY, OUT_OF_CUSTODY))
OUT_TYPES = OUTS | {TRANSFERRED, STAY_ENDED}
EARLIEST, NEVER = -(2**62), 2**62  # before and after every moment

STAYS = Table(
    "custody",
    {
        "episode": Kind.TEXT,
        "subject": Kind.TEXT,
        "facility": Kind.TEXT,
        "location": Kind.TEXT,
        "legal_custodian": Kind.TEXT,
        "since": Kind.INSTANT,
        "certain": Kind.BOOLEAN,
        "valid_from": Kind.MOMENT,
        "valid_to": Kind.MOMENT,
    },
    "stays during which place and legal custodian stay the same; `since` is when this custody began",
    listed_by="valid_from",
)
HELD = Table(
    "holds",
    {
        "episode": Kind.TEXT,
        "facility": Kind.TEXT,
        "hold": Kind.TEXT,
        "kind": Kind.TEXT,
        "detainer": Kind.TEXT,
        "since": Kind.INSTANT,
        "valid_from": Kind.MOMENT,
        "valid_to": Kind.MOMENT,
    },
    "holds by their own times; an end never has to agree with the release",
)
CONTRADICTIONS = Table(
    "custody_contradictions",
    {"episode": Kind.TEXT, "facility": Kind.TEXT, "kind": Kind.TEXT, "events": Kind.POSITIONS},
    "episodes whose recorded times cannot all be right; they count nowhere as in custody",
)


class Point(NamedTuple):
    """Something that took effect between two moments: into or out of custody, a new place, a new custodian."""

    order: tuple[int, int, int]  # the earliest possible moment, the latest, the position
    earliest: int | None
    latest: int | None
    value: str
    told: Told
    type: str

    def maybe_by(self, moment: int) -> bool:
        """Say whether it can have happened by the moment."""
        return self.earliest is None or self.earliest <= moment


class Points(NamedTuple):
    """What an episode's events say that bears on custody, each in its order."""

    ins: list[Point]
    outs: list[Point]
    places: list[Point]
    custodians: list[Point]


class Visit(NamedTuple):
    """One time in custody: since and until when it may be so, and surely is so. EARLIEST and NEVER are no bounds."""

    entry: Point
    entered_first: int
    entered_last: int
    left_first: int
    left_last: int
    begins_after: tuple[int, ...]  # the order of the way out before it; () if there is none


class Custody:
    """The fold. Events may come in any order; what they give goes by when things happened."""

    name = "custody"
    kind = "episode"
    tables = (STAYS, HELD, CONTRADICTIONS)
    fields: Mapping[str, Sequence[str]] = {
        **dict.fromkeys((*INS, *OUTS), ("facility", "subject")),
        episode.ReleasedToCommunity.TYPE: ("facility", "subject", "physically_out_at"),
        **{name: ("facility", "subject", *([field] if field else [])) for name, field in MOVES.items()},
        **dict.fromkeys(HOLDS, ("facility", "subject", "hold", "kind", "detainer")),
        handoff.AdministrativeWarrantServed.TYPE: ("episode", "legal_custody_to"),
        STAYED: ("episode", "legal_custodian"),
        STAY_ENDED: ("episode",),
        TRANSFERRED: ("episode", "releasing_agency", "receiving_agency", "physical_at"),
    }

    def __init__(self, operators: Mapping[str, str]) -> None:
        """`operators` gives the agency that runs each facility."""
        self._operators = operators
        self.version = f"3.{digest_of(operators)[:12]}"

    def keys(self, seen: Seen) -> Sequence[str]:
        """Return the episode, if any is named."""
        if seen.stream.startswith("episode/"):
            return (seen.stream[8:],)
        return (seen.data.episode,) if seen.data.episode else ()

    def rows(self, key: str, events: Sequence[Seen]) -> list[Row]:
        """Return the stays, holds and contradictions of an episode."""
        plain = _plain(events)
        if plain:
            return [self._stay(key, events, *plain)]
        bearing = [event for event in events if event.type not in HOLDS]
        rows: list[Row] = []
        if len(bearing) < len(events):
            rows = [(HELD.name, (key, *hold)) for hold in _holds([event for event in events if event.type in HOLDS])]
            plain = _plain(bearing)
        if plain:
            return [*rows, self._stay(key, events, *plain)]
        return [*rows, *self._rows(key, _subject(events), _points(bearing))] if bearing else rows

    def _stay(self, key: str, events: Sequence[Seen], first: Seen, ends: int) -> Row:
        facility = first.data.facility
        operator = self._operators.get(facility)
        until = None if ends == NEVER else ends
        since = json_text(first.told)
        stay = (key, _subject(events), facility, facility, operator, since, True, first.earliest, until)
        return STAYS.name, stay

    def _rows(self, key: str, subject: str | None, found: Points) -> list[Row]:
        if not found.ins:
            return []
        if _contradictory(found):
            positions = sorted(point.order[2] for point in found.ins + found.outs)
            what = (key, found.ins[0].value, "release_before_booking", json_text(positions))
            return [(CONTRADICTIONS.name, what)]
        return [(STAYS.name, (key, subject, *stay)) for stay in self._stays(found)]

    def _stays(self, found: Points) -> Iterator[tuple[Any, ...]]:
        """Yield facility, location, legal custodian, since, certain, valid_from and valid_to, in order of time."""
        visits = list(_visits(found))
        stay: tuple[Any, ...] | None = None
        began: int | None = None
        for moment in _moments(found):
            now = self._at(found, visits, EARLIEST if moment is None else moment)
            if now != stay:
                if stay:
                    yield *stay[:3], json_text(stay[3]), stay[4], began, moment
                stay, began = now, moment
        if stay:
            yield *stay[:3], json_text(stay[3]), stay[4], began, None

    def _at(self, found: Points, visits: Sequence[Visit], moment: int) -> tuple[Any, ...] | None:
        """Return facility, location, legal custodian, since and certain; None if nobody is there."""
        visit = next((one for one in reversed(visits) if one.entered_first <= moment), None)
        if visit is None or visit.left_last <= moment:
            return None
        moves = (one for one in found.places if one != visit.entry and one.order[1] >= visit.entered_first)
        place = _last(moves, moment, visit) or visit.entry
        facility, _, away = place.value.partition("|")
        custodian = _last(found.custodians, moment, visit)
        legal = custodian.value if custodian else self._operators.get(facility)
        certain = visit.entered_last <= moment < visit.left_first
        return facility, away or facility, legal, visit.entry.told, certain


def _points(events: Sequence[Seen]) -> Points:
    found = Points([], [], [], [])
    for event in events:
        type_name, data = event.type, event.data
        if type_name in INS:
            point = _point(event, data.facility)
            found.ins.append(point)
            found.places.append(point)
        elif type_name in OUTS:
            found.outs.append(_point(event, type_name, getattr(data, "physically_out_at", None)))
        elif type_name in MOVES:
            found.places.append(_point(event, _place(event)))
        elif type_name == TRANSFERRED:
            if event.agency == data.releasing_agency:
                _pass_on(found, event, events)
        else:
            custodian = getattr(data, "legal_custody_to", None) or getattr(data, "legal_custodian", None)
            if custodian:
                found.custodians.append(_point(event, custodian))
    for points in found:
        points.sort()
    return found


def _pass_on(found: Points, transfer: Seen, events: Sequence[Seen]) -> None:
    """Take in a transfer: legal custody passes, and the person leaves then, or later if that is told."""
    out = transfer.data.physical_at
    if out is None and any(_stays_after(event, transfer) for event in events):
        ends = (event for event in events if event.type == STAY_ENDED and event.stream == transfer.stream)
        found.outs.extend(_point(event, transfer.type) for event in ends)
    else:
        point = _point(transfer, transfer.type, out)
        found.outs.append(point)
        if transfer.latest is None or point.earliest is None or point.earliest <= transfer.latest:
            return
    found.custodians.append(_point(transfer, transfer.data.receiving_agency))


def _stays_after(event: Seen, transfer: Seen) -> bool:
    """Say whether an event tells that the person stays in the jail although custody passed in the transfer."""
    if event.type != STAYED or event.stream != transfer.stream:
        return False
    return event.latest is None or transfer.earliest is None or event.latest >= transfer.earliest


def _place(event: Seen) -> str:
    """Return the facility, and after a bar what the person is away for."""
    if event.type == episode.InterFacilityTransferred.TYPE:
        return str(event.data.to_facility)
    if event.type == episode.WritServed.TYPE:
        return f"{event.data.facility}|writ"
    away = getattr(event.data, "purpose", None)
    return f"{event.data.facility}|{away}" if away else str(event.data.facility)


def _point(event: Seen, value: str, told: Told | None = None) -> Point:
    """Make a point of an event, at another time than its own if one is given."""
    earliest, latest = span_of(told) if told else (event.earliest, event.latest)
    first = EARLIEST if earliest is None else earliest
    order = first, first if latest is None else latest, event.position
    return Point(order, earliest, latest, value, told or event.told, event.type)


def _subject(events: Sequence[Seen]) -> str | None:
    for event in reversed(events):
        if event.stream.startswith("episode/"):
            return event.data.subject  # type: ignore[no-any-return]
    return None


def _plain(events: Sequence[Seen]) -> tuple[Seen, int] | None:
    """Return the booking, and the moment it ends, of what nearly every episode is: one stay, all times exact.

    A second entry at the same facility, as a commitment is, begins nothing new; every end comes after every entry.
    """
    first: Seen | None = None
    entered, ends = EARLIEST, NEVER
    for event in events:
        moment = event.earliest
        if moment is None or moment != event.latest:
            return None
        if event.type in INS:
            if first and first.data.facility != event.data.facility:
                return None
            if first is None or moment < first.earliest:  # type: ignore[operator] # exact
                first = event
            if moment > entered:
                entered = moment
        else:
            ended = _exact_end(event)
            if ended is None:
                return None
            if ended < ends:
                ends = ended
    return (first, ends) if first and entered < ends else None


def _exact_end(event: Seen) -> int | None:
    """Return the exact moment at which an event ends custody, NEVER if it does not; None if it does anything else."""
    if event.type in OUTS:
        out = getattr(event.data, "physically_out_at", None)
    elif event.type == TRANSFERRED:
        if event.agency != event.data.releasing_agency:
            return NEVER
        out = event.data.physical_at
        if out and out != event.told:  # the legal custodian may be another in between
            return None
    else:
        return None
    if out:
        return microseconds_of(out) if isinstance(out, str) else None
    return event.earliest


def _moments(found: Points) -> list[int | None]:
    """Return the moments at which anything can change, in order; None stands for before them all."""
    bounds = {bound for points in found for point in points for bound in (point.earliest, point.latest)}
    return [None, *sorted(bound for bound in bounds if bound is not None)]


def _last(points: Iterable[Point], moment: int, visit: Visit) -> Point | None:
    """Return the last of these points, which are in order, that can have happened by the moment, in a visit."""
    within = [point for point in points if point.order >= visit.begins_after and point.maybe_by(moment)]
    return within[-1] if within else None


def _contradictory(found: Points) -> bool:
    """Say whether the one booking comes surely after an end of the same episode."""
    if not found.outs:
        return False
    booked = found.ins[0].earliest
    return booked is not None and any(out.latest and out.latest < booked for out in found.outs)


def _visits(found: Points) -> Iterator[Visit]:
    """Yield the times in custody, in their order."""
    turns = _in_turn(found)
    bounds = zip(turns, *_narrowed(turns), strict=True)
    groups = [list(group) for _, group in groupby(bounds, key=lambda one: one[0].type in OUT_TYPES)]
    for before, its, outs in zip([[], *groups], groups, [*groups[1:], []], strict=False):
        entry, first, last = its[0]
        if entry.type not in OUT_TYPES:
            left_first = min((one for _, one, _ in outs), default=NEVER)
            left_last = min((one for _, _, one in outs), default=NEVER)
            after = min((point.order[:2] for point, _, _ in before), default=())
            yield Visit(entry, first, last, left_first, left_last, after)


def _in_turn(found: Points) -> list[Point]:
    """Return the ways in and out in the order in which they can have happened.

    Where the recorded times leave it open, nobody leaves before having come, and nobody comes who is there: so somebody
    booked at 8:00 and released "that day" was released after 8:00, and a recapture came after its escape.
    """
    ins, outs, turns = deque(found.ins), deque(found.outs), list[Point]()
    while ins and outs:
        turns.append((ins if _comes_first(ins[0], outs[0], turns) else outs).popleft())
    return [*turns, *ins, *outs]


def _comes_first(entry: Point, out: Point, turns: Sequence[Point]) -> bool:
    """Say whether a way in comes before a way out, after these turns."""
    if surely_before(entry, out) or surely_before(out, entry):
        return surely_before(entry, out)
    last = turns[-1] if turns else None
    if last is None:
        return True
    if last.type in OUT_TYPES:
        return out.order[:2] != last.order[:2]  # else it tells of the same once more
    return entry.type == COMMITTED or entry.order[:2] == last.order[:2]


def _narrowed(turns: Sequence[Point]) -> tuple[list[int], list[int]]:
    """Return the first and last moment at which each turn can have been, as they follow each other."""
    firsts, lasts = [], []
    first, last = EARLIEST, NEVER
    for turn in turns:
        first = min(max(first, turn.order[0]), NEVER if turn.latest is None else turn.latest)
        firsts.append(first)
    for turn in reversed(turns):
        last = max(min(last, NEVER if turn.latest is None else turn.latest), turn.order[0])
        lasts.append(last)
    return firsts, lasts[::-1]


def _holds(events: Sequence[Seen]) -> Iterator[tuple[Any, ...]]:
    """Yield facility, hold, kind, detainer, since, valid_from and valid_to of each hold."""
    for hold in sorted({event.data.hold for event in events}):
        its = [event for event in events if event.data.hold == hold]
        placed = [_point(event, event.data.facility) for event in its if event.type == episode.HoldPlaced.TYPE]
        if not placed:
            continue
        first = min(placed)
        ends = min((e.latest for e in its if e.type == episode.HoldEnded.TYPE and e.latest is not None), default=None)
        if ends is None or first.order[0] < ends:
            named = [event.data.detainer for event in its if event.type == episode.HoldPlaced.TYPE]
            detainer = next((one for one in reversed(named) if one), None)
            yield first.value, hold, its[0].data.kind, detainer, json_text(first.told), first.earliest, ends


def in_custody(stays: Iterable[Mapping[str, Any]], holds: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return who is in custody, ordered by episode, of the stays and holds that hold at one moment.

    Rows: `episode`, `subject`, `since`, `legal_custodian`, `location`, `holds`, and `certain`, which is
    false where the recorded precision leaves it open.
    """
    held: dict[str, list[dict[str, Any]]] = {}
    for hold in sorted(holds, key=lambda row: str(row["hold"])):
        shown = {name: hold[name] for name in ("hold", "kind", "since", "detainer")}
        held.setdefault(hold["episode"], []).append(shown)
    shown_first = ("episode", "subject", "since", "legal_custodian", "location")
    rows = []
    for stay in sorted(stays, key=lambda row: str(row["episode"])):
        shown = {name: stay[name] for name in shown_first}
        rows.append({**shown, "holds": held.get(stay["episode"], []), "certain": stay["certain"]})
    return rows
