"""Every console block in the README and the docs runs, and prints what the page shows.

A page's blocks share one folder and one ledger, top to bottom. `...` stands for lines left out. Lines that begin
`$ custody` are run; `$ make` lines are for the reader (CI runs them itself).
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted(page for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")] if BLOCK.search(page.read_text()))


def commands(page: Path) -> list[tuple[str, str]]:
    """Return (command, expected output) of every command on the page."""
    found = []
    for block in BLOCK.findall(page.read_text()):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def shows(expected: str, printed: str) -> bool:
    """Say whether a page's lines are what was printed; `...` stands for any lines, trailing spaces do not count.

    Parts between dots are looked for one after the other, each as early as it comes, so a page that differs is found
    at once.
    """
    parts = [part.strip("\n") for part in re.split(r"(?m)^\s*\.\.\.\s*$", tidy(expected))]
    text = f"\n{tidy(printed)}\n"
    if len(parts) == 1:
        return tidy(printed) == parts[0]
    at = 0
    for place, part in enumerate(parts):
        if not part:
            continue
        found = text.rfind(f"\n{part}\n") if place == len(parts) - 1 else text.find(f"\n{part}\n", at)
        if found < at or (place == 0 and found > 0):
            return False
        at = found + len(part) + 1
    return not parts[-1] or at == len(text) - 1


def tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def run(command: str, folder: Path) -> str:
    """Run one command in the page's folder, with the repository's files beside it."""
    words = shlex.split(command)
    program = [sys.executable, "-m", "adapters.cli"] if words[0] == "custody" else words[:1]
    done = subprocess.run(
        [*program, *words[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "CUSTODY_LEDGER": "custody.db", "PYTHONPATH": str(ROOT)},
    )
    return "\n".join(line.rstrip() for line in (done.stdout + done.stderr).splitlines())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_on_a_page_prints_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    for name in ("adapters", "deploy", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    for command, expected in commands(page):
        if command.startswith("make "):
            continue
        printed = run(command, tmp_path)
        assert shows(expected, printed), f"$ {command}\n{printed}"


def test_the_readme_shows_both_commands_on_its_first_screen() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:40])

    assert "make demo" in first_screen
    assert "make test" in first_screen
    assert PAGES, "no page has a console block: the docs would go unchecked"


def test_every_command_of_the_program_is_documented() -> None:
    from adapters.cli.main import COMMANDS

    page = (ROOT / "docs/cli.md").read_text()
    missing = [name for name in COMMANDS if f"`{name}" not in page]

    assert [] == missing


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_a_page_that_counts_the_types_of_events_counts_those_of_the_catalogue(page: str) -> None:
    from domain.events.catalogue import CATALOGUE

    assert [str(len(CATALOGUE))] == re.findall(r"(\d+) types", (ROOT / page).read_text())


def links(page: Path) -> list[str]:
    """Return the places within the repository that a page links to."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    return [link.partition("#")[0] for link in found if "://" not in link and not link.startswith("#")]


def test_every_link_leads_to_something_that_is_there() -> None:
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/**/*.md"))]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in links(page)
        if not (page.parent / link).exists()
    ]

    assert [] == broken
