"""The names, keys and exit statuses that other programs rely on."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from adapters.cli.main import COMMANDS
from domain.envelope import admit
from domain.events.detainer import DetainerPrepared
from domain.events.instrument import RuleSuspendedByCourt
from domain.events.record import EventCorrected, RecordSealed
from tests.builders import JAIL, MONDAY, body, booked, released
from tests.projections.test_agreements import OBSERVATIONS

READING = [
    ["state", JAIL],
    ["trail", "episode/x"],
    ["explain", "episode/x"],
    ["determinations"],
    ["agreements"],
    ["handoffs"],
    ["findings"],
    ["counts"],
    ["counts", "show", "N1"],
    ["claims"],
    ["log"],
    ["replay"],
    ["export", "out"],
    ["verify"],
    ["whatif", "--pack", "us-mn"],
    ["history", JAIL],
    ["diff", "1", "2"],
    ["since", "1"],
    ["late"],
    ["hindsight"],
    ["rules", "coverage"],
    ["rules", "history"],
    ["access", "list"],
    ["access", "disclosed"],
    ["counts", "released"],
    ["access", "revoke", "access-1", "--reason", "ended"],
    ["rules", "publish", "us-mn"],
]


def lines(path: Path, *bodies: bytes) -> Path:
    path.write_bytes(b"".join(one + b"\n" for one in bodies))
    return path


@pytest.fixture
def events(tmp_path: Path) -> Path:
    return lines(tmp_path / "events.jsonl", booked(1), booked(2), released(2, at=MONDAY.replace(hour=20)))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_found_where_the_table_says(custody, command) -> None:
    ran = custody(command, "--help")

    assert 0 == ran.status
    assert f"custody {command}" in ran.out


def test_init_makes_an_empty_ledger_and_again_changes_nothing(custody, path) -> None:
    first = custody("init", "--json")

    assert (0, {"ledger": str(path), "position": 0}) == (first.status, first.json)
    assert 0 == custody("init").status


@pytest.mark.parametrize("command", READING)
def test_a_reading_command_without_a_ledger_fails_with_four_and_makes_none(custody, path, command) -> None:
    ran = custody(*command, "--json")

    assert 4 == ran.status
    assert "ledger_not_found" == ran.json["error"]["code"]
    assert "custody init" in ran.err
    assert not path.exists()


@pytest.mark.parametrize("command", READING)
def test_a_reading_command_on_something_else_fails_with_four(custody, path, command) -> None:
    path.write_text("not a ledger")

    assert 4 == custody(*command).status
    assert "not a ledger" == path.read_text()


def test_import_reports_and_a_second_import_stores_nothing(custody, events) -> None:
    first = custody("import", "events", events, "--json")
    second = custody("import", "events", events, "--json")

    assert (0, 3, 3, 0, []) == (
        first.status,
        *(first.json[key] for key in ("read", "stored", "already_there", "refused")),
    )
    assert (0, 3, 0, 3) == (second.status, *(second.json[key] for key in ("read", "stored", "already_there")))
    assert "nothing new" in custody("import", "events", events).out


def test_a_refused_row_is_reported_recorded_and_gives_three(custody, tmp_path, path) -> None:
    good, bad = booked(1), booked(2).replace(b"mn-cass-jail", b"mn-nowhere-jail")

    ran = custody("import", "events", lines(tmp_path / "e.jsonl", good, bad, b"{", good), "--json")

    assert 3 == ran.status
    assert [(2, "unknown_facility"), (3, "not_json")] == [(r["row"], r["code"]) for r in ran.json["refused"]]
    assert {"file", "row", "field", "code", "reason"} == set(ran.json["refused"][0])
    assert (1, 1) == (ran.json["stored"], ran.json["already_there"])
    kept = sqlite3.connect(path).execute("SELECT code, body FROM rejects ORDER BY reject_id").fetchall()
    assert [("unknown_facility", bad), ("not_json", b"{")] == kept


def test_the_same_id_with_other_bytes_is_refused_and_kept_as_evidence(custody, tmp_path, path) -> None:
    other = booked(1).replace(b"s-1", b"s-7")

    ran = custody("import", "events", lines(tmp_path / "e.jsonl", booked(1), other), "--json")

    assert (3, 1) == (ran.status, ran.json["stored"])
    assert ["different_bytes"] == [refusal["code"] for refusal in ran.json["refused"]]
    assert [(other,)] == sqlite3.connect(path).execute("SELECT body FROM rejects").fetchall()


def test_state_has_its_keys_and_answers_as_of_and_as_known(custody, events) -> None:
    custody("import", "events", events)

    now = custody("state", JAIL, "--at", "2026-01-12T21:00", "--json").json
    earlier = custody("state", JAIL, "--at", "2026-01-12T21:00", "--known", "2", "--json").json

    assert {"facility", "at", "known", "count", "in_custody"} <= set(now)
    assert {"episode", "subject", "since", "legal_custodian", "location", "holds"} <= set(now["in_custody"][0])
    assert (1, 3) == (now["count"], now["known"])
    assert (2, 2) == (earlier["count"], earlier["known"])


def test_known_takes_a_date_of_the_ledgers_own_clock(custody, events) -> None:
    custody("import", "events", events)

    assert 0 == custody("state", JAIL, "--known", "2020-01-01", "--json").json["count"]
    assert 3 == custody("state", JAIL, "--known", "2100-01-01", "--json").json["known"]


def test_log_prints_json_lines_with_the_bytes_as_received(custody, events) -> None:
    custody("import", "events", events)

    ran = custody("log", "--from", "2", "--limit", "1")

    assert 1 == len(ran.out.splitlines())
    line = orjson.loads(ran.out)
    assert ["position", "recorded_at", "event"] == list(line)
    assert line["position"] == 2
    assert booked(2).decode() in ran.out


def test_replay_twice_gives_the_same_digests(custody, events) -> None:
    custody("import", "events", events)

    first, second = custody("replay", "--json").json, custody("replay", "--json").json

    assert first == second
    assert first["events"] == 3
    kept = {"custody", "handoffs", "detainers", "overholds", "duties", "departures"}
    assert {*kept, "agreements", "decisions", "findings"} == set(first["read_models"])


def test_verify_says_ok_and_one_when_a_byte_was_altered(custody, events, path) -> None:
    custody("import", "events", events)
    good = custody("verify", "--json")
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"s-2"', b'"s-9"', 1))

    bad = custody("verify", "--json")

    assert (0, 3, True, []) == (good.status, *(good.json[key] for key in ("events", "ok", "problems")))
    assert (1, False) == (bad.status, bad.json["ok"])
    assert {"position", "what"} == set(bad.json["problems"][0])
    assert 1 == custody("verify", "--size", 3, "--root", "0" * 64).status


def test_facilities_have_stable_guessable_ids(custody) -> None:
    rows = custody("facilities", "--json").json

    assert {"id", "name", "kind", "agency", "county"} == set(rows[0])
    ids = {row["id"] for row in rows}
    assert {"mn-freeborn-jail", "mn-doc-stillwater", "mn-lac-qui-parle-jail", "mn-st-louis-jail"} <= ids
    assert (87, 11) == tuple(sum(row["kind"] == kind for row in rows) for kind in ("county_jail", "state_prison"))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["state", "mn-fribourg-jail"], "mn-freeborn-jail"),
        (["state", JAIL, "--at", "2026-02-30"], "not a date"),
        (["state", JAIL, "--known", "soon"], "neither a position nor a date"),
        (["import", "parchment", "x.csv"], "parchment"),
        (["import", "events", "missing.jsonl"], "no such file"),
        (["import", "events", "."], "folder"),
        (["simulate", "--events", "0", "--seed", "1"], "0"),
        (["nonsense"], "nonsense"),
        (["verify", "--size", "3"], "belong together"),
        (["init", "--reader", "auditor"], "no roles"),
        (["--ledger", "postgresql://w:hu@sh@db/custody", "verify"], "neither a file nor the address"),
    ],
)
def test_a_usage_error_gives_two_says_why_and_makes_no_ledger(custody, path, command, words) -> None:
    ran = custody(*command)

    assert 2 == ran.status
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert not path.exists()


@pytest.mark.parametrize(
    "command", [("trail",), ("history",), ("explain",), ("detainers", "--status"), ("dlq", "show")]
)
def test_an_argument_that_is_no_text_is_a_usage_error(custody, command) -> None:
    custody("init")
    result = custody(*command, "\udcff\udcfe", "--json")

    assert 2 == result.status
    assert "usage" == result.json["error"]["code"]


def test_a_case_nobody_mentions_is_a_usage_error(custody) -> None:
    custody("init")

    ran = custody("trail", "episode/nobody", "--json")

    assert (2, "unknown_reference") == (ran.status, ran.json["error"]["code"])


def test_trail_shows_events_as_published_and_what_amended_them(custody, tmp_path) -> None:
    first = booked(1)
    fix = body(
        EventCorrected,
        "r-1",
        correctionof=admit(first).envelope.id,
        reason="clerical",
        replacement={"facility": JAIL, "subject": "s-2"},
    )
    custody("import", "events", lines(tmp_path / "e.jsonl", first, fix))

    document = custody("trail", f"{JAIL}.1", "--json").json

    assert f"episode/{JAIL}.1" == document["ref"]
    assert [(1, "s-1", [2])] == [
        (event["position"], event["data"]["subject"], [a["position"] for a in event["amended_by"]])
        for event in document["events"]
        if event["type"] == "custody.subject_booked"
    ]
    assert {"ref", "events", "decisions"} <= set(document)


def test_the_trail_of_an_episode_has_the_order_that_sealed_it(custody, tmp_path) -> None:
    sealed = body(RecordSealed, "r-1", target=f"episode/{JAIL}.1", scope="episode")
    other = body(RecordSealed, "r-2", target=f"episode/{JAIL}.2", scope="episode")
    custody("import", "events", lines(tmp_path / "e.jsonl", booked(1), sealed, other))

    document = custody("trail", f"episode/{JAIL}.1", "--json").json

    assert [1, 2] == [event["position"] for event in document["events"]]
    assert ["seal_record"] == [decision["decision_point"] for decision in document["decisions"]]


def test_an_agreement_has_a_trail(custody) -> None:
    custody("import", "ice-287g", OBSERVATIONS)

    document = custody("trail", "agreement/mn-freeborn-sheriff.WSO", "--json").json

    assert "agreement/mn-freeborn-sheriff.WSO" == document["ref"]
    assert "agreement.listed" in [event["type"] for event in document["events"]]
    assert [("enter_agreement", "permitted")] == [
        (decision["decision_point"], decision["status"]) for decision in document["decisions"]
    ]
    assert 0 == custody("trail", "mn-freeborn-sheriff.WSO").status


def test_a_court_that_stopped_a_rule_is_heard_in_the_trail_from_its_position_on(custody, tmp_path) -> None:
    form = body(DetainerPrepared, "d-1", agency="us-ice", facility=JAIL, form="I-247A")
    stopped = body(RuleSuspendedByCourt, "i-1", agency="mn-courts", rule="US-I247A-1", court="District Court")
    custody("import", "events", lines(tmp_path / "e.jsonl", form, stopped))

    def applies(known: int) -> list[object]:
        decisions = custody("trail", "detainer/d-1", "--json", "--known", known).json["decisions"]
        rules = (rule for decision in decisions for rule in decision["rules"])
        return [rule["applies"] for rule in rules if rule["id"] == "US-I247A-1"]

    assert ([True], [False]) == (applies(1), applies(2))


def test_a_file_whose_last_line_has_no_end_is_recorded_and_flagged(custody, tmp_path) -> None:
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(booked(1) + b"\n" + booked(2))

    report = custody("import", "events", cut, "--json").json

    assert (2, ["no_final_newline"]) == (report["stored"], [flag["code"] for flag in report["flagged"]])


def test_what_is_refused_of_a_table_is_told_with_its_row_how_often_and_how_to_mend_it(custody, tmp_path) -> None:
    table, other = tmp_path / "d.csv", tmp_path / "latin.csv"
    rows = ["2026-02-11,UTAH,WASHINGTON COUNTY JAIL"] * 25 + ["2026-02-11,,NOWHERE JAIL"]
    table.write_text("\n".join(["Detainer Prepare Date,Facility State,Detainer Facility", *rows, ""]))
    other.write_bytes(b"Detainer Prepare Date,Detainer Facility\n\xe9\n")

    ran = custody("import", "ice-detainers", table, other)

    assert (3, "27 refused" in ran.out) == (ran.status, True)
    assert "refused d.csv row 1, detainer_facility: 'WASHINGTON COUNTY JAIL' (code '') is in UTAH" in ran.out
    assert "refused in all: other_state 25, unknown_facility 1, wrong_encoding 1" in ran.out
    assert "rows are counted from 1 below the header" in ran.out
    assert "refused latin.csv, line 2, byte 40: " in custody("import", "ice-detainers", other).out


def test_an_event_that_is_refused_says_how_to_mend_it(custody, tmp_path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(booked(1).replace(b"subject_booked", b"subject_bookd") + b"\n")

    (refused,) = custody("import", "events", path, "--json").json["refused"]
    assert "there is no event type 'custody.subject_bookd'; `docs/events.md` lists every type" == refused["reason"]


def test_json_may_stand_before_the_command(custody) -> None:
    assert {"ledger", "position"} == set(custody("--json", "init").json)


def test_two_files_of_one_name_leave_two_pieces_of_evidence(custody, tmp_path, path) -> None:
    for folder, bad in (("a", b"[]"), ("b", b"[1]")):
        (tmp_path / folder).mkdir()
        custody("import", "events", lines(tmp_path / folder / "e.jsonl", bad))
        custody("import", "events", tmp_path / folder / "e.jsonl")

    with closing(sqlite3.connect(path)) as connection:
        origins = [row[0] for row in connection.execute("SELECT origin FROM rejects")]
    assert 2 == len(set(origins)) == len(origins)
    assert all(origin.startswith("e.jsonl sha256:") for origin in origins)


def test_output_that_cannot_be_written_gives_four_without_a_traceback(events, path, custody) -> None:
    custody("import", "events", events)
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "adapters.cli", "--ledger", path, "log"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert 4 == ran.returncode
    assert "the output cannot be written" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_reader_of_the_output_that_goes_away_gives_a_status_of_its_own(custody, tmp_path, path) -> None:
    prepared = [
        body(DetainerPrepared, f"d-{n}", agency="ice-ero", form="I-247A", facility=JAIL, subject=f"s-{n}")
        for n in range(1_000)
    ]
    custody("import", "events", lines(tmp_path / "many.jsonl", *prepared))

    with subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", "--ledger", path, "log"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as ran:
        ran.stdout.read(1)
        ran.stdout.close()
        said = ran.stderr.read()

    assert (141, "") == (ran.returncode, said)


@pytest.mark.parametrize("closed", [1, 2])
def test_an_output_that_was_closed_from_the_beginning_is_no_trouble(custody, events, path, closed: int) -> None:
    custody("import", "events", events)

    command = [sys.executable, "-m", "adapters.cli", "--ledger", str(path), "state", JAIL, "--json"]
    ran = subprocess.run(["bash", "-c", f'"$@" {closed}>&-', "bash", *command], capture_output=True, text=True)

    assert (0, "") == (ran.returncode, ran.stderr)


def test_a_port_on_which_another_listens_gives_four_and_is_named(custody, path) -> None:
    custody("init")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ran = subprocess.run(
            [sys.executable, "-m", "adapters.cli", "--ledger", path, "serve", "--port", port],
            capture_output=True,
            text=True,
        )

    assert 4 == ran.returncode
    assert f"127.0.0.1:{port}) [port_taken]" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_correction_that_moves_a_booking_to_another_facility_is_seen_there(custody, tmp_path) -> None:
    first = booked(1)
    moved = {"facility": "mn-cook-jail", "subject": "s-1"}
    fix = body(EventCorrected, "r-1", correctionof=admit(first).envelope.id, reason="wrong_jail", replacement=moved)
    custody("import", "events", lines(tmp_path / "e.jsonl", first, fix))

    counts = [custody("state", place, "--json").json["count"] for place in (JAIL, "mn-cook-jail")]
    before = custody("state", JAIL, "--known", "1", "--json").json["count"]

    assert ([0, 1], 1) == (counts, before)


def test_a_tampered_event_stops_a_reader_with_one_and_its_position(custody, events, path) -> None:
    custody("import", "events", events)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER stored_events_no_update")
        connection.execute("UPDATE stored_events SET topic = 'custody.died' WHERE position = 2")

    ran = custody("replay", "--json")

    assert (1, "bad_event", "position 2") == (ran.status, ran.json["error"]["code"], ran.json["error"]["where"])


def test_a_position_beyond_counting_is_a_usage_error(custody, events) -> None:
    custody("import", "events", events)

    assert 2 == custody("log", "--from", "1" + "0" * 30).status
    assert 2 == custody("state", JAIL, "--known", "1" + "0" * 30).status
