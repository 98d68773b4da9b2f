"""287(g) agreements as ICE's sheets tell them: listed, corrected, gone; in force at a moment, or perhaps.

ICE never prints an end, so an end is the interval between the last sheet that lists an agreement and the
first that does not. The fold does not depend on the order of events (`projections/agreement_points.py`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.agreements import county_named, same_words
from domain.events.instrument import (
    AgreementCorrected,
    AgreementDelisted,
    AgreementListed,
    AgreementModel,
    RuleSourceObserved,
)
from domain.instants import Instant
from projections.agreement_points import (
    Key,
    Order,
    Point,
    Span,
    Track,
    Tracks,
    changes,
    last_stretch,
    spans,
)
from projections.recorded import Recorded

MODEL_NAMES = {
    AgreementModel.WARRANT_SERVICE_OFFICER: "Warrant Service Officer",
    AgreementModel.JAIL_ENFORCEMENT: "Jail Enforcement Model",
    AgreementModel.TASK_FORCE: "Task Force Model",
    AgreementModel.TRIBAL_TASK_FORCE: "Tribal Task Force Model",
    AgreementModel.UNKNOWN: "unknown",
}
EVERY_STATE = "*"
UNREAD = {"rows_refused", "rows_unplaced"}

Keep = Callable[[Point], bool]
Dated = tuple[datetime, str]


@dataclass(slots=True)
class Places:
    """What sheets print beside the names: each agency's county (of the latest sheet), each state's sheets."""

    sheets: dict[str, dict[str, Point]] = field(default_factory=dict)
    counties: dict[str, tuple[Order, str]] = field(default_factory=dict)
    printed: dict[str, set[str]] = field(default_factory=dict)
    _in_order: dict[str, tuple[list[Dated], list[Dated]]] = field(default_factory=dict)

    def observed(self, data: RuleSourceObserved) -> None:
        """Take in a sheet; one without a known publication has no place among the others."""
        if data.published.latest is None:
            return
        self._in_order.clear()
        sheet = Point(data.sheet, data.published)
        if not UNREAD & set(data.flags):
            self.sheets.setdefault(EVERY_STATE if data.national else data.state, {})[data.sheet] = sheet
        for row in data.rows:
            if row.county_as_printed:
                county = _county(row.county_as_printed)
                self.printed.setdefault(row.agency, set()).add(county.casefold())
                known = self.counties.get(row.agency)
                self.counties[row.agency] = max(filter(None, (known, (sheet.order, county))))

    def around(self, state: str, moment: datetime) -> tuple[str | None, str | None]:
        """Return the last of the state's sheets that was surely out by the moment, and the first surely after it."""
        if state not in self._in_order:
            known = {**self.sheets.get(state, {}), **self.sheets.get(EVERY_STATE, {})}.values()
            self._in_order[state] = _ends(known), _begins(known)
        ends, begins = self._in_order[state]
        before = bisect_right(ends, moment, key=lambda end: end[0])
        after = bisect_right(begins, moment, key=lambda begin: begin[0])
        return ends[before - 1][1] if before else None, begins[after][1] if after < len(begins) else None

    def latest_sheet(self, state: str, keep: Keep) -> Point | None:
        """Return the last sheet that would list the state's agreements."""
        known = {**self.sheets.get(state, {}), **self.sheets.get(EVERY_STATE, {})}
        return max(filter(keep, known.values()), key=lambda sheet: sheet.order, default=None)

    def county(self, agency: str) -> str | None:
        """Return the county printed last for an agency."""
        known = self.counties.get(agency)
        return known[1] if known else None


def _ends(sheets: Iterable[Point]) -> list[Dated]:
    return sorted((sheet.published.latest, sheet.sheet) for sheet in sheets if sheet.published.latest)


def _begins(sheets: Iterable[Point]) -> list[Dated]:
    return sorted((sheet.published.earliest, sheet.sheet) for sheet in sheets if sheet.published.earliest)


