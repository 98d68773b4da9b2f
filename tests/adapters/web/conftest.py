"""A simulated state with the demo's stories, its pages served by the real server, and the system's Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from adapters.cli.main import status
from tests.serving import Served, serving

ROOT = Path(__file__).parents[3]
SHEETS = ROOT / "adapters/importers/data/mn_287g_sheet_observations.csv"
CLAIMS = ROOT / "adapters/importers/data/claims.yaml"
EVENTS = "8000"  # so many that Nobles has a stay past release
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A month of a state, ICE's sheets, the stories, public figures, published rules, kept read models."""
    place = str(tmp_path_factory.mktemp("pages") / "custody.db")
    month = ("--seed", "2026", "--from", "2026-01-01", "--until", "2026-01-31")
    for command in (
        ("import", "ice-287g", str(SHEETS)),
        ("simulate", "--events", EVENTS, *month),
        ("import", "events", str(ROOT / "deploy/stories.jsonl")),
        ("import", "claims", str(CLAIMS)),
        ("rules", "publish", "us-mn"),
        ("projections", "rebuild"),
        ("counts", "release", "2026-Q1"),
    ):
        assert status(["--ledger", place, *command]) == 0
    return place


@pytest.fixture(scope="session")
def server(ledger: str) -> Iterator[Served]:
    """Open to an oversight body on this machine."""
    with serving(ledger, "--open-as", "oversight") as served:
        yield served


@pytest.fixture(scope="session")
def public(ledger: str) -> Iterator[Served]:
    """Open to the public."""
    with serving(ledger) as served:
        yield served


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail("no Chromium: install it (`apt-get install chromium`), or put it on the PATH")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield opened
        opened.close()
