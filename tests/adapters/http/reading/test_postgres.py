"""The same answers from PostgreSQL, where what is shown is recorded too."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import httpx
import pytest

from adapters.access import disclosures, grant, revoke
from adapters.cli.main import status
from adapters.store.ledger import Ledger, system_clock
from domain.events.record import Role
from tests.adapters.http.reading.conftest import FREEBORN, STORIES, STORY
from tests.serving import PATIENCE_SECONDS, serving
from tests.spots import DatabaseSpot

PATHS = [
    f"facilities/{FREEBORN}/state?at=2026-01-17T12:00",
    "tables/custody?size=2",
    "tables/handoffs?at=2026-01-17T12:00",
    f"trail?ref={STORY}",
    f"history?ref={STORY}&size=3",
    "findings",
    "overholds?at=2026-01-20",
    "duties?at=2026-01-20&size=3",
    "counts?at=2026-01-20",
    "late",
]


def answered(ledger: str) -> list[object]:
    assert status(["--ledger", ledger, "import", "events", str(STORIES)]) == 0
    assert status(["--ledger", ledger, "projections", "rebuild"]) == 0
    with serving(ledger, "--open-as", "oversight") as served:
        answers = [httpx.get(f"{served.address}/v1/{path}", timeout=PATIENCE_SECONDS) for path in PATHS]
        assert {200} == {answer.status_code for answer in answers}
        assert {f"{22}"} == {answer.headers["etag"][1:].partition("-")[0] for answer in answers}
        return [without_clock(answer.json(), served.address) for answer in answers]


def without_clock(told: object, address: str) -> object:
    """Leave out when the ledger stored what, and where it was asked."""
    if isinstance(told, dict):
        return {
            name: without_clock(value, address)
            for name, value in told.items()
            if name not in ("recorded_at", "next_url", "time", "in_ledger")
        }
    return [without_clock(one, address) for one in told] if isinstance(told, list) else told


def test_a_file_and_a_database_answer_the_same_and_record_the_same(database: DatabaseSpot, tmp_path: Path) -> None:
    path = tmp_path / "custody.db"

    assert answered(str(path)) == answered(database.address)

    for place in (path, database.place):
        with closing(Ledger.open_to_read(place)) as ledger:
            assert len(PATHS) == len(disclosures(ledger, ledger.position())) + 1  # figures are of nobody


def test_a_grant_in_a_database_opens_until_it_is_revoked(database: DatabaseSpot) -> None:
    with closing(database.ledger()) as ledger:
        granted = grant(ledger, "house-research", Role.OVERSIGHT, "a test", system_clock())
        bearer = {"Authorization": f"Bearer {granted.token}"}
        with serving(database.address) as served:
            assert (
                200 == httpx.get(f"{served.address}/v1/handoffs", headers=bearer, timeout=PATIENCE_SECONDS).status_code
            )
            revoke(ledger, granted.grant.id, "ended", system_clock())
            assert (
                401 == httpx.get(f"{served.address}/v1/handoffs", headers=bearer, timeout=PATIENCE_SECONDS).status_code
            )


@pytest.mark.parametrize("path", ["events/1", "tables/custody"])
def test_the_public_is_told_of_nobody_from_a_database(database: DatabaseSpot, path: str) -> None:
    database.ledger().close()
    with serving(database.address) as served:
        assert 401 == httpx.get(f"{served.address}/v1/{path}", timeout=PATIENCE_SECONDS).status_code
