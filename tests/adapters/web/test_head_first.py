"""The head of a page goes out before the questions are asked that may take a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from adapters.composition import services
from adapters.http.app import application
from adapters.http.rates import Rates
from adapters.http.serving import opened
from adapters.store.place import ledger_place
from adapters.web.pages import case, claims, facility, findings, whatif
from domain.errors import LedgerUnavailable
from domain.events.record import Role

CLOCKS = b"at=2026-01-25T12%3A00%3A00-06%3A00&known=8369"
SLOW = {
    "/facilities/mn-freeborn-jail": (facility, b""),
    "/findings": (findings, b"&facility=mn-freeborn-jail"),
    "/whatif": (whatif, b"&facility=mn-freeborn-jail&fact=agreement_wso&value=no"),
    "/claims": (claims, b""),
}


def asked(ledger: str, path: str, query: bytes, sent: Callable[[dict[str, Any]], None]) -> None:
    """Ask the application itself, so that it is seen when it sends what."""
    app = application(lambda: opened(services(ledger_place(ledger)), 0, Role.OVERSIGHT), Rates(1e6, 1e6))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(b"host", b"ledger.example")],
        "client": ("127.0.0.1", 1),
        "server": ("ledger.example", 80),
    }

    async def sending(message: dict[str, Any]) -> None:
        sent(message)

    async def run() -> None:
        async def nothing_more() -> dict[str, Any]:
            return await asyncio.Future()

        async with app.router.lifespan_context(app):
            await app(scope, nothing_more, sending)

    asyncio.run(run())


@pytest.mark.parametrize("path", SLOW)
def test_the_head_of_a_page_is_sent_before_anything_is_gathered(
    path: str, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, more = SLOW[path]
    gathering, order = module._gathered, []
    monkeypatch.setattr(module, "_gathered", lambda *given: (order.append("gathered"), gathering(*given))[1])

    asked(ledger, path, CLOCKS + more, lambda message: order.append(message.get("body", message["type"])))

    start, head, gathered, rest = (one for one in order if one)
    assert (start, gathered) == ("http.response.start", "gathered")
    assert head.startswith(b"<!doctype html>")
    assert head.endswith(b'<main id="main">\n')
    assert rest.rstrip().endswith(b"</html>")


def test_a_ledger_that_goes_away_meanwhile_is_told_of_in_the_page_which_is_kept_by_nobody(
    ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise LedgerUnavailable("store_away", "the ledger does not answer", mend="ask again")

    monkeypatch.setattr(case, "_gathered", away)
    messages: list[dict[str, Any]] = []

    with pytest.raises(RuntimeError, match="response already started"):
        asked(ledger, "/cases/episode/mn-freeborn-jail.story-1", CLOCKS, messages.append)

    assert b"What to do: ask again." in messages[-1]["body"]
    assert messages[-1]["more_body"]
