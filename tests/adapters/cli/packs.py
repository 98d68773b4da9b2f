"""Small packs in files, under the name that decisions in Minnesota go by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.domain.rules.small import pack, rule

AT = "2026-01-20T12:00:00-06:00"
FORM = {"id": "a-form", "cel": 'detainer_form == "I-247A"', "says": "the form is an I-247A"}


def small_pack(folder: Path, version: str, modality: str = "prohibition", **changes: Any) -> Path:
    """Write `us-mn.VERSION.yaml` with one rule, MN-A, that speaks where the form is an I-247A; return its path."""
    status = {"prohibition": "prohibited", "permission": "permitted"}[modality]
    document = {
        **pack(rule("MN-A", modality, when=[FORM]), tests=[_test("I-247A", status), _test("I-247G", "no_rule")]),
        "pack": "us-mn",
        "version": version,
        **changes,
    }
    path = folder / f"us-mn.{version}.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def failing_pack(folder: Path) -> Path:
    """Write a pack whose own test fails; return its path."""
    tests = [_test("I-247A", "permitted"), _test("I-247G", "no_rule")]
    return small_pack(folder, "wrong", tests=tests)


def _test(form: str, status: str) -> dict[str, Any]:
    where = "fails" if status == "no_rule" else "stands"
    return {
        "name": f"a form {form}",
        "at": AT,
        "decision_point": "hold_past_release",
        "facts": {"detainer_form": form},
        "expect": {"status": status, where: ["MN-A"]},
    }
