"""`custody submit` against a real server: complete, sign, send, resume."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.cli.main import status
from adapters.store.ledger import Ledger
from adapters.store.verification import verify
from domain.batch_signature import is_batch, read_batch
from tests.builders import JAIL, SHERIFF, booked
from tests.serving import Served, serving

SOURCE = f"agency:{SHERIFF}"


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    """A ledger for signed events, in which the sheriff is enrolled."""
    path = str(tmp_path / "custody.db")
    assert status(["--ledger", path, "init"]) == 0
    assert status(["agency", "keygen", str(tmp_path / "sheriff.pem")]) == 0
    assert status(["--ledger", path, "agency", "enroll", SHERIFF, str(tmp_path / "sheriff.pem.pub")]) == 0
    return path


def drafts(path: Path, count: int, first: int = 1) -> Path:
    """Write lines as an agency does: type, subject, time and data."""
    lines = [
        orjson.dumps(
            {
                "type": "custody.subject_booked",
                "subject": f"episode/{JAIL}.{number}",
                "time": f"2026-01-16T{number // 60 % 24:02}:{number % 60:02}:00-06:00",
                "data": {"facility": JAIL, "subject": f"s-{number}"},
            }
        )
        for number in range(first, first + count)
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def submit(folder: Path, *arguments: object, key: bool = True) -> tuple[int, Any, str]:
    """Run `custody submit` in its own process; return status, its JSON and what it said."""
    options: list[object] = ["--spool", folder / "spool.db", "--source", SOURCE, "--json"]
    if key:
        options += ["--key", folder / "sheriff.pem"]
    command = [sys.executable, "-m", "adapters.cli", "submit", *map(str, [*arguments, *options])]
    ran = subprocess.run(command, capture_output=True, timeout=120)
    return ran.returncode, orjson.loads(ran.stdout), ran.stderr.decode()


def recorded(ledger: str) -> list[Any]:
    reader = Ledger.open_to_read(Path(ledger))
    events = [event.envelope for event in reader.recorded() if event.type.startswith("custody.")]
    assert [] == verify(reader, lambda done: None).problems
    reader.close()
    return events


def test_lines_are_completed_signed_numbered_and_stored(tmp_path: Path, ledger: str) -> None:
    with serving(ledger) as served:
        code, report, _ = submit(tmp_path, drafts(tmp_path / "lines", 3), "--to", served.address)

    assert (0, 3, 0) == (code, report["stored"], report["refused_count"])
    assert [str(number) for number in (1, 2, 3)] == [event.sequence for event in recorded(ledger)]
    assert [receipt["position"] for receipt in report["receipts"]] == [2, 3, 4]


def test_several_lines_share_a_signature_and_what_is_signed_already_stays_as_it_is(tmp_path: Path, ledger: str) -> None:
    whole = drafts(tmp_path / "lines", 67)
    own = tmp_path / "own.jsonl"
    own.write_bytes(booked(900) + b"\n")
    assert status(["agency", "sign", str(tmp_path / "sheriff.pem"), str(own), "-o", str(tmp_path / "signed")]) == 0
    lines = whole.read_bytes().splitlines()
    whole.write_bytes(b"\n".join([*lines[:10], (tmp_path / "signed").read_bytes().strip(), *lines[10:]]) + b"\n")
    with serving(ledger) as served:
        code, report, _ = submit(tmp_path, whole, "--to", served.address)

    assert (0, 68) == (code, report["stored"])
    reader = Ledger.open_to_read(Path(ledger))
    signatures = [bytes(row["signature"]) for row in reader.event_rows(after=1)]
    assert [] == verify(reader, lambda done: None).problems
    reader.close()
    assert [index for index, one in enumerate(signatures) if not is_batch(one)] == [10]
    assert 2 == len({read_batch(one).signature for one in signatures if is_batch(one)})


def test_the_same_file_again_sends_nothing(tmp_path: Path, ledger: str) -> None:
    lines = drafts(tmp_path / "lines", 3)
    with serving(ledger) as served:
        submit(tmp_path, lines, "--to", served.address)
        code, report, _ = submit(tmp_path, lines, "--to", served.address)

    assert (0, 0, 3) == (code, report["stored"], report["already_there"])
    assert 3 == len(recorded(ledger))


def test_lines_that_are_equal_are_as_many_events(tmp_path: Path, ledger: str) -> None:
    lines = drafts(tmp_path / "lines", 1)
    lines.write_bytes(lines.read_bytes() * 2)
    with serving(ledger) as served:
        _, report, _ = submit(tmp_path, lines, "--to", served.address)

    assert 2 == report["stored"]


def test_while_the_server_is_away_everything_waits_in_the_spool(tmp_path: Path, ledger: str) -> None:
    lines = drafts(tmp_path / "lines", 3)
    code, report, _ = submit(tmp_path, lines, "--to", "http://127.0.0.1:9", "--patience", "0.1")
    assert (4, "server_away") == (code, report["error"]["code"])
    assert "3 events wait" in report["error"]["what"]

    with serving(ledger) as served:
        code, report, _ = submit(tmp_path, "--to", served.address)

    assert (0, 3) == (code, report["stored"])


def test_a_line_that_is_no_event_is_refused_before_it_is_sent_and_takes_no_number(tmp_path: Path, ledger: str) -> None:
    lines = drafts(tmp_path / "lines", 2)
    good = lines.read_bytes().splitlines()
    lines.write_bytes(b"\n".join([good[0], b"{", b'{"type":"custody.nothing"}', good[1]]) + b"\n")
    with serving(ledger) as served:
        code, report, _ = submit(tmp_path, lines, "--to", served.address)

    assert 3 == code
    assert ["not_json", "unknown_type"] == [refused["code"] for refused in report["refused"]]
    assert ["1", "2"] == [event.sequence for event in recorded(ledger)]


def test_what_the_ledger_refuses_can_be_sent_again_once_mended(tmp_path: Path, ledger: str) -> None:
    status(["agency", "keygen", str(tmp_path / "new.pem")])
    lines = drafts(tmp_path / "lines", 1)
    new_key = ["--key", tmp_path / "new.pem"]
    with serving(ledger) as served:
        code, report, _ = submit(tmp_path, lines, "--to", served.address, *new_key, key=False)
        assert (3, "unknown_key") == (code, report["refused"][0]["code"])

        public = str(tmp_path / "new.pem.pub")
        assert status(["--ledger", ledger, "agency", "enroll", SHERIFF, public]) == 0
        code, report, _ = submit(tmp_path, "--to", served.address, "--retry-refused", *new_key, key=False)

    assert (0, 1) == (code, report["stored"])


def test_what_the_ledger_refused_is_named_again_each_time_its_line_is_submitted(tmp_path: Path, ledger: str) -> None:
    lines = drafts(tmp_path / "lines", 1)
    lines.write_bytes(lines.read_bytes().replace(JAIL.encode(), b"mn-cook-jail"))
    with serving(ledger) as served:
        reports = [submit(tmp_path, lines, "--to", served.address) for _ in range(2)]

    assert [(3, 1), (3, 1)] == [(code, report["refused_count"]) for code, report, _ in reports]
    assert ["facility_not_the_keys"] * 2 == [report["refused"][0]["code"] for _, report, _ in reports]
    assert "--retry-refused" in reports[1][1]["refused"][0]["mend"]


def test_a_draft_with_a_key_twice_is_refused(tmp_path: Path, ledger: str) -> None:
    lines = drafts(tmp_path / "lines", 1)
    lines.write_bytes(lines.read_bytes().replace(b'"data":{', b'"data":{"facility":"mn-cook-jail",'))
    with serving(ledger) as served:
        code, report, _ = submit(tmp_path, lines, "--to", served.address)

    assert (3, "not_canonical", "facility") == (code, report["refused"][0]["code"], report["refused"][0]["where"])


@pytest.mark.parametrize(
    ("value", "code"), [(b"%d" % 2**64, "integer_too_large"), (b"[" * 300 + b"]" * 300, "too_deep")]
)
def test_a_draft_with_a_value_that_no_event_may_hold_is_refused_as_the_gate_does(
    tmp_path: Path, ledger: str, value: bytes, code: str
) -> None:
    lines = drafts(tmp_path / "lines", 1)
    lines.write_bytes(lines.read_bytes().replace(b'"data":{', b'"data":{"amount":%b,' % value))
    with serving(ledger) as served:
        status, report, _ = submit(tmp_path, lines, "--to", served.address)

    assert (3, [code]) == (status, [one["code"] for one in report["refused"]])


def test_standard_input_and_whole_events_are_taken_as_they_are(tmp_path: Path) -> None:
    ledger = str(tmp_path / "open.db")
    status(["--ledger", ledger, "init", "--allow-unsigned"])
    with serving(ledger) as served:
        command = [sys.executable, "-m", "adapters.cli", "submit", "-", "--to", served.address, "--json"]
        options = ["--spool", str(tmp_path / "s.db")]
        ran = subprocess.run([*command, *options], input=booked(1) + b"\n\n", capture_output=True, timeout=120)

    assert 1 == orjson.loads(ran.stdout)["stored"]
    reader = Ledger.open_to_read(Path(ledger))
    assert booked(1) in [bytes(row["state"]) for row in reader.event_rows()]
    reader.close()


def test_killed_at_any_moment_it_goes_on_and_nothing_is_lost_or_twice(tmp_path: Path, ledger: str) -> None:
    lines = drafts(tmp_path / "lines", 4_000)
    with serving(ledger) as served:
        for seconds in (0.8, 1.1, 1.4):
            _submit_and_kill(tmp_path, lines, served, seconds)
        code, report, _ = submit(tmp_path, lines, "--to", served.address)

    events = recorded(ledger)
    assert (0, 0) == (code, report["waiting"])
    assert 4_000 == len(events) == len({event.id for event in events})
    assert sorted(map(str, range(1, 4_001))) == sorted(event.sequence for event in events)


def _submit_and_kill(folder: Path, lines: Path, served: Served, seconds: float) -> None:
    options = ["--spool", folder / "spool.db", "--source", SOURCE, "--key", folder / "sheriff.pem"]
    command = [sys.executable, "-m", "adapters.cli", "submit", lines, "--to", served.address, *options]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()


def test_a_server_killed_in_the_middle_honours_every_receipt_it_gave(tmp_path: Path, ledger: str) -> None:
    lines = drafts(tmp_path / "lines", 3_000)
    options = ["--spool", tmp_path / "spool.db", "--source", SOURCE, "--key", tmp_path / "sheriff.pem", "--json"]
    options += ["--patience", "300"]
    with ExitStack() as servers:
        served = servers.enter_context(serving(ledger))
        port = int(served.address.rpartition(":")[2])
        command = [sys.executable, "-m", "adapters.cli", "submit", lines, "--to", served.address, *options]
        process = servers.enter_context(subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE))
        for _ in range(2):
            time.sleep(0.9)
            served.kill()
            served = servers.enter_context(serving(ledger, port=port))
        out, _ = process.communicate(timeout=300)
        served.kill()

    report = orjson.loads(out)
    stored = {event.id: event for event in recorded(ledger)}
    assert 3_000 == len(stored)
    assert {receipt["id"] for receipt in report["receipts"]} <= set(stored)
