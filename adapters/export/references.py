"""The tables that the others refer to: the facilities, and the agreements as known at the position."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from adapters.export.sources import Reference
from adapters.places.register import Facility
from projections.folding.table import Kind, Table

FACILITIES = Table(
    "facilities",
    dict.fromkeys(("facility", "name", "kind", "agency", "county"), Kind.TEXT),
    "the register of facilities: what kind each is, and who runs it",
)
AGREEMENTS = Table(
    "agreements",
    {
        "agency_id": Kind.TEXT,
        "agency": Kind.TEXT,
        "state": Kind.TEXT,
        "county": Kind.TEXT,
        "as_printed": Kind.TEXT,
        "model": Kind.TEXT,
        "signed": Kind.INSTANT,
        "listed_from": Kind.INSTANT,
        "ended": Kind.INSTANT,
        "corrections": Kind.JSON,
    },
    "287(g) agreements as ICE has listed, corrected and delisted them",
)


def references(
    facilities: Iterable[Facility], agreements: Callable[[], Iterable[Mapping[str, Any]]]
) -> dict[str, Reference]:
    """Return the tables by name; `agreements` gives rows as `custody agreements` does."""
    shown = [
        {"facility": f.id, "name": f.name, "kind": f.kind, "agency": f.agency, "county": f.county} for f in facilities
    ]
    tables = (Reference(FACILITIES, lambda: shown), Reference(AGREEMENTS, agreements))
    return {reference.table.name: reference for reference in tables}
