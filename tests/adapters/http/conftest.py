"""A server over a ledger that takes unsigned events, and one over a ledger that does not, with an enrolled agency."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.cli.main import status
from adapters.trust.keys import SigningKey, load_signing_key
from tests.builders import SHERIFF
from tests.serving import Served, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def open_server(folder: Path) -> Iterator[Served]:
    """Takes unsigned events too."""
    ledger = str(folder / "open.db")
    assert status(["--ledger", ledger, "init", "--allow-unsigned"]) == 0
    with serving(ledger) as served:
        yield served


@pytest.fixture(scope="module")
def key(folder: Path) -> SigningKey:
    """The sheriff's key."""
    assert status(["agency", "keygen", str(folder / "sheriff.pem")]) == 0
    return load_signing_key(folder / "sheriff.pem")


@pytest.fixture(scope="module")
def signed_ledger(folder: Path, key: SigningKey) -> str:
    """A ledger that takes signed events only, in which the sheriff is enrolled."""
    ledger = str(folder / "signed.db")
    assert status(["--ledger", ledger, "init"]) == 0
    public = str(folder / "sheriff.pem.pub")
    assert status(["--ledger", ledger, "agency", "enroll", SHERIFF, public]) == 0
    return ledger


@pytest.fixture(scope="module")
def server(signed_ledger: str) -> Iterator[Served]:
    with serving(signed_ledger) as served:
        yield served
