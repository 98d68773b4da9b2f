"""A table a page at a time: the same rows in the same order on a file and on every PostgreSQL, kept or folded."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from typing import Any

import pytest

from adapters.composition import services
from adapters.places.register import minnesota_register
from adapters.questions.asked import Asked
from adapters.simulator.run import simulate
from adapters.store.ledger import system_clock
from domain.envelope import admit
from domain.instants import MINNESOTA
from projections.folding.seen import json_text
from tests.kept import keep
from tests.spots import Spot

EVENTS, KNOWN, SIZE = 700, 500, 4
MOMENT = datetime(2026, 1, 15, 12, tzinfo=MINNESOTA)


def walked(asked: Asked, name: str, at: datetime | None) -> list[dict[str, Any]]:
    """Read all pages, each from the last key of the one before."""
    _, table = asked.table(name)
    rows: list[dict[str, Any]] = []
    while True:
        begin = rows[-1][table.key] if rows else ""
        given = sum(row[table.key] == begin for row in rows)
        page = asked.page(name, {}, at=at, upto=KNOWN, begin=begin, limit=given + SIZE)
        rows += page[given:]
        if len(page) < given + SIZE:
            return rows


@pytest.mark.parametrize("at", [None, MOMENT])
def test_the_pages_are_all_rows_in_one_order_wherever_they_are_kept(spot: Spot, at: datetime | None) -> None:
    period = {"first": date(2026, 1, 10), "last": date(2026, 1, 18)}
    bodies = simulate(events=EVENTS, seed=5, register=minnesota_register(), **period)
    with closing(spot.ledger()) as ledger:
        ledger.append([admit(one) for one in bodies], now=system_clock())
        found = services(spot.place)
        asked = Asked(found, ledger)
        tables = [table.name for fold in asked.folds() for table in fold.tables]
        folded = {name: walked(asked, name, at) for name in tables}
        keep(found.models(), ledger)
        for name in tables:
            pages = walked(asked, name, at)
            key = asked.table(name)[1].key
            assert folded[name] == pages
            assert sorted(map(json_text, asked.rows(name, {}, at=at, upto=KNOWN))) == sorted(map(json_text, pages))
            assert sorted(row[key] for row in pages) == [row[key] for row in pages]
        assert any(len(rows) > SIZE for rows in folded.values())
