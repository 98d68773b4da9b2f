"""Sharing out what is large: into parts that stay below a size, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def shared_out(
    things: Iterable[T], size_of: Callable[[T], int], *, size_max: int, count_max: int | None = None
) -> Iterator[list[T]]:
    """Yield parts of at most so many things, and of at most that size; a thing that is larger is a part of its own."""
    part: list[T] = []
    size = 0
    for one in things:
        more = size_of(one)
        if part and (size + more > size_max or len(part) == count_max):
            yield part
            part, size = [], 0
        part.append(one)
        size += more
    if part:
        yield part
