"""The first page: the state's counties by what the rules say at a decision point, and where to begin reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from starlette.responses import Response

from adapters.places.register import Facility
from adapters.questions.coverage import coverage_at
from adapters.web.asking import Open, month_number
from adapters.web.drawing.county_map import HEIGHT, WIDTH, counties
from adapters.web.rendering import page, pages_router
from adapters.web.stories import stories
from adapters.web.words import STATUS_WORDS
from domain.events.fields import DecisionPoint
from domain.rules.pack import Status
from projections.coverage import Cell

router = pages_router()
COUNTY_JAIL = "county_jail"


class Alike(NamedTuple):
    """Places of which the rules say the same at a decision point: the answer, and the places."""

    cell: Cell
    counties: list[Facility]
    others: list[Facility]


@router.get("/")
def front(asking: Open, point: DecisionPoint = DecisionPoint.HOLD_PAST_RELEASE) -> Response:
    """Show the map, the same as a table, and the stories."""
    asked, rules = asking.asked, asking.by.rules.rulebook.rules
    cells = coverage_at(asked, asking.by, asking.at, points=(point,))
    places = asked.services.register.by_id
    known = asked.ledger.at([asking.known])
    latest = max(month_number(asking.at), *(month_number(event.recorded_at) for event in known), 0)
    by_county = {
        places[cell.facility].county_fips: cell
        for cell in cells
        if cell.facility and places[cell.facility].kind == COUNTY_JAIL
    }
    return page(
        "front.html.jinja",
        asking,
        point=point,
        points=list(DecisionPoint),
        counties=[(county, by_county[county.fips]) for county in counties()],
        size=(WIDTH, HEIGHT),
        alike=list(_alike(cells, places)),
        statuses=[status for status in STATUS_WORDS if any(cell.status is status for cell in by_county.values())],
        tally={status: sum(cell.status is status for cell in by_county.values()) for status in Status},
        month=month_number(asking.at),
        months=latest,
        stories=list(stories(asking)),
        rules={rule.id: rule for rule in rules},
        local={rule.id for rule in rules if rule.is_local},
    )


def _alike(cells: Iterable[Cell], places: dict[str, Facility]) -> Iterator[Alike]:
    """Yield the groups, in the order of the statuses, the largest first."""
    groups: dict[tuple[object, ...], Alike] = {}
    for cell in cells:
        if cell.facility:
            place = places[cell.facility]
            group = groups.setdefault((cell.answer,), Alike(cell, [], []))
            (group.counties if place.kind == COUNTY_JAIL else group.others).append(place)
    order = list(STATUS_WORDS)
    yield from sorted(groups.values(), key=lambda group: (order.index(group.cell.status), -len(group.counties)))
