"""Public figures: what was released for everybody, in which nobody can be singled out.

/public?quarter=2026-Q1
"""

from __future__ import annotations

from starlette.responses import Response

from adapters.released import figures, releases
from adapters.web.asking import Open
from adapters.web.rendering import page, pages_router

router = pages_router()


@router.get("/public")
def public(asking: Open, quarter: str = "") -> Response:
    """Show a quarter's figures as they were released, the latest if none is named."""
    released = releases(asking.asked.ledger, asking.known)
    chosen = quarter or (released[-1]["quarter"] if released else "")
    return page(
        "public.html.jinja",
        asking,
        released=released,
        found=figures(asking.asked, chosen, asking.known) if chosen else None,
    )
