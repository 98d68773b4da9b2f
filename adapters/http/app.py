"""The application: what is at which path, and how errors are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from adapters.http import health, publishing
from adapters.http.problems import problem_response
from adapters.http.rates import Rates
from adapters.http.reading import routes
from adapters.http.reading.asking import Reading
from adapters.http.security import SecurityHeaders
from adapters.intake.group_commit import GroupCommit
from adapters.store.ledger import Ledger
from adapters.web.app import add_pages
from adapters.web.rendering import failed
from domain.errors import InputRefused, LedgerError, LedgerUnavailable

TITLE = "Custody ledger"
QUESTIONS_AT_ONCE = 8  # threads: each holds a connection or two to the ledger
GONE_AWAY = 499  # as nginx logs it; nobody reads it
NAMES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


@dataclass(frozen=True, slots=True)
class Parts:
    """What requests are answered with, while the application runs: a ledger to read, the way in, and the questions."""

    ledger: Ledger
    intake: GroupCommit
    reading: Reading


def application(opened: Callable[[], AbstractContextManager[Parts]], rates: Rates) -> FastAPI:
    """Return the application; `opened` opens the ledger when it starts, and closes it when it ends."""

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        with opened() as parts:
            app.state.ledger, app.state.intake, app.state.rates = parts.ledger, parts.intake, rates
            app.state.reading = parts.reading
            current_default_thread_limiter().total_tokens = QUESTIONS_AT_ONCE
            yield

    app = FastAPI(
        title=TITLE,
        summary="One ordered log of custody handoffs: publish events, get durable receipts, ask on two clocks.",
        version="1",
        lifespan=running,
        docs_url=None,  # its page loads scripts from elsewhere; the document itself is at /openapi.json
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(publishing.router)
    app.include_router(health.router)
    app.include_router(routes.router)
    add_pages(app)
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(LedgerError, _refused)
    app.add_exception_handler(HTTPException, _not_served)
    app.add_exception_handler(RequestValidationError, _bad_parameter)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _failed)
    return app


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 - starlette's signature
    assert isinstance(error, LedgerError)  # noqa: S101 - it is registered for these alone
    return problem_response(error)


async def _bad_parameter(request: Request, error: Exception) -> Response:  # noqa: ARG001 - same
    """Answer a parameter that is missing, or not what the document says."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - same
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return problem_response(InputRefused("bad_parameter", first["msg"], where=where, mend="see /openapi.json"))


async def _gone(request: Request, error: Exception) -> Response:  # noqa: ARG001 - same
    """Answer nobody: the client went away before its request was whole, so nothing was recorded."""
    return Response(status_code=GONE_AWAY)


async def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001 - same; the log has the error itself
    what, mend = "the server failed: its log says how", "send the same again: what is stored is never stored twice"
    return problem_response(LedgerUnavailable("failed", what, mend=mend))


async def _not_served(request: Request, error: Exception) -> Response:
    """Answer what no route takes."""
    assert isinstance(error, HTTPException)  # noqa: S101 - same
    what = f"{request.method} {request.url.path[:200]}: {error.detail}"
    mend = "begin at / for pages, at /openapi.json for programs"
    refused = InputRefused(NAMES.get(error.status_code, "bad_request"), what, mend=mend)
    wants_page = "text/html" in request.headers.get("accept", "")
    response = failed(refused) if wants_page else problem_response(refused)
    response.headers.update(error.headers or {})
    return response
