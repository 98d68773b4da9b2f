"""The key law, asked of every command: what is answered as known at K stays the same bytes, whatever comes later."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.cli.main import COMMANDS, status
from adapters.composition import services
from adapters.read_models.projector import OnError
from adapters.read_models.rebuilding import build
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import Place
from domain.envelope import admit
from domain.events.instrument import RuleSuspendedByCourt
from domain.events.record import EventCorrected, EventRetracted
from tests.adapters.read_models.histories import HOUR, histories
from tests.builders import MONDAY, body

ROOT = Path(__file__).resolve().parents[2]
SHEETS = "adapters/importers/data/mn_287g_sheet_observations.csv"
JAILS = ("mn-cass-jail", "mn-cook-jail")
AT = "2026-01-13T20:00"

# How each command that answers from the log is asked; K stands for the position.
ASKED = {
    "state": ["state mn-cass-jail --at {at} --known {k}", "state mn-cook-jail --at {at} --known {k}"],
    "handoffs": ["handoffs --known {k}", "handoffs --known {k} --at {at}"],
    "pickups": ["pickups --known {k}", "pickups --known {k} --at {at}"],
    "notices": ["notices --known {k}", "notices --known {k} --at {at}"],
    "detainers": ["detainers --known {k}", "detainers --known {k} --at {at}"],
    "overholds": ["overholds --known {k} --at {at}"],
    "duties": ["duties --known {k} --at {at}"],
    "findings": ["findings --known {k}", "findings --known {k} --at {at}", "findings --summary --known {k}"],
    "determinations": ["determinations --known {k}"],
    "hindsight": ["hindsight --known {k}"],
    "late": ["late --known {k}"],
    "agreements": ["agreements --known {k}", "agreements --known {k} --at {at}"],
    "diff": ["diff 0 {k}", "diff 2 {k} --at {at}"],
    "history": ["history mn-cass-jail --known {k}", "history mn-cook-jail --known {k} --at {at}"],
    "whatif": ["whatif --pack us-mn --known {k}"],
    "rules": [
        "rules coverage --known {k} --at {at} --facility mn-cass-jail",
        "rules coverage --known {k} --from 2025-01-01 --until 2026-03-01 --facility mn-freeborn-jail",
        "rules history --known {k}",
    ],
    "log": ["log --limit {k}"],
}
OF_A_CASE = {
    "trail": ["trail {ref} --known {k}", "trail {ref} --known {k} --at {at}"],
    "explain": ["explain {ref} --known {k}", "explain {ref} --known {k} --at {at}"],
}
NOT_OF_THE_PAST = {"init", "import", "simulate", "facilities", "projections", "replay", "verify", "since"}

Answers = dict[str, tuple[int, bytes]]
Answering = Callable[[str, int, list[str]], Answers]


@pytest.fixture
def answers(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Return a function that asks everything of a ledger as known at a position, also of some cases."""
    monkeypatch.chdir(ROOT)

    def ran(ledger: str, command: str) -> tuple[int, bytes]:
        code = status(["--ledger", ledger, *shlex.split(command), "--json"])
        return code, capfdbinary.readouterr().out

    def asked(ledger: str, k: int, refs: list[str]) -> Answers:
        lines = [line for lines in ASKED.values() for line in lines]
        of_cases = [line for lines in OF_A_CASE.values() for line in lines]
        commands = [line.format(k=k, at=AT) for line in lines]
        commands += [line.format(k=k, at=AT, ref=ref) for line in of_cases for ref in refs]
        return {command: ran(ledger, command) for command in commands}

    return asked


def append(place: Place, *bodies: bytes) -> int:
    with closing(Ledger.create(place)) as ledger:
        ledger.append([admit(one) for one in bodies], now=system_clock())
        return ledger.position()


def keep_models(place: Place) -> None:
    models = services(place).models()
    with closing(Ledger.open_to_read(place)) as ledger:
        for name in models.folds:
            build(models, ledger, name, OnError.PARK)
            models.swap(name)


def test_every_command_that_answers_from_the_log_is_asked() -> None:
    assert set(COMMANDS) == {*ASKED, *OF_A_CASE} | NOT_OF_THE_PAST
