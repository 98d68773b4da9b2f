"""Making pages: one environment, every word escaped, nothing from elsewhere, and headers that hold browsers to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from jinja2.runtime import Context
from jinja2.utils import missing
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

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
CONTENT = '<main id="main">'
LATER = "later"
Later = Callable[[], Mapping[str, Any]]
OF_PERSONS = "private, no-cache"  # a browser may keep it, and asks again before it shows it: grants are revoked
OF_NOBODY = "public, max-age=3600"


class LateContext(Context):
    """The names of a template: those that are given, and those that `later` gathers when the first of them is met."""

    def resolve_or_missing(self, key: str) -> Any:
        """Return what a name stands for."""
        found = super().resolve_or_missing(key)
        later = super().resolve_or_missing(LATER) if found is missing else missing
        return found if later is missing else later().get(key, missing)


class LateEnvironment(Environment):
    """An environment of such contexts."""

    context_class = LateContext


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


def page(
    template: str, asking: Asking, *, of_persons: str = "", later: Later | None = None, **gathered: Any
) -> Response:
    """Return a page on two clocks, or say that the client has it.

    `of_persons` says what it tells of persons: that is recorded before it is shown. What `later` returns, which may
    take a while, is asked for once the head of the page is on its way: what can be refused has to be refused before.
    """
    if had := _had(asking, of_persons):
        return had
    context = {"asking": asking, "to": asking.to, **gathered}
    pieces = environment().get_template(template).generate({**context, LATER: cache(later)} if later else context)
    if later is None:
        made = MadePage("".join(pieces).encode(), of_persons)
        asking.pages.keep(asking.key, made)
        return _whole(asking, made)
    if of_persons:
        asking.disclose(of_persons)
    return StreamingResponse(
        _in_two(asking, pieces, of_persons), headers=_headers(asking, of_persons), media_type="text/html"
    )


def answer(asking: Asking, made: MadePage) -> Response:
    """Return a page that was made before, or say that the client has it."""
    return _had(asking, made.of_persons) or _whole(asking, made)


def _had(asking: Asking, of_persons: str) -> Response | None:
    """Say that the client has the page; None if it does not."""
    if not is_named(asking.etag, asking.request):
        return None
    return Response(status_code=NOT_MODIFIED, headers=_headers(asking, of_persons))


def _whole(asking: Asking, made: MadePage) -> Response:
    """Return a page; what is shown of persons is recorded first."""
    if made.of_persons:
        asking.disclose(made.of_persons)
    return HTMLResponse(made.content, headers=_headers(asking, made.of_persons))


def _headers(asking: Asking, of_persons: str) -> dict[str, str]:
    """Return a page's headers. Its own URL is there for htmx, which may have followed a redirect."""
    url = asking.request.url
    return {
        **HEADERS,
        "Cache-Control": OF_PERSONS if of_persons else OF_NOBODY,
        "ETag": asking.etag,
        "Vary": "Authorization",
        "HX-Push-Url": f"{url.path}?{url.query}",
    }


def _in_two(asking: Asking, pieces: Iterator[str], of_persons: str) -> Iterator[bytes]:
    """Yield a page up to where its own content begins, and then the rest; the whole is kept.

    If the ledger goes away meanwhile that is said in the page, and the connection closed before its end: nobody takes
    it for whole.
    """
    first = []
    for piece in pieces:
        first.append(piece)
        if CONTENT in piece:
            break
    head = "".join(first)
    yield head.encode()
    try:
        rest = "".join(pieces)
    except LedgerError as error:
        yield environment().get_template("problem.html.jinja").render(error=error).encode()
        raise
    asking.pages.keep(asking.key, MadePage((head + rest).encode(), of_persons))
    yield rest.encode()


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
    made = LateEnvironment(
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
