"""The curl lines on the page of the API are answered as the page shows, by a real server over what the page imports."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.cli.main import status
from tests.serving import PATIENCE_SECONDS, Served, serving

ROOT = Path(__file__).resolve().parents[4]
TEXT = (ROOT / "docs/api.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```sh\n(.*?)^```\n((?:\n(?:    [^\n]*\n|\n)+)?)", re.MULTILINE | re.DOTALL)
BLOCKS = [(commands.splitlines(), shown) for commands, shown in BLOCK.findall(TEXT)]
PAGE = "http://127.0.0.1:8000"
ENDLESS = "/v1/events/live"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """What the first block of the page does, up to the server."""
    ledger = str(tmp_path_factory.mktemp("page") / "custody.db")
    commands, _ = BLOCKS[0]
    *before, serve = [shlex.split(line, comments=True)[1:] for line in commands]
    for words in before:
        placed = [str(ROOT / word) if (ROOT / word).is_file() else word for word in words]
        assert 0 == status(["--ledger", ledger, *placed])
    with serving(ledger, *serve[1:]) as running:
        yield running


def printed(line: str, served: Served) -> str:
    """Return what curl would print for a line of the page."""
    words = shlex.split(line)
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    url = next(word for word in words if word.startswith(PAGE)).replace(PAGE, served.address)
    if ENDLESS in url:
        with httpx.stream("GET", url, headers=headers, timeout=PATIENCE_SECONDS) as response:
            lines = response.iter_lines()
            return "\n".join(next(lines) for _ in range(6)) + "\n"
    answered = httpx.get(url, headers=headers, timeout=PATIENCE_SECONDS)
    assert 200 == answered.status_code, answered.text
    if "-o" in words:
        return ""
    text = answered.text.replace(served.address, PAGE)
    if "-si" not in words:
        return text.rstrip("\r\n") + "\n"
    head = "".join(f"{name}: {value}\n" for name, value in answered.headers.items()).replace(served.address, PAGE)
    return f"HTTP/1.1 200 OK\n{head}\n{text}\n"


def pattern(shown: str) -> re.Pattern[str]:
    """Return what the page's lines match; `…` stands for anything."""
    lines = "\n".join(line[4:] for line in shown.strip("\n").splitlines())
    return re.compile(".*".join(map(re.escape, lines.split("…"))), re.DOTALL)


def test_every_curl_line_is_answered_as_the_page_shows(served: Served) -> None:
    curls = [(commands, shown) for commands, shown in BLOCKS[1:] if commands[0].startswith("curl")]
    assert len(curls) >= 4
    for commands, shown in curls:
        text = "".join(printed(line, served).replace("\r\n", "\n") for line in commands)
        assert shown.strip(), commands
        assert pattern(shown).match(text), f"{commands}\n{text[:2000]}"


def test_the_page_names_every_path_that_is_served(served: Served) -> None:
    for path in httpx.get(f"{served.address}/openapi.json", timeout=PATIENCE_SECONDS).json()["paths"]:
        words = re.sub(r"/\{[a-z]+\}.*", "", path)
        assert words in TEXT or not path.startswith("/v1/"), path
