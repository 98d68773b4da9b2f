"""Wait until a server that was just started answers with a page, and say where: `answers.py LOG PATH`."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from urllib.request import urlopen

SECONDS = 30
LISTENS = re.compile(r"running on (http://\S+)")


def main(log: Path, path: str) -> None:
    """Print the page's title; raise if the server does not answer in time."""
    until = time.monotonic() + SECONDS
    while not (found := LISTENS.search(log.read_text())):
        if time.monotonic() > until:
            raise SystemExit(f"the server did not start:\n{log.read_text()}")
        time.sleep(0.1)
    with urlopen(found.group(1) + path, timeout=SECONDS) as answer:  # noqa: S310 - our own server
        title = re.search(r"<title>(.*?)</title>", answer.read().decode())
        print(f"{path} answers: {title.group(1) if title else 'no page'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
