"""`custody rules publish` and `history`: the log alone says which rules were in use, and since when."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import orjson
import pytest

from adapters.rules.packs import minnesota_rules
from adapters.rules.published import published_rulebook
from adapters.store.ledger import Ledger
from domain.canonical import BODY_BYTES_MAX
from domain.rules.publishing import part_events
from projections.published_packs import PublishedPacks
from tests.adapters.cli.packs import failing_pack, small_pack


@pytest.fixture
def simulated(custody) -> None:
    assert custody("simulate", "--events", 900, "--seed", 3).status == 0


def held(custody, *known: object) -> str:
    """Return a case in which the question of a hold arose."""
    rows = [orjson.loads(line) for line in custody("determinations", "--json", *known).out.splitlines()]
    return next(row["ref"] for row in rows if row["decision_point"] == "hold_past_release")


def test_a_pack_is_published_after_the_one_it_extends_and_again_changes_nothing(custody, path: Path) -> None:
    custody("init")
    first = custody("rules", "publish", "us-mn", "--json").json
    stored = path.read_bytes()
    second = custody("rules", "publish", "us-mn", "--json")

    assert [(one["pack"], one["new"]) for one in first["packs"]] == [("us", True), ("us-mn", True)]
    assert first["packs"][0]["position"] < first["packs"][1]["position"] == first["stored"]
    assert (second.json["stored"], [one["new"] for one in second.json["packs"]]) == (0, [False, False])
    assert path.read_bytes() == stored
    assert "nothing new" in custody("rules", "publish", "us-mn").out


def test_the_log_alone_gives_the_published_pack_back(custody, path: Path) -> None:
    custody("init")
    custody("rules", "publish", "us-mn")
    ledger = Ledger.open_to_read(path)
    published = PublishedPacks(ledger.recorded())
    ledger.close()
    latest = published.latest("us-mn")

    assert latest is not None
    rulebook = published_rulebook(published, latest)
    assert rulebook.digest == minnesota_rules().digest == latest.digest
    assert rulebook.text == minnesota_rules().text
    assert [rule.id for rule in rulebook.rules] == [rule.id for rule in minnesota_rules().rules]


def test_every_part_of_the_text_fits_into_an_event() -> None:
    bodies = list(part_events(minnesota_rules()))
    assert len(bodies) > 3
    assert all(len(body) < BODY_BYTES_MAX for body in bodies)


def test_a_pack_that_fails_its_tests_changes_nothing(custody, path: Path, tmp_path: Path) -> None:
    custody("init")
    before = path.read_bytes()
    ran = custody("rules", "publish", failing_pack(tmp_path), "--json")

    assert (2, "failing_pack") == (ran.status, ran.json["error"]["code"])
    assert path.read_bytes() == before


def test_publishing_into_a_ledger_that_is_not_there_makes_none(custody, path: Path) -> None:
    ran = custody("rules", "publish", "us-mn", "--json")
    assert (4, "ledger_not_found") == (ran.status, ran.json["error"]["code"])
    assert not path.exists()


def test_history_says_which_was_in_use_since_when_and_what_it_superseded(custody, tmp_path: Path) -> None:
    one, two = small_pack(tmp_path, "1"), small_pack(tmp_path, "2", "permission")
    custody("init")
    for pack in (one, two, one, one):
        assert custody("rules", "publish", pack).status == 0
    rows = custody("rules", "history", "--json").json

    assert [row["version"] for row in rows] == ["1", "2", "1"]
    assert [row["supersedes"] for row in rows] == [None, rows[0]["digest"], rows[1]["digest"]]
    assert [row["position"] for row in rows] == [2, 4, 5]
    assert [row["version"] for row in custody("rules", "history", "--known", 4, "--json").json] == ["1", "2"]
    assert "rules-registrar" in custody("rules", "history").out
    assert "No rule pack is published" in custody("rules", "history", "--known", 0).out


@pytest.mark.usefixtures("simulated")
def test_decisions_use_the_pack_known_at_the_position_asked_for(custody, tmp_path: Path) -> None:
    ref = held(custody)
    shipped = custody("trail", ref, "--json").out
    custody("rules", "publish", small_pack(tmp_path, "1"))
    one = custody("trail", ref, "--json").out
    custody("rules", "publish", small_pack(tmp_path, "2", "permission"))
    two = custody("trail", ref, "--json").out

    assert custody("trail", ref, "--json", "--known", 900).out == shipped
    assert custody("trail", ref, "--json", "--known", 902).out == one
    packs = [orjson.loads(out)["pack"] for out in (shipped, one, two)]
    assert [(pack["version"], pack["published"]) for pack in packs[1:]] == [("1", 902), ("2", 904)]
    assert packs[0] == {
        "id": "us-mn",
        "version": minnesota_rules().pack.version,
        "digest": minnesota_rules().digest,
        "published": None,
    }
    assert "published at position 904" in custody("trail", ref).out


@pytest.mark.usefixtures("simulated")
def test_a_newer_pack_decides_anew_from_its_position_on_and_rows_before_stay(custody, tmp_path: Path) -> None:
    before = custody("determinations", "--json").out
    custody("rules", "publish", small_pack(tmp_path, "1"))
    after = custody("determinations", "--json").out

    assert after.startswith(before)
    added = [orjson.loads(line) for line in after[len(before) :].splitlines()]
    assert {row["position"] for row in added} == {902}
    assert {rule["id"] for row in added for rule in row["rules"]} == {"MN-A"}
    ref = added[0]["ref"]
    assert [orjson.loads(line) for line in custody("determinations", ref, "--json").out.splitlines()][-1][
        "position"
    ] == 902


@pytest.mark.usefixtures("simulated")
def test_replay_says_under_which_pack_and_explain_uses_it(custody, tmp_path: Path) -> None:
    ref = held(custody)
    before = custody("replay", "--json").json
    custody("rules", "publish", small_pack(tmp_path, "1"))
    after = custody("replay", "--json").json

    assert (before["pack"]["published"], after["pack"]["published"]) == (None, 902)
    assert before["read_models"]["decisions"] != after["read_models"]["decisions"]
    assert "MN-A" in custody("explain", ref, "--decision-point", "hold_past_release").out


def test_a_text_that_the_log_does_not_hold_whole_is_listed_and_not_used(custody, path: Path, tmp_path: Path) -> None:
    custody("init")
    custody("rules", "publish", small_pack(tmp_path, "1"))
    lines = [orjson.loads(line)["event"] for line in custody("log").out.splitlines()]
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(orjson.dumps(lines[-1], option=orjson.OPT_SORT_KEYS) + b"\n")
    path.unlink()
    assert custody("import", "events", cut).status == 0

    assert [row["whole"] for row in custody("rules", "history", "--json").json] == [False]
    assert "not used" in custody("rules", "history").out
    assert custody("replay", "--json").json["pack"]["published"] is None


def test_parts_and_publication_are_one_transaction(custody, path: Path) -> None:
    custody("init")
    custody("rules", "publish", "us-mn")
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM tree_heads").fetchone() == (1,)
