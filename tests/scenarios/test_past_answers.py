"""The key law, asked of every command: what is answered as known at K stays the same bytes, whatever comes later."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from adapters.cli.main import COMMANDS, status
from adapters.composition import services
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import Place, ledger_place
from domain.envelope import admit
from domain.events.instrument import RuleSuspendedByCourt
from domain.events.record import EventCorrected, EventRetracted
from tests.builders import body
from tests.kept import keep
from tests.postgres import Server, kinds

ROOT = Path(__file__).resolve().parents[2]
STORIES = (ROOT / "deploy/stories.jsonl").read_bytes().splitlines()
REFS = ("mn-freeborn-jail.story-1", "detainer/story-d1")
JAIL = "mn-freeborn-jail"

# How each command that answers from the log is asked: K is the position, T a moment.
ASKED = {
    "state": [f"state {JAIL} --at T --known K"],
    "handoffs": ["handoffs --known K", "handoffs --known K --at T"],
    "pickups": ["pickups --known K", "pickups --known K --at T"],
    "notices": ["notices --known K", "notices --known K --at T"],
    "detainers": ["detainers --known K", "detainers --known K --at T"],
    "overholds": ["overholds --known K --at T"],
    "duties": ["duties --known K --at T"],
    "findings": ["findings --known K", "findings --known K --at T", "findings --summary --known K"],
    "determinations": ["determinations --known K"],
    "hindsight": ["hindsight --known K", f"hindsight --facility {JAIL} --known K"],
    "late": ["late --known K"],
    "counts": ["counts --known K --at T", "counts --known K --at T --by facility,lift_reason"],
    "claims": ["claims --known K --at T"],
    "agency": ["agency list --known K"],
    "access": ["access list --known K"],
    "agreements": ["agreements --known K", "agreements --known K --at T"],
    "diff": ["diff 0 K", "diff 9 K --at T"],
    "history": [f"history {JAIL} --known K", f"history {JAIL} --known K --at T"],
    "whatif": ["whatif --pack us-mn --known K"],
    "rules": [
        f"rules coverage --known K --at T --facility {JAIL}",
        f"rules coverage --known K --from 2026-01-01 --until 2026-02-01 --facility {JAIL}",
        "rules history --known K",
    ],
    "log": ["log --limit K"],
    "trail": [f"trail {ref} --known K{at}" for ref in REFS for at in ("", " --at T")],
    "explain": [f"explain {ref} --known K{at}" for ref in REFS for at in ("", " --at T")],
}
ASKED_ELSEWHERE = {"export"}  # tests/adapters/export compares the files it writes
NOT_OF_THE_PAST = {"init", "import", "simulate", "facilities", "projections", "replay", "verify", "since"} | {
    *("serve", "submit", "kafka", "dlq")  # ways in and out
}

Run = Callable[..., tuple[int, bytes]]
Answers = dict[str, tuple[int, bytes]]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs one command on a ledger, and gives its status and output."""
    monkeypatch.chdir(ROOT)

    def ran(ledger: str, command: str) -> tuple[int, bytes]:
        code = status(["--ledger", ledger, *shlex.split(command), "--json"])
        return code, capfdbinary.readouterr().out

    return ran


def answers(run: Run, ledger: str, known: int) -> Answers:
    lines = [line for lines in ASKED.values() for line in lines]
    asked = [line.replace(" K", f" {known}").replace(" T", " 2026-01-18T12:00") for line in lines]
    return {command: run(ledger, command) for command in asked}


def append(place: Place, *bodies: bytes) -> int:
    with closing(Ledger.create(place)) as ledger:
        ledger.append([admit(one) for one in bodies], now=system_clock())
        return ledger.position()


def later() -> list[bytes]:
    """What changes the past: retractions and corrections of what was told, and a court that stopped a rule."""
    told = []
    for number, line in enumerate(STORIES):
        event = orjson.loads(line)
        about = {"agency": event["source"].partition(":")[2], "correctionof": event["id"], "reason": "clerical"}
        if number % 3 == 0:
            told.append(body(EventRetracted, f"r-{number}", **about))
        if number % 3 == 1:
            told.append(body(EventCorrected, f"r-{number}", **about, replacement_time="2026-01-17T10:00:00-06:00"))
    by_their_source = [one.replace(b'"source":"agency:', b'"source":"synthetic:') for one in told]
    court = {"agency": "mn-courts", "rule": "MN-287G-FREEBORN-WSO", "court": "District Court"}
    return [*by_their_source, body(RuleSuspendedByCourt, "i-1", **court)]


def keep_models(place: Place) -> None:
    with closing(Ledger.open_to_read(place)) as ledger:
        keep(services(place).models(), ledger)


def assert_past_stays(run: Run, ledger: str) -> Answers:
    """Ask as known at a position with nothing after it, with much after it, and of kept models; return the answers."""
    place = ledger_place(ledger)
    known = append(place, *STORIES[::2])
    before = answers(run, ledger, known)
    append(place, *STORIES[1::2], *later())
    assert 0 == run(ledger, "import ice-287g adapters/importers/data/mn_287g_sheet_observations.csv")[0]
    assert 0 == run(ledger, "rules publish us-mn")[0]
    for command, answer in answers(run, ledger, known).items():
        assert before[command] == answer, command
    keep_models(place)
    for command, answer in answers(run, ledger, known).items():
        assert before[command] == answer, f"{command}, of kept models"
    assert {0} == {code for code, _ in before.values()}
    return before


def test_what_is_answered_as_known_at_a_position_never_changes_on_either_backend(
    run: Run, tmp_path: Path, server_of: Callable[[str], Server]
) -> None:
    of_a_file = assert_past_stays(run, str(tmp_path / "custody.db"))
    with server_of(kinds()[0]).database() as address:
        of_a_database = assert_past_stays(run, address)

    clocked = ("trail", "diff", "late", "log", "findings")  # print when the ledger stored an event
    same = [command for command in of_a_file if not command.startswith(clocked)]
    assert {command: of_a_file[command] for command in same} == {command: of_a_database[command] for command in same}


def test_every_command_that_answers_from_the_log_is_asked() -> None:
    assert set(COMMANDS) == {*ASKED} | ASKED_ELSEWHERE | NOT_OF_THE_PAST
