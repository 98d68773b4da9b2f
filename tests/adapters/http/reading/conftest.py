"""A served ledger with the stories and a simulated week, its models kept, and a reader of each role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import httpx
import orjson
import pytest

from adapters.access import grant, revoke
from adapters.cli.main import status
from adapters.composition import services
from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
from adapters.store.ledger import Ledger, system_clock
from domain.envelope import admit
from domain.events.record import Role
from tests.serving import PATIENCE_SECONDS, Served, serving

STORIES = Path(__file__).resolve().parents[4] / "deploy/stories.jsonl"
FREEBORN, STORY = "mn-freeborn-jail", "mn-freeborn-jail.story-1"
SHERIFF = "mn-freeborn-sheriff"
EVENTS = 400

Ask = Callable[..., httpx.Response]


def fill(place: Path | str) -> None:
    """Make a ledger with some hundred events in it."""
    assert status(["--ledger", str(place), "import", "events", str(STORIES)]) == 0
    period = {"first": date(2026, 1, 12), "last": date(2026, 1, 18)}
    with closing(Ledger.open_to_write(services(Path(place)).place)) as ledger:
        bodies = simulate(events=EVENTS, seed=7, register=minnesota_register(), **period)
        ledger.append([admit(one) for one in bodies], now=system_clock())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("read") / "custody.db"
    fill(path)
    assert status(["--ledger", str(path), "projections", "rebuild"]) == 0
    return path


@pytest.fixture(scope="module")
def tokens(place: Path) -> dict[str, str]:
    """A token for each role, and one whose grant was revoked."""
    with closing(Ledger.open_to_write(place)) as ledger:
        roles = {Role.AUDITOR: "audit", Role.OVERSIGHT: "house-research", Role.PUBLISHER: SHERIFF}
        made = {role.value: grant(ledger, who, role, "a test", system_clock()).token for role, who in roles.items()}
        gone = grant(ledger, "gone", Role.AUDITOR, "a test", system_clock())
        revoke(ledger, gone.grant.id, "ended", system_clock())
        return {**made, "revoked": gone.token}


@pytest.fixture(scope="module")
def served(place: Path, tokens: dict[str, str]) -> Iterator[Served]:
    with serving(str(place)) as running:
        yield running


@pytest.fixture(scope="module")
def ask(served: Served, tokens: dict[str, str]) -> Iterator[Ask]:
    """Return a function that asks `/v1/PATH` in a role, with headers and parameters."""
    with httpx.Client(base_url=f"{served.address}/v1/", timeout=PATIENCE_SECONDS) as client:

        def asked(path: str, role: str = "auditor", headers: dict[str, str] | None = None, **params: object):
            bearer = {} if role == "public" else {"Authorization": f"Bearer {tokens.get(role, role)}"}
            given = {name.removesuffix("_"): value for name, value in params.items()}
            return client.get(path, params=given or None, headers={**bearer, **(headers or {})})

        yield asked


@pytest.fixture
def read(place: Path) -> Callable[[], list[dict[str, object]]]:
    """Return a function that lists what was shown, as the log says."""

    def listed() -> list[dict[str, object]]:
        with closing(Ledger.open_to_read(place)) as ledger:
            rows = ledger.event_rows(topics=("record.access_disclosed",))
            return [orjson.loads(row["state"])["data"] for row in rows]

    return listed
