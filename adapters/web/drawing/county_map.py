"""Minnesota's 87 counties as SVG paths; `data/README.md` says where the map comes from."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple

WIDTH, HEIGHT = 600, 676


class County(NamedTuple):
    """One county: its FIPS code, its name, and its outline as the `d` of an SVG path."""

    fips: str
    name: str
    path: str


@cache
def counties() -> tuple[County, ...]:
    """Return every county, by FIPS code."""
    text = files("adapters.web").joinpath("data", "mn_counties.csv").read_text(encoding="utf-8")
    return tuple(County(*row) for row in list(csv.reader(text.splitlines()))[1:])
