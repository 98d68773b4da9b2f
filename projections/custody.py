"""Custody state: who is in custody where, as of any instant, from what each custodian itself recorded.

Custody is two facts: the legal custodian and the place. A warrant service officer can pass the first to ICE
while the person stays in the same cell. What the receiving side says of a transfer never ends the releasing
side's custody: that is a disagreement, and `projections.handoffs` shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.events import episode, handoff
from domain.instants import Instant
from projections.recorded import Recorded

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


@dataclass(frozen=True, slots=True)
class Point:
    """Something that took effect at an instant: into or out of custody, a new place, a new custodian."""

    at: Instant
    position: int
    value: str


@dataclass(slots=True)
class Hold:
    """One hold by its own times; its end is never forced to agree with the release."""

    kind: str
    detainer: str | None = None
    placed: list[Instant] = field(default_factory=list)
    ended: list[Instant] = field(default_factory=list)


@dataclass(slots=True)
class Episode:
    """Everything recorded about one episode that bears on custody."""

    subject: str | None = None
    ins: list[Point] = field(default_factory=list)
    outs: list[Point] = field(default_factory=list)
    places: list[Point] = field(default_factory=list)
    custodians: list[Point] = field(default_factory=list)
    holds: dict[str, Hold] = field(default_factory=dict)


class Custody:
    """The fold. Events may come in any order; questions are answered by when things happened."""

    name = "custody"

    def __init__(self, operators: Mapping[str, str]) -> None:
        """`operators` gives the agency that runs each facility."""
        self._operators = operators
        self._episodes: dict[str, Episode] = {}

    def apply(self, event: Recorded) -> None:
        """Fold one event."""
        data = event.data
        if isinstance(data, episode.EpisodeData):
            self._apply_episode(event, data, self._of(event.stream_id))
        elif isinstance(data, handoff.HandoffData) and data.episode:
            self._apply_handoff(event, data, self._of(data.episode))

    def _of(self, episode_id: str) -> Episode:
        return self._episodes.setdefault(episode_id, Episode())

    def _apply_episode(self, event: Recorded, data: episode.EpisodeData, found: Episode) -> None:
        found.subject = data.subject
        point = Point(event.occurred, event.position, data.facility)
        if isinstance(data, INTO_CUSTODY):
            found.ins.append(point)
            found.places.append(point)
        elif isinstance(data, OUT_OF_CUSTODY):
            out_at = getattr(data, "physically_out_at", None) or event.occurred
            found.outs.append(Point(out_at, event.position, data.TYPE))
        elif isinstance(data, episode.HoldPlaced | episode.HoldEnded):
            _apply_hold(found, event, data)
        else:
            _apply_move(found, event, data)

    def _apply_handoff(self, event: Recorded, data: handoff.HandoffData, found: Episode) -> None:
        at, position = event.occurred, event.position
        if isinstance(data, handoff.AdministrativeWarrantServed) and data.legal_custody_to:
            found.custodians.append(Point(at, position, data.legal_custody_to))
        elif isinstance(data, handoff.PostTransferDetentionStarted):
            found.custodians.append(Point(at, position, data.legal_custodian))
        elif isinstance(data, handoff.CustodyTransferred) and event.agency == data.releasing_agency:
            found.outs.append(Point(data.physical_at or at, position, data.TYPE))

    def in_custody(self, facility: str, at: datetime) -> list[dict[str, Any]]:
        """Return who is at the facility at the moment, ordered by episode.

        Rows: `episode`, `subject`, `since`, `legal_custodian`, `location`, `holds`, and `certain`, which is
        false where the recorded precision leaves it open.
        """
        rows = (self._row(key, found, at) for key, found in self._episodes.items() if found.ins)
        return sorted((row for row in rows if row and row.pop("_facility") == facility), key=lambda r: r["episode"])

    def _row(self, key: str, found: Episode, at: datetime) -> dict[str, Any] | None:
        since = _since(found, at)
        if since is None:
            return None
        place = _last(found.places, at) or since
        facility = place.value.partition("|")[0]
        custodian = _last(found.custodians, at)
        return {
            "_facility": facility,
            "episode": key,
            "subject": found.subject,
            "since": since.at.as_json(),
            "legal_custodian": custodian.value if custodian else self._operators.get(facility),
            "location": place.value.partition("|")[2] or facility,
            "holds": list(_holds(found, at)),
            "certain": since.at.surely_by(at) and not any(p.at.maybe_by(at) for p in _later(found.outs, since)),
        }

    def contradictions(self) -> list[dict[str, Any]]:
        """Return episodes whose recorded times cannot all be right; they are never counted as in custody."""
        return [
            {
                "kind": "release_before_booking",
                "episode": key,
                "events": sorted(p.position for p in found.ins + found.outs),
            }
            for key, found in sorted(self._episodes.items())
            if _contradictory(found)
        ]

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state as JSON, the same for the same events."""
        return {key: _episode_json(found) for key, found in sorted(self._episodes.items())}