def _county(printed: str) -> str:
    return county_named(printed) or same_words(printed)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One agreement within what was published: its span, and what all sheets together say of it."""

    key: Key
    track: Track
    span: Span
    latest_name: str
    last_sheet: Point | None

    @property
    def signed(self) -> Instant:
        """Return the signing date as printed last."""
        return self.span.points[-1].signed or Instant.unknown()

    @property
    def last_listed(self) -> Point:
        """Return the last sheet that lists it: of one not gone, the last sheet known."""
        point = self.span.points[-1]
        if self.span.absent or self.last_sheet is None:
            return point
        return max(point, self.last_sheet, key=lambda sheet: sheet.order)

    @property
    def ended(self) -> Instant | None:
        """Return the interval of its end, or None while the last sheet lists it."""
        if self.span.absent is None:
            return None
        return Instant.between(self.span.points[-1].published.earliest, self.span.absent.published.latest)

    def in_force(self, moment: datetime) -> str:
        """Say `yes`, `no` or `unknown`.

        Unknown: on the day of signing, between the sheets of a gap or of its end, and after the last sheet.
        """
        if not self.signed.maybe_by(moment) or (self.ended and self.ended.surely_by(moment)):
            return "no"
        if not self.signed.surely_by(moment) or (self.ended and self.ended.maybe_by(moment)):
            return "unknown"
        if any(_between(last, back, moment) for last, back in self.span.gaps):
            return "unknown"
        seen = self.last_listed.published.latest
        return "yes" if seen and moment <= seen else "unknown"


def _between(last: Point, back: Point, moment: datetime) -> bool:
    gap = Instant.between(last.published.earliest, back.published.latest)
    return gap.maybe_by(moment) and not gap.surely_by(moment)


class Agreements:
    """The read model. Feed it events with `apply`; everything is worked out when asked for."""

    name = "agreements"
    TYPES = (
        RuleSourceObserved.TYPE,
        AgreementListed.TYPE,
        AgreementCorrected.TYPE,
        AgreementDelisted.TYPE,
    )

    def __init__(self) -> None:
        self._tracks = Tracks()
        self._places = Places()
        self._by_agency: dict[str, list[Agreement]] = {}  # of those asked about since something bore on them

    @classmethod
    def from_events(cls, events: Iterable[Recorded]) -> Agreements:
        """Fold a log, or the part of it that has the types in `TYPES`."""
        model = cls()
        for event in events:
            model.apply(event)
        return model

    def apply(self, event: Recorded) -> set[str] | None:
        """Take in one event; types that say nothing here are passed over.

        Return the agencies of whom answers may differ from now on, None for all: a sheet may be the last one known.
        """
        data = event.data
        if isinstance(data, RuleSourceObserved):
            self._places.observed(data)
            self._by_agency.clear()
            return None
        if isinstance(data, AgreementListed):
            self._tracks.listed(data)
        elif isinstance(data, AgreementDelisted):
            self._tracks.delisted(data)
        elif isinstance(data, AgreementCorrected):
            self._tracks.corrected(data)
        else:
            return set()
        kin = self._tracks.kin(data.agency)
        for agency in kin:
            self._by_agency.pop(agency, None)
        return kin

    def in_force(self, agency: str, moment: datetime) -> tuple[tuple[str, str], ...]:
        """Return (model, "yes" | "unknown") of an agency's agreements by model; what is not in force is out.

        `agency` may be any id the agency was ever taken for.
        """
        found: dict[str, str] = {}
        for agreement in self._of(agency):
            status = agreement.in_force(moment)
            if status != "no" and found.get(agreement.key[1].value) != "yes":
                found[agreement.key[1].value] = status
        return tuple(sorted(found.items()))

    def turns(self, agency: str) -> Iterator[datetime]:
        """Yield the moments at, or right after, which an agency's agreements can come to be in force, or no longer."""
        for agreement in self._of(agency):
            gaps = [
                Instant.between(last.published.earliest, back.published.latest) for last, back in agreement.span.gaps
            ]
            for bound in (agreement.signed, agreement.ended, agreement.last_listed.published, *gaps):
                if bound:
                    yield from (moment for moment in (bound.earliest, bound.latest) if moment)

    def listings(self, agency: str, moment: datetime) -> tuple[dict[str, Any], ...]:
        """Return which sheets show an agency's agreements at a moment, also those surely not in force then.

        [{"model":"WSO","in_force":"yes","signed":"...","first_listed":"2025-03-27am","first_absent":null,
          "sheet_before":"2026-01-15pm","sheet_after":"2026-01-20am"}]: the sheets next to the moment are what says so.
        An agency on no sheet has one entry without a model.
        """
        found = tuple(self._listing(agreement, moment) for agreement in self._of(agency))
        return found or ({"model": None, "in_force": "no", **self._sheets_around(_state_of(agency), moment)},)

    def _listing(self, agreement: Agreement, moment: datetime) -> dict[str, Any]:
        span = agreement.span
        return {
            "model": agreement.key[1].value,
            "in_force": agreement.in_force(moment),
            "signed": agreement.signed.as_json(),
            "first_listed": span.points[0].sheet,
            "first_absent": span.absent.sheet if span.absent else None,
            **self._sheets_around(agreement.track.state, moment),
        }

    def _sheets_around(self, state: str, moment: datetime) -> dict[str, str | None]:
        before, after = self._places.around(state, moment)
        return {"sheet_before": before, "sheet_after": after}

    def _of(self, agency: str) -> list[Agreement]:
        """Return the agreements of whom an agency was ever taken for."""
        if agency not in self._by_agency:
            heirs = {self._tracks.heir(key)[0] for key in self._tracks.keys_of([agency])}
            keys = self._tracks.keys_of(self._tracks.kin(agency))
            found = self._agreements(lambda _: True, keys)
            self._by_agency[agency] = [agreement for agreement in found if agreement.key[0] in heirs]
        return self._by_agency[agency]

    def _agreements(self, keep: Keep, keys: Iterable[Key]) -> list[Agreement]:
        found = []
        for key, track in sorted(self._tracks.united(keys).items()):
            everything = track.ordered(lambda point: point.present)
            name = same_words(everything[-1].as_printed or "")
            sheet = self._places.latest_sheet(track.state, keep)
            found += [Agreement(key, track, span, name, sheet) for span in spans(track.ordered(keep))]
        return found

    def rows(
        self, county: str | None = None, at: datetime | None = None, published: datetime | None = None
    ) -> list[dict[str, Any]]:
        """Return one row per agreement, by state, agency, model and first listing.

        `county`: the agency's county, or one that ICE printed for it (`Freedom`), whatever the case.
        `at`: only what was in force then, surely or perhaps (`in_force`). `published`: only what was surely
        published by then counts. Instants are in wire form; keys as in `docs/importers/ice-287g.md`.
        """
        found = []
        for agreement in self._agreements(_published_by(published), self._tracks.by_key):
            if county is not None and county.strip().casefold() not in self._county_names(agreement):
                continue
            row = self._row(agreement)
            if at is not None:
                row["in_force"] = agreement.in_force(at)
            if row.get("in_force") != "no":
                found.append((agreement, row))
        found.sort(key=lambda pair: (pair[0].track.state, pair[0].key, pair[0].span.points[0].order))
        return [row for _, row in found]

    def _county_names(self, agreement: Agreement) -> set[str]:
        agency = agreement.key[0]
        named = {county_named(point.as_printed or "") for point in agreement.track.present()}
        named |= {agreement.track.county, self._places.county(agency)}
        bare = {name.casefold() for name in named if name} | self._places.printed.get(agency, set())
        return bare | {f"{name} county" for name in bare}

    def _row(self, agreement: Agreement) -> dict[str, Any]:
        agency, model = agreement.key
        span = agreement.span
        ended = agreement.ended
        printing = last_stretch(span.points)
        return {
            "agency": agreement.latest_name,
            "agency_id": agency,
            "agency_basis": self._basis(agreement, printing),
            "state": agreement.track.state,
            "county": agreement.track.county or self._places.county(agency),
            "as_printed": printing.as_printed,
            "model": model.value,
            "model_name": MODEL_NAMES[model],
            "signed": agreement.signed.as_json(),
            "listed_from": span.points[0].published.as_json(),
            "ended": ended.as_json() if ended else None,
            "corrections": [_correction(*change) for change in changes(span.points)],
            "gaps": [_interval(last, back) for last, back in span.gaps],
            "sheets": {
                "first": span.points[0].sheet,
                "last_listed": agreement.last_listed.sheet,
                "first_absent": span.absent.sheet if span.absent else None,
            },
        }

    def _basis(self, agreement: Agreement, printing: Point) -> str:
        """Say why the agency is the one shown: its name as printed, or a correction ICE printed later."""
        if same_words(printing.as_printed or "") == agreement.latest_name:
            return "as printed"
        points = tuple(agreement.track.ordered(lambda point: point.present))
        renamed = [after for what, _, after in changes(points) if what == "as_printed"]
        return f"printed as {agreement.latest_name!r} from sheet {renamed[-1].sheet} on"

    def snapshot(self) -> dict[str, Any]:
        """Return the whole state in a form that is the same for the same log, for digests."""
        sheets = {state: len(known) for state, known in sorted(self._places.sheets.items())}
        return {"agreements": self.rows(), "sheets": sheets}


def _state_of(agency: str) -> str:
    """Return the state that an agency's id begins with: `mn-freeborn-sheriff` is one of MN."""
    return agency.partition("-")[0].upper()


def _published_by(bound: datetime | None) -> Keep:
    return lambda point: bound is None or point.published.surely_by(bound)


def _interval(first: Point, second: Point) -> Any:
    return Instant.between(first.published.earliest, second.published.latest).as_json()


def _correction(what: str, before: Point, after: Point) -> dict[str, Any]:
    return {
        "field": what,
        "before": _value(what, before),
        "after": _value(what, after),
        "between": _interval(before, after),
    }


def _value(what: str, point: Point) -> str | None:
    if what == "as_printed":
        return point.as_printed
    return point.signed.earliest.date().isoformat() if point.signed and point.signed.earliest else None
