"""`custody access`: readers let in by a token that is shown once, and let out; what they read is listed."""

from __future__ import annotations

import hashlib
from contextlib import closing

import pytest

from adapters.access import revoke
from adapters.store.ledger import Ledger, system_clock
from domain.errors import InputRefused
from tests.builders import SHERIFF

GRANT = ("access", "grant", "--role", "oversight", "--to", "house-research", "--purpose", "committee hearing", "--json")


@pytest.fixture
def granted(custody) -> dict[str, object]:
    custody("init")
    return custody(*GRANT).json


def test_a_token_is_shown_once_and_the_log_holds_its_digest_alone(custody, granted) -> None:
    log = custody("log").out

    assert granted["token"] not in log
    assert hashlib.sha256(granted["token"].encode()).hexdigest() in log
    (row,) = custody("access", "list", "--json").json
    assert {name: value for name, value in granted.items() if name != "token"} == row
    assert ("house-research", "oversight", "committee hearing", "active", 1, None) == (
        *(row[name] for name in ("reader", "role", "purpose", "state", "since", "revoked")),
    )


def test_a_revoked_grant_stays_listed_with_the_position_from_which_it_is_good_no_longer(custody, granted) -> None:
    revoked = custody("access", "revoke", granted["grant"], "--reason", "ended", "--json").json

    assert ("revoked", 2) == (revoked["state"], revoked["revoked"])
    assert [revoked] == custody("access", "list", "--json").json
    assert "active" == custody("access", "list", "--known", "1", "--json").json[0]["state"]
    assert "house-research" in custody("access", "list").out


def test_each_grant_has_a_token_of_its_own(custody, granted) -> None:
    again = custody(*GRANT).json

    assert again["token"] != granted["token"]
    assert again["grant"] != granted["grant"]
    assert "shown this once" in custody(*GRANT[:-1]).out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["revoke", "access-nothing", "--reason", "ended"], "unknown_grant"),
        (["revoke", "{grant}", "--reason", " "], "schema"),
        (["grant", "--role", "publisher", "--to", "nobody", "--purpose", "own records"], "unknown_agency"),
        (["grant", "--role", "auditor", "--to", "audit", "--purpose", ""], "schema"),
        (["grant", "--role", "public", "--to", "all", "--purpose", "any"], "usage"),
    ],
)
def test_what_cannot_be_granted_or_revoked_is_refused_and_changes_nothing(custody, granted, arguments, code) -> None:
    ran = custody("access", *(one.format(grant=granted["grant"]) for one in arguments), "--json")

    assert (2, code) == (ran.status, ran.json["error"]["code"])
    assert 1 == len(custody("log").out.splitlines())


def test_a_grant_is_revoked_once(custody, granted) -> None:
    custody("access", "revoke", granted["grant"], "--reason", "ended")

    again = custody("access", "revoke", granted["grant"], "--reason", "ended", "--json")

    assert (2, "grant_revoked") == (again.status, again.json["error"]["code"])


def test_of_two_who_act_on_a_grant_at_once_the_second_is_told_to_look_again(
    custody, granted, path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = granted["grant"]
    with closing(Ledger.open_to_write(path)) as ledger, closing(Ledger.open_to_write(path)) as elsewhere:
        save = ledger.save

        def overtaken(*facts, **named):
            revoke(elsewhere, grant, "ended", system_clock())
            return save(*facts, **named)

        monkeypatch.setattr(ledger, "save", overtaken)
        with pytest.raises(InputRefused) as refused:
            revoke(ledger, grant, "misused", system_clock())

    assert "grant_moved" == refused.value.code
    assert 2 == len(custody("log").out.splitlines())


def test_a_publisher_is_an_agency_that_runs_a_facility(custody, granted) -> None:
    ran = custody("access", "grant", "--role", "publisher", "--to", SHERIFF, "--purpose", "own records", "--json")

    assert (0, "publisher") == (ran.status, ran.json["role"])


def test_nobody_brings_in_a_grant_from_outside(custody, granted, tmp_path) -> None:
    (tmp_path / "e.jsonl").write_text(str(custody("log").out.split('"event":')[1].rstrip().removesuffix("}")) + "\n")

    ran = custody("import", "events", tmp_path / "e.jsonl", "--json")

    assert ["by_command_only"] == [row["code"] for row in ran.json["refused"]]


def test_a_ledger_of_which_nothing_was_read_says_so(custody, granted) -> None:
    assert [] == custody("access", "disclosed", "--json").json
    assert "Nothing" in custody("access", "disclosed").out
