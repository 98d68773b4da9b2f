"""The 287(g) agreements as ICE has listed, corrected and delisted them; `projections/agreements.py` draws a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapters.known import agreements, amendments
from adapters.questions.asked import Asked


def agreements_listed(
    asked: Asked,
    *,
    county: str | None = None,
    at: datetime | None = None,
    published: datetime | None = None,
    upto: int,
) -> list[dict[str, Any]]:
    """Return the agreements of a county or of all; with `at` those in force then, or possibly so.

    With `published` only by what ICE had published by then.
    """
    found = agreements(asked.ledger, upto, amendments(asked.ledger, upto))
    return found.rows(county=county, at=at, published=published)
