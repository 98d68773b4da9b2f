"""Public figures: what was released for everybody, in which nobody can be singled out.

/public?quarter=2026-Q1
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.responses import Response

from adapters.released import figures, releases
from adapters.remembering import RememberedAt
from adapters.web.asking import Asking, Open
from adapters.web.rendering import page, pages_router

router = pages_router()
_remembered: RememberedAt[str, dict[str, Any]] = RememberedAt()


@router.get("/public")
def public(asking: Open, quarter: str = "") -> Response:
    """Show a quarter's figures as they were released, the latest if none is named."""
    released = releases(asking.asked.ledger, asking.known)
    chosen = quarter or (released[-1]["quarter"] if released else "")
    return page(
        "public.html.jinja",
        asking,
        released=released,
        found=_figures(asking, chosen) if chosen else None,
    )


def _figures(asking: Asking, quarter: str) -> dict[str, Any]:
    answering = partial(figures, asking.asked, quarter, asking.known)
    return _remembered.answer(asking.asked.ledger, asking.known, quarter, answering)
