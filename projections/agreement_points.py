"""What the log says about each agreement, sheet by sheet: present as printed so, or absent.

Events arrive in any order and stale ones stay in the log: an end told between two sheets is narrowed when a
sheet between them turns up. So nothing here remembers an order. Each event adds points (a sheet, present or
absent); the history of an agreement is read off its points in the order of publication.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from domain.agreements import publication_order, same_words
from domain.events.instrument import AgreementCorrected, AgreementDelisted, AgreementListed, AgreementModel
from domain.instants import Instant

Key = tuple[str, AgreementModel]
Order = tuple[datetime, datetime, str]


@dataclass(frozen=True, slots=True)
class Point:
    """One agreement on one sheet: printed so, or absent (`as_printed` None)."""

    sheet: str
    published: Instant
    as_printed: str | None = None
    signed: Instant | None = None

    @property
    def present(self) -> bool:
        """Say whether the sheet lists the agreement."""
        return self.as_printed is not None

    @property
    def order(self) -> Order:
        """Order points by publication."""
        return publication_order(self.sheet, self.published)

    @property
    def strength(self) -> tuple[object, ...]:
        """Rank points of one sheet: a row printed is a fact, a row missing is not; else the later signed."""
        if self.as_printed is None or self.signed is None:
            return (False,)
        return True, self.signed.sort_key, self.as_printed


@dataclass(frozen=True, slots=True)
class Link:
    """An earlier printed name, taken for another agency, is held to be this agreement's."""

    heir: Key
    before: Point
    after: Point
    basis: str | None


@dataclass(slots=True)
class Track:
    """All points of one agreement by sheet, and the state and county its events name."""

    points: dict[str, Point] = field(default_factory=dict)
    state: str = ""
    county: str | None = None

    def put(self, point: Point) -> None:
        """Add a point; on one sheet the stronger stays."""
        known = self.points.get(point.sheet)
        if known is None or point.strength > known.strength:
            self.points[point.sheet] = point

    def present(self) -> list[Point]:
        """Return the points that list the agreement."""
        return [point for point in self.points.values() if point.present]

    def ordered(self, keep: Callable[[Point], bool]) -> list[Point]:
        """Return the points to be kept, in the order of publication."""
        return sorted(filter(keep, self.points.values()), key=lambda point: point.order)


