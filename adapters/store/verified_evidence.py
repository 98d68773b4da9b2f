"""Whether what lies beside the log agrees with itself: refusals, dead letters, and how far Kafka was read.

Nothing of it is under the root. Numbers without gaps show what was taken out from between, not what was taken off the
end; a record that was set aside was read, so the offsets reach past it.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from adapters.store.log import Snapshot
from domain.canonical import BODY_BYTES_MAX


def evidence_problems(snapshot: Snapshot) -> Iterator[str]:
    """Yield what does not agree, each in a sentence."""
    yield from _refusals(snapshot)
    yield from _letters(snapshot)


def _refusals(snapshot: Snapshot) -> Iterator[str]:
    for first, last in snapshot.lost_refusals():
        yield f"{_numbers('refusal', first, last)} not there"
    for row in snapshot.refused_bodies():
        body = bytes(row["body"])
        if len(body) < BODY_BYTES_MAX and sha256(body).digest() != bytes(row["body_hash"]):
            yield f"the bytes of refusal {row['reject_id']} are not those that were refused"


def _letters(snapshot: Snapshot) -> Iterator[str]:
    last = 0
    for row in snapshot.letters():
        if row["letter"] > last + 1:
            yield f"{_numbers('dead letter', last + 1, row['letter'] - 1)} not there"
        last = row["letter"]
        if (row["next_offset"] or 0) <= row["record_offset"]:
            place = f"{row['topic']}/{row['partition']}"
            yield f"dead letter {last} lies past what is kept as read of {place}: an offset is not there"
    for number in snapshot.ends_alone():
        yield f"dead letter {number} has ended, and is not there"


def _numbers(what: str, first: int, last: int) -> str:
    return f"{what} {first} is" if first == last else f"{what}s {first} to {last} are"
