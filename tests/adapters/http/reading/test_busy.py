"""More questions than are answered at once: those that read the whole log wait for nobody, and are refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from adapters.composition import services
from adapters.http.app import application
from adapters.http.rates import Rates
from adapters.http.reading.asking import WHOLE_LOG_AT_ONCE
from adapters.http.serving import opened
from domain.events.record import Role
from tests.adapters.http.reading.conftest import FREEBORN, STORY

WHOLE_LOG = ["late", "findings", "findings/nothing", "hindsight", "tables/handoffs?at=2026-01-17"]
OTHERS = ["tree", f"trail?ref={STORY}", f"hindsight?ref={STORY}", "tables/handoffs", f"overholds?facility={FREEBORN}"]


def answered_while_busy(place: Path, path: str) -> httpx.Response:
    """Ask a server of which as many questions read the whole log already as may."""
    app = application(lambda: opened(services(place), 0, Role.AUDITOR), Rates(1e6, 1e6))

    async def run() -> httpx.Response:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ledger.example") as client,
        ):
            for _ in range(WHOLE_LOG_AT_ONCE):
                assert app.state.reading.whole_log.acquire(blocking=False)
            return await client.get(f"/v1/{path}")

    return asyncio.run(run())


@pytest.mark.parametrize("path", WHOLE_LOG)
def test_a_question_too_many_that_reads_the_whole_log_is_refused_with_when_to_come_again(
    place: Path, path: str
) -> None:
    answered = answered_while_busy(place, path)

    assert (429, "too_many_questions") == (answered.status_code, answered.json()["code"])
    assert "1" == answered.headers["retry-after"]


@pytest.mark.parametrize("path", OTHERS)
def test_what_reads_less_is_answered_meanwhile(place: Path, path: str) -> None:
    assert 200 == answered_while_busy(place, path).status_code
