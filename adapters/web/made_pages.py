"""Pages that were made, in memory: what a URL with both clocks shows never changes, so it need not be made twice."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from adapters.lately import Lately

BYTES_KEPT = 64 * 1024 * 1024


class MadePage(NamedTuple):
    """A page, and what it tells of persons: a word or two, "" if nothing."""

    content: bytes
    of_persons: str


class MadePages(Lately[Hashable, MadePage]):
    """The pages asked for last, so many bytes of them."""

    def __init__(self, bytes_kept: int = BYTES_KEPT) -> None:
        super().__init__(bytes_kept, lambda page: len(page.content))