@dataclass(slots=True)
class Tracks:
    """Every agreement's track under the agency id its events name, and the links between ids."""

    by_key: dict[Key, Track] = field(default_factory=dict)
    links: dict[Key, set[Link]] = field(default_factory=dict)
    _keys: dict[str, list[Key]] = field(default_factory=dict)  # by agency id
    _near: dict[str, set[str]] = field(default_factory=dict)  # ids that a link joins

    def listed(self, data: AgreementListed) -> None:
        """Present on its sheet."""
        self._track(data).put(Point(data.sheet, data.published, data.as_printed, data.signed))

    def delisted(self, data: AgreementDelisted) -> None:
        """Present on the last sheet that lists it, absent from the first that does not."""
        track = self._track(data)
        track.put(Point(data.last_sheet, data.last_published, data.as_printed, data.signed))
        track.put(Point(data.sheet, data.published))

    def corrected(self, data: AgreementCorrected) -> None:
        """Present on both sheets, each time as printed there; a name taken for another agency is linked."""
        before = Point(data.before_sheet, data.before_published, data.before_as_printed, data.before_signed)
        after = Point(data.sheet, data.published, data.as_printed, data.signed)
        track = self._track(data)
        track.put(after)
        if data.before_agency is None:
            track.put(before)
            return
        old = (data.before_agency, data.model)
        earlier = self._at(old)
        earlier.state = earlier.state or data.state
        earlier.put(before)
        earlier.put(Point(data.sheet, data.published))
        self._near.setdefault(old[0], set()).add(data.agency)
        self._near.setdefault(data.agency, set()).add(old[0])
        self.links.setdefault(old, set()).add(Link((data.agency, data.model), before, after, data.basis))

    def _track(self, data: AgreementListed | AgreementDelisted | AgreementCorrected) -> Track:
        track = self._at((data.agency, data.model))
        track.state, track.county = data.state, data.county or track.county
        return track

    def _at(self, key: Key) -> Track:
        if key not in self.by_key:
            self.by_key[key] = Track()
            self._keys.setdefault(key[0], []).append(key)
        return self.by_key[key]

    def kin(self, agency: str) -> set[str]:
        """Return the ids that links join to an agency's, itself among them: nothing else bears on its agreements."""
        found, waiting = {agency}, [agency]
        while waiting:
            new = self._near.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found

    def keys_of(self, agencies: Iterable[str]) -> list[Key]:
        """Return the keys of these ids."""
        return [key for agency in sorted(agencies) for key in self._keys.get(agency, ())]

    def link(self, key: Key) -> Link | None:
        """Return the link that holds for an id, if any.

        One holds from the old name's last printing to the new one's first, if no sheet between shows neither:
        whoever linked other printings had not seen all sheets.
        """
        holding = [link for link in self.links.get(key, ()) if self._holds(key, link)]
        return min(holding, key=lambda link: (link.after.order, link.heir), default=None)

    def _holds(self, key: Key, link: Link) -> bool:
        earlier = self.by_key[key]
        last = max(earlier.present(), key=lambda point: point.order)
        first = min(self.by_key[link.heir].present(), key=lambda point: point.order)
        if (link.before, link.after) != (last, first):
            return False
        absences = (point.order for point in earlier.points.values() if not point.present)
        return not any(last.order < absence < first.order for absence in absences)

    def heir(self, key: Key) -> Key:
        """Return the id under which an agreement is shown, links followed."""
        link = self.link(key)
        return self.heir(link.heir) if link else key

    def united(self, keys: Iterable[Key]) -> dict[Key, Track]:
        """Return one track for each agreement, with the points of the names that were corrected into it.

        `keys` are all there are, or all of ids that are kin.
        """
        found: dict[Key, Track] = {}
        for key in keys:
            track, heir = self.by_key[key], self.heir(key)
            united = found.setdefault(heir, Track())
            for point in track.points.values():
                united.put(point)
            if key == heir:
                united.state, united.county = track.state, track.county
        return found


@dataclass(frozen=True, slots=True)
class Span:
    """One agreement as ICE listed it: the points that list it, where it was off the list, and its end.

    `gaps` are pairs (last sheet before, first sheet after) between which some sheet did not list it though
    the same agreement came back; `absent` is the first sheet without it for good.
    """

    points: tuple[Point, ...]
    gaps: tuple[tuple[Point, Point], ...]
    absent: Point | None


def spans(points: list[Point]) -> list[Span]:
    """Cut a track's ordered points into agreements.

    One that vanishes and comes back with the same signing date is the same agreement with a gap in the list;
    one that comes back with another date is another agreement.
    """
    found: list[Span] = []
    absent: Point | None = None
    for point in points:
        last = found[-1] if found else None
        if not point.present:
            absent = absent or point
        elif last is None or (absent and last.points[-1].signed != point.signed):
            found[-1:] = [*_closed(last, absent), Span((point,), (), None)]
            absent = None
        else:
            gaps = (*last.gaps, (last.points[-1], point)) if absent else last.gaps
            found[-1] = Span((*last.points, point), gaps, None)
            absent = None
    return [*found[:-1], *_closed(found[-1] if found else None, absent)]


def _closed(span: Span | None, absent: Point | None) -> list[Span]:
    return [Span(span.points, span.gaps, absent)] if span else []


def changes(points: tuple[Point, ...]) -> list[tuple[str, Point, Point]]:
    """Return (field, before, after) of every printing that ICE corrected; spacing is no correction."""
    found = []
    for before, after in pairwise(points):
        if same_words(before.as_printed or "") != same_words(after.as_printed or ""):
            found.append(("as_printed", before, after))
        if before.signed != after.signed:
            found.append(("signed", before, after))
    return found


def last_stretch(points: tuple[Point, ...]) -> Point:
    """Return the first point that prints the name in its last wording.

    Its spacing is the one shown: that sheet is a point whatever order the sheets came in, later ones may
    not be.
    """
    words = same_words(points[-1].as_printed or "")
    first = points[-1]
    for point in reversed(points):
        if same_words(point.as_printed or "") != words:
            break
        first = point
    return first
