"""From one public figure to another, step by step: what each named count takes away, and what no count explains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from projections.tally import Bucket

UNEXPLAINED = "not explained by a named count"
OTHERS = "custodians that the second figure does not speak of"


@dataclass(frozen=True, slots=True)
class Step:
    """A figure (`change` is None), or what lies between two; `total` is what is left after it."""

    label: str
    change: int | None
    total: int
    bucket: Bucket | None = None

    @property
    def first(self) -> int:
        """Return where its bar begins, from the left."""
        return 0 if self.change is None else min(self.total, self.total - self.change)

    @property
    def length(self) -> int:
        """Return how long its bar is."""
        return self.total if self.change is None else abs(self.change)


def steps_between(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Step]:
    """Yield the steps from a claim to another, down the chain of counts that both are held against."""
    counts = {count["id"]: count["value"] for count in first["counts"]}
    start, end, total = first["chosen"]["id"], second["chosen"]["id"], first["value"]
    yield Step(f"said by {first['asserted_by']}: {first['words']}", None, total)
    yield Step(UNEXPLAINED, counts[start] - total, total := counts[start])
    yield Step(f"{start}: {first['chosen']['label']}", None, total)
    for bucket in _between(first["buckets"], start, end):
        total -= bucket.value
        yield Step(f"{bucket.label} (from {bucket.start} to {bucket.end})", -bucket.value, total, bucket)
    narrower = second["chosen"]["value"]
    if narrower != total:
        yield Step(OTHERS, narrower - total, total := narrower)
    yield Step(f"{end}: {second['chosen']['label']}", None, total)
    yield Step(UNEXPLAINED, second["value"] - total, second["value"])
    yield Step(f"said by {second['asserted_by']}: {second['words']}", None, second["value"])


def _between(buckets: list[Bucket], start: str, end: str) -> list[Bucket]:
    """Return the buckets that lead from one count of a chain to a later one."""
    return [bucket for bucket in buckets if bucket.end != "claim" and start <= bucket.start < end]
