"""`custody agency`: keys made, enrolled, replaced and revoked; events signed and taken; unsigned ones marked."""

from __future__ import annotations

import re
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest

from adapters.trust.keys import has_signed, load_public_key
from domain.canonical import canonical_bytes
from tests.builders import JAIL, SHERIFF, booked

PAGE = Path(__file__).parents[3] / "docs/agencies.md"


@pytest.fixture
def made(custody, tmp_path: Path) -> Path:
    """A ledger, and a key pair enrolled for a sheriff; return the private key's path."""
    key = tmp_path / "cass.pem"
    custody("init")
    custody("agency", "keygen", key)
    assert 0 == custody("agency", "enroll", SHERIFF, f"{key}.pub").status
    return key


def signed_file(custody, key: Path, *bodies: bytes, sequence: int = 1) -> Path:
    """Sign events with the command; return the file of envelopes."""
    events, signed = key.with_suffix(".jsonl"), key.with_suffix(".signed")
    events.write_bytes(b"".join(body + b"\n" for body in bodies))
    signed.write_text(custody("agency", "sign", key, events, "--sequence", sequence).out)
    return signed


def test_an_agency_is_enrolled_for_its_own_facilities_and_listed(custody, made: Path) -> None:
    document = custody("agency", "list", "--json").json

    assert document["unsigned_allowed"] is False
    (key,) = document["keys"]
    assert {
        "agency": SHERIFF,
        "speaks_as": f"agency:{SHERIFF}",
        "key_id": load_public_key(Path(f"{made}.pub")).key_id,
        "algorithm": "ed25519",
        "facilities": [JAIL],
        "types": ["custody.*", "detainer.*", "handoff.*", "record.event_corrected", "record.event_retracted"],
        "state": "active",
        "since": 1,
        "replaces": None,
        "revoked": None,
    } == key
    assert JAIL in custody("agency", "list", SHERIFF).out
    assert [] == custody("agency", "list", "mn-cook-sheriff", "--json").json["keys"]
    assert [] == custody("agency", "list", "--known", "0", "--json").json["keys"]


def test_signed_events_come_in_with_their_signature_and_others_are_told_why_not(custody, made: Path) -> None:
    signed = signed_file(custody, made, booked(1), booked(2, facility="mn-cook-jail"))

    ran = custody("import", "signed-events", signed, "--json")

    assert (3, 1) == (ran.status, ran.json["stored"])
    assert [(2, "facility_not_the_keys")] == [(row["row"], row["code"]) for row in ran.json["refused"]]
    assert 1 == custody("import", "signed-events", signed, "--json").json["already_there"]
    line = custody("log", "--from", "2").json
    key = load_public_key(Path(f"{made}.pub"))
    assert has_signed(key, canonical_bytes(line["event"]), b64decode(line["signature"]))
    verified = custody("verify", "--json")
    assert (0, 1) == (verified.status, verified.json["signatures"])


def test_a_trail_and_the_log_show_for_ever_what_came_without_a_signature(custody, made: Path, tmp_path: Path) -> None:
    custody("import", "signed-events", signed_file(custody, made, booked(1)))
    (tmp_path / "e.jsonl").write_bytes(booked(2))
    custody("import", "events", tmp_path / "e.jsonl")

    for number, is_signed in ((1, True), (2, False)):
        (event,) = custody("trail", f"{JAIL}.{number}", "--json").json["events"]
        assert is_signed is event["signed"]
        assert is_signed is ("unsigned" not in custody("trail", f"{JAIL}.{number}").out)
        assert is_signed is ("signature" in custody("log", "--from", event["position"], "--limit", "1").json)


def test_unsigned_events_are_allowed_when_a_ledger_is_made_and_never_later(custody, made: Path, path: Path) -> None:
    assert "ledger_begun" == custody("init", "--allow-unsigned", "--json").json["error"]["code"]

    path.unlink()
    assert [0, 0] == [custody("init", "--allow-unsigned").status for _ in range(2)]
    assert custody("agency", "list", "--json").json["unsigned_allowed"] is True
    assert "ledger.unsigned_allowed" == custody("log").json["event"]["type"]


