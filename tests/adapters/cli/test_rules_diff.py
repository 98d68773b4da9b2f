"""`custody rules diff`: rules added, removed and changed, with both values, and since when each pack is known."""

from __future__ import annotations

from pathlib import Path

from tests.adapters.cli.packs import small_pack


def test_two_files_are_compared_without_a_ledger(custody, path: Path, tmp_path: Path) -> None:
    found = custody("rules", "diff", small_pack(tmp_path, "1"), small_pack(tmp_path, "2", "permission"), "--json").json
    assert found["pack"] == [{"field": "version", "before": "1", "after": "2"}]
    assert (found["added"], found["removed"]) == ([], [])
    assert found["changed"] == [
        {"rule": "MN-A", "fields": [{"field": "modality", "before": "prohibition", "after": "permission"}]}
    ]
    assert found["tests"] == {"added": [], "removed": [], "changed": ["a form I-247A"]}
    assert found["before"]["published"] is found["before"]["recorded_at"] is None
    assert not path.exists()


def test_published_packs_are_named_by_version_and_say_since_when(custody, tmp_path: Path) -> None:
    custody("init")
    for version in ("1", "2"):
        custody("rules", "publish", small_pack(tmp_path, version))
    found = custody("rules", "diff", "us-mn@1", "2", "--json").json
    rows = custody("rules", "history", "--json").json
    assert [found[side]["published"] for side in ("before", "after")] == [2, 4]
    assert [found[side]["recorded_at"] for side in ("before", "after")] == [row["recorded_at"] for row in rows]
    assert "published at position 4" in custody("rules", "diff", "1", "2").out


def test_a_shipped_pack_and_its_base_differ_by_the_rules_of_the_state(custody) -> None:
    found = custody("rules", "diff", "us", "us-mn", "--json").json
    assert {rule["id"][:3] for rule in found["added"]} == {"MN-"}
    assert (found["removed"], found["changed"]) == ([], [])
    back = custody("rules", "diff", "us-mn", "us").out
    assert "- MN-RAMSEY-2014 (removed): prohibition at hold past release" in back
    assert "in force 2014-06-11 -" in back


def test_the_same_pack_twice_differs_in_nothing(custody) -> None:
    assert "no rule, field or test differs" in custody("rules", "diff", "us-mn", "us-mn").out


def test_what_is_no_pack_is_refused(custody) -> None:
    ran = custody("rules", "diff", "us-mn", "us-zz", "--json")
    assert (2, "unknown_pack") == (ran.status, ran.json["error"]["code"])
