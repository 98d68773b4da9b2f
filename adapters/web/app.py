"""All pages, and the files they use."""

from __future__ import annotations

from importlib.resources import files

from fastapi import APIRouter, FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from adapters.web.made_pages import MadePages
from adapters.web.pages import case, claims, determination, facility, findings, front, grown, public, rules, whatif

PAGES = (front, facility, case, determination, claims, findings, rules, whatif, public, grown)
STATIC = "/static"
STYLE = "text/css; charset=utf-8"

styles = APIRouter(include_in_schema=False)


def add_pages(app: FastAPI) -> None:
    """Let an application answer with pages. It has to hold what questions are answered with in `app.state.reading`."""
    app.state.pages = MadePages()
    for module in PAGES:
        app.include_router(module.router)
    app.include_router(styles)
    app.mount(STATIC, StaticFiles(packages=[("adapters.web", "static")]))


@styles.get(f"{STATIC}/explained.css")
def explained_style() -> Response:
    """Return the style of an explanation, which its own page carries within."""
    return Response(files("adapters.explain").joinpath("decision.css").read_text(encoding="utf-8"), media_type=STYLE)
