"""Making pages: one environment, every word escaped, nothing from elsewhere, and headers that hold browsers to it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from adapters.http.problems import status_of
from adapters.http.reading.answers import is_named
from adapters.http.reading.asking import counted
from adapters.visible import visible
from adapters.web import words
from adapters.web.asking import Asking, Incomplete, Shown
from adapters.web.made_pages import MadePage
from domain.errors import InputRefused, LedgerError
from projections.explained.wording import ACT, spaced

SEE_OTHER = 303
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
NOT_MODIFIED = 304
ETAG_HEX = 32
OF_PERSONS = "private, no-cache"  # a browser may keep it, and asks again before it shows it: grants are revoked
OF_NOBODY = "public, max-age=3600"


class PageRoute(APIRoute):
    """A route that answers errors as pages, and sends a URL that leaves a clock open to the one to cite."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        """Return the handler, wrapped."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Incomplete as incomplete:
                return RedirectResponse(incomplete.url, SEE_OTHER, HEADERS)
            except Shown as shown:
                return await to_thread.run_sync(answer, shown.asking, shown.page)
            except LedgerError as error:
                return failed(error)
            except RequestValidationError as invalid:
                return failed(_refused(invalid))

        return handled


def pages_router() -> APIRouter:
    """Return a router for pages, which are no part of the API's own description."""
    return APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=[Depends(counted)])


def page(template: str, asking: Asking, *, of_persons: str = "", **gathered: Any) -> Response:
    """Return a page on two clocks. `of_persons` says what it tells of persons: that is recorded before it is shown.

    Its own URL goes with it for htmx, which may have followed a redirect.
    """
    content = environment().get_template(template).render(asking=asking, to=asking.to, **gathered)
    made = MadePage(content.encode(), of_persons)
    asking.pages.keep(asking.key, made)
    return answer(asking, made)


def answer(asking: Asking, made: MadePage) -> Response:
    """Return a page that was made, or say that the client has it; what is shown of persons is recorded first."""
    request = asking.request
    etag = f'"{hashlib.sha256(made.content).hexdigest()[:ETAG_HEX]}"'
    headers = {
        **HEADERS,
        "Cache-Control": OF_PERSONS if made.of_persons else OF_NOBODY,
        "ETag": etag,
        "Vary": "Authorization",
        "HX-Push-Url": f"{request.url.path}?{request.url.query}",
    }
    if is_named(etag, request):
        return Response(status_code=NOT_MODIFIED, headers=headers)
    if made.of_persons:
        asking.disclose(made.of_persons)
    return HTMLResponse(made.content, headers=headers)


def failed(error: LedgerError) -> Response:
    """Return an error as a page: what, where, and how to mend it."""
    content = environment().get_template("error.html.jinja").render(error=error)
    return HTMLResponse(content, status_of(error), HEADERS)


def _refused(invalid: RequestValidationError) -> InputRefused:
    first = invalid.errors()[0]
    where = ".".join(map(str, first["loc"][1:]))
    return InputRefused("bad_argument", str(first["msg"]), where=where, mend="go back, and choose from what is offered")


@cache
def environment() -> Environment:
    """Return the environment of all pages."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader("adapters.web"), PackageLoader("adapters.explain", "")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters.update(
        spaced=spaced,
        when=words.when,
        duration=words.duration,
        event=words.event_words,
        number=lambda value: f"{value:,}",
        signed=lambda value: f"{value:+,}".replace("-", "\N{MINUS SIGN}"),
        day=words.date_words,
        capitalize_first=lambda text: text[:1].upper() + text[1:],
    )
    made.globals.update(STATUS_WORDS=words.STATUS_WORDS, STATUS_MEANS=words.STATUS_MEANS, ACT=ACT)
    return made


def _shown(value: object) -> object:
    """Write out what cannot be printed; what the templates made stays as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