def test_a_new_key_joins_by_the_old_keys_signature_and_the_old_one_is_revoked(custody, made: Path, tmp_path) -> None:
    new, rotation = tmp_path / "new.pem", tmp_path / "rotation.json"
    custody("agency", "keygen", new, "--algorithm", "ecdsa-p256")
    rotation.write_text(custody("agency", "sign-rotation", made, f"{new}.pub", SHERIFF).out)

    joined = custody("agency", "rotate", SHERIFF, "--signed", rotation, "--json").json
    revoked = custody("agency", "revoke", SHERIFF, f"{made}.pub", "--reason", "replaced", "--json").json

    assert ("ecdsa-p256", 2, revoked["key_id"]) == (joined["algorithm"], joined["since"], joined["replaces"])
    assert ("revoked", 3) == (revoked["state"], revoked["revoked"])
    ran = custody("import", "signed-events", signed_file(custody, made, booked(1)), "--json")
    assert ["key_revoked"] == [row["code"] for row in ran.json["refused"]]
    assert 1 == custody("import", "signed-events", signed_file(custody, new, booked(1)), "--json").json["stored"]
    assert 0 == custody("verify").status


def test_where_the_old_key_is_lost_the_operator_lets_the_new_one_join_and_the_log_says_so(
    custody, made: Path, tmp_path
) -> None:
    custody("agency", "keygen", tmp_path / "new.pem")

    assert 0 == custody("agency", "rotate", SHERIFF, tmp_path / "new.pem.pub", "--replaces", f"{made}.pub").status
    event = custody("log", "--from", "2").json["event"]
    assert ("operator", "agency:ledger-operator") == (event["data"]["authorized_by"], event["source"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["enroll", "Cass Sheriff", "{key}.pub"], "bad_agency"),
        (["enroll", "ledger-operator", "{other}.pub", "--any-facility"], "bad_agency"),
        (["enroll", "ice-spm", "{other}.pub"], "facility_needed"),
        (["enroll", "ice-spm", "{other}.pub", "--facility", "mn-nowhere-jail"], "unknown_facility"),
        (["enroll", "ice-spm", "{other}.pub", "--any-facility", "--type", "custody.lost"], "unknown_type"),
        (["enroll", "ice-spm", "{key}.pub", "--any-facility"], "key_enrolled"),
        (["enroll", "ice-spm", "{key}", "--any-facility"], "bad_key_file"),
        (["enroll", "ice-spm", "nowhere.pub", "--any-facility"], "file_not_found"),
        (["rotate", SHERIFF], "usage"),
        (["rotate", SHERIFF, "{other}.pub"], "usage"),
        (["rotate", SHERIFF, "--signed", "{key}.pub"], "bad_dsse"),
        (["rotate", "ice-spm", "{other}.pub", "--replaces", "{key}.pub"], "unknown_key"),
        (["revoke", SHERIFF, "0" * 64, "--reason", "lost"], "unknown_key"),
        (["revoke", SHERIFF, "{key}.pub", "--reason", " "], "schema"),
        (["keygen", "{key}"], "file_exists"),
        (["keygen", "nowhere/at/all.pem"], "cannot_write"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_code_and_changes_nothing(
    custody, made: Path, tmp_path: Path, arguments: list[str], code: str
) -> None:
    other = tmp_path / "other.pem"
    custody("agency", "keygen", other)

    ran = custody("agency", *(one.format(key=made, other=other) for one in arguments), "--json")

    assert (2, code) == (ran.status, ran.json["error"]["code"])
    assert ran.json["error"]["mend"]
    assert 1 == len(custody("log").out.splitlines())


def test_nothing_is_signed_with_a_key_that_others_may_read(custody, made: Path, tmp_path: Path) -> None:
    events = tmp_path / "e.jsonl"
    events.write_bytes(booked(1))
    made.chmod(0o644)

    signing = [
        ("agency", "sign", made, events),
        ("agency", "sign-rotation", made, f"{made}.pub", SHERIFF),
        ("submit", events, "--to", "http://127.0.0.1:9", "--key", made, "--spool", tmp_path / "spool.db"),
    ]
    for command in signing:
        ran = custody(*command)
        assert (2, "") == (ran.status, ran.out)
        assert f"({made}) [key_open_to_others]" in ran.err
        assert f"chmod 600 {made}" in ran.err


def test_a_synthetic_key_brings_in_made_up_events_and_no_others(custody, made: Path, tmp_path: Path) -> None:
    key = tmp_path / "made-up.pem"
    custody("agency", "keygen", key)
    custody("agency", "enroll", "training", f"{key}.pub", "--any-facility", "--synthetic")
    made_up = booked(1).replace(b"agency:mn-cass-sheriff", b"synthetic:training")

    ran = custody("import", "signed-events", signed_file(custody, key, made_up, booked(2)), "--json")

    assert 1 == ran.json["stored"]
    assert ["source_not_the_keys"] == [row["code"] for row in ran.json["refused"]]


def test_a_gap_in_an_agencys_count_is_a_finding_until_the_event_comes(custody, made: Path) -> None:
    custody("import", "signed-events", signed_file(custody, made, booked(1), sequence=1))
    custody("import", "signed-events", signed_file(custody, made, booked(3), sequence=3))
    (gap,) = custody("findings", "--json").json
    assert ("sequence_gap", f"agency/{SHERIFF}", [SHERIFF], [3]) == (
        gap["kind"],
        gap["case"],
        gap["who"],
        gap["events"],
    )

    custody("import", "signed-events", signed_file(custody, made, booked(2), sequence=2))
    assert [] == custody("findings", "--json").json
    assert [gap] == custody("findings", "--known", "3", "--json").json
    assert [] == custody("findings", "--known", "3", "--at", "2025-01-01", "--json").json


def test_keys_come_by_command_and_by_no_import(custody, made: Path, tmp_path: Path) -> None:
    log = custody("log").json["event"]
    (tmp_path / "e.jsonl").write_bytes(canonical_bytes(log))

    ran = custody("import", "events", tmp_path / "e.jsonl", "--json")
    assert ["by_command_only"] == [row["code"] for row in ran.json["refused"]]


def test_the_recipe_of_the_page_signs_with_openssl_alone_and_the_event_is_taken(custody, made: Path) -> None:
    (recipe,) = (block for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL) if "printf" in block)
    key_id = load_public_key(Path(f"{made}.pub")).key_id
    event = b'{"agencykey":"%s",' % key_id.encode() + booked(1).removeprefix(b"{")
    (made.parent / "event.json").write_bytes(event)
    done = subprocess.run(["bash", "-euc", recipe], cwd=made.parent, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr

    ran = custody("import", "signed-events", made.parent / "signed.jsonl", "--json")
    assert (0, 1) == (ran.status, ran.json["stored"])


def test_a_file_of_signed_events_is_new_and_whole_or_it_is_not_there(custody, made: Path, tmp_path: Path) -> None:
    events, signed = tmp_path / "e.jsonl", tmp_path / "s.jsonl"
    events.write_bytes(booked(1) + b"\n" + booked(2))
    assert "2 signed" in custody("agency", "sign", made, events, "-o", signed).out
    before = signed.read_bytes()

    assert "file_exists" in custody("agency", "sign", made, events, "-o", signed).err
    assert before == signed.read_bytes()
    large, deep = (b'{"amount":%b}' % value for value in (b"%d" % 2**64, b"[" * 300 + b"]" * 300))
    for line, code in ((b"{", "not_json"), (large, "integer_too_large"), (deep, "too_deep")):
        events.write_bytes(booked(1) + b"\n" + line)
        assert code in custody("agency", "sign", made, events, "-o", tmp_path / "other.jsonl").err
    assert not (tmp_path / "other.jsonl").exists()
    assert "cannot_write" in custody("agency", "sign", made, events, "-o", tmp_path / "no/where.jsonl").err
