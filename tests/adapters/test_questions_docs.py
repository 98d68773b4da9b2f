"""The Python on the page of questions runs, and prints what the page shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from adapters.cli.main import status

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/questions.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_the_python_on_the_page_of_questions_prints_what_the_page_shows(tmp_path: Path) -> None:
    assert 0 == status(
        ["--ledger", str(tmp_path / "custody.db"), "import", "events", str(ROOT / "deploy/stories.jsonl")]
    )

    done = subprocess.run(
        [sys.executable, "-c", block("python")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert block("text") == done.stdout
