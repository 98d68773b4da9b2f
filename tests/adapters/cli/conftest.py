"""Run the command line in this process, as a program would: arguments in, status and output back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.cli.main import status


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "custody.db"


@pytest.fixture
def custody(path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Ran]:
    """Return a function that runs `custody --ledger PATH ...`."""

    def run(*arguments: object) -> Ran:
        capsysbinary.readouterr()
        code = status(["--ledger", str(path), *map(str, arguments)])
        captured = capsysbinary.readouterr()
        return Ran(code, captured.out.decode(), captured.err.decode())

    return run