def _apply_hold(found: Episode, event: Recorded, data: episode.HoldPlaced | episode.HoldEnded) -> None:
    hold = found.holds.setdefault(data.hold, Hold(data.kind.value))
    if isinstance(data, episode.HoldPlaced):
        hold.placed.append(event.occurred)
        hold.detainer = data.detainer or hold.detainer
    else:
        hold.ended.append(event.occurred)


def _apply_move(found: Episode, event: Recorded, data: episode.EpisodeData) -> None:
    where: dict[type[episode.EpisodeData], Callable[[Any], str]] = {
        episode.InterFacilityTransferred: lambda d: d.to_facility,
        episode.TemporaryReleaseStarted: lambda d: f"{d.facility}|{d.purpose}",
        episode.WritServed: lambda d: f"{d.facility}|writ",
        episode.TemporaryReleaseEnded: lambda d: d.facility,
        episode.WritReturned: lambda d: d.facility,
    }
    if type(data) in where:
        found.places.append(Point(event.occurred, event.position, where[type(data)](data)))


def _key(point: Point) -> tuple[datetime, datetime, int]:
    return (*point.at.sort_key, point.position)


def _last(points: Iterable[Point], at: datetime) -> Point | None:
    return max((p for p in points if p.at.maybe_by(at)), key=_key, default=None)


def _later(points: Iterable[Point], than: Point) -> list[Point]:
    return [point for point in points if point.at.sort_key >= than.at.sort_key]


def _contradictory(found: Episode) -> bool:
    """Say whether the one booking comes surely after an end of the same episode."""
    if not found.ins or not found.outs:
        return False
    booked = min(found.ins, key=_key).at.earliest
    return booked is not None and any(point.at.latest and point.at.latest < booked for point in found.outs)


def _since(found: Episode, at: datetime) -> Point | None:
    """Return the point from which the person is in custody at the moment, or None."""
    entered = _last(found.ins, at)
    if entered is None or _contradictory(found):
        return None
    if any(point.at.surely_by(at) for point in _later(found.outs, entered)):
        return None
    first = [p for p in found.ins if not any(_between(out, p, entered) for out in found.outs)]
    return min((p for p in first if p.at.maybe_by(at)), key=_key, default=entered)


def _between(out: Point, first: Point, last: Point) -> bool:
    return first.at.sort_key <= out.at.sort_key <= last.at.sort_key and first is not last


def _holds(found: Episode, at: datetime) -> Iterator[dict[str, Any]]:
    for key, hold in sorted(found.holds.items()):
        placed = [instant for instant in hold.placed if instant.maybe_by(at)]
        if placed and not any(instant.surely_by(at) for instant in hold.ended):
            since = min(placed, key=lambda instant: instant.sort_key)
            yield {"hold": key, "kind": hold.kind, "since": since.as_json(), "detainer": hold.detainer}


def _episode_json(found: Episode) -> dict[str, Any]:
    def points(several: list[Point]) -> list[list[Any]]:
        return [[p.at.as_json(), p.value, p.position] for p in sorted(several, key=_key)]

    return {
        "subject": found.subject,
        "ins": points(found.ins),
        "outs": points(found.outs),
        "places": points(found.places),
        "custodians": points(found.custodians),
        "holds": {
            key: [
                hold.kind,
                hold.detainer,
                [i.as_json() for i in hold.placed],
                [i.as_json() for i in hold.ended],
            ]
            for key, hold in sorted(found.holds.items())
        },
    }
