"""What is recorded and what comes back for it, whatever the log is kept in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.envelope import Submission
from projections.agency_keys import AgencyKeys

ERA_BITS = 16
KEY_TOPICS = AgencyKeys.TYPES


class StoredFact(NamedTuple):
    """The library's `StoredEvent` (its four attributes), and all that we store with it."""

    originator_id: str
    originator_version: int | None
    topic: str
    state: bytes
    submission: Submission


class Receipt(NamedTuple):
    """The promise that an event is stored: its position, leaf hash and the ledger's time. Fsynced before it exists."""

    position: int
    leaf: bytes
    recorded_us: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Equivocation:
    """The same source and id came with other bytes; the first stays, the second is kept as evidence."""

    first: Receipt


@dataclass(frozen=True, slots=True)
class Reject:
    """Evidence of one refusal. `body` is kept for events; rows of files leave their digest only."""

    code: str
    field: str
    reason: str
    origin: str
    row: int
    body: bytes | None
    body_hash: bytes


class KeysMoved(Exception):
    """A key was enrolled or revoked after what the caller judged by was read; nothing was stored."""


Outcome = Receipt | Equivocation
Numbered = tuple[int, int | None, bytes, Submission]  # position, version if an aggregate's, leaf hash


def positions_of(fresh: Sequence[Numbered]) -> list[tuple[str, list[int]]]:
    """Return each reference of a transaction with the positions that mention it, in order."""
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for position, _, _, fact in fresh:
        for ref in fact.refs:
            positions[ref].append(position)
    return sorted(positions.items())


def era_of(position: int) -> int:
    """Return the era of a posting list that begins at this position."""
    return position >> ERA_BITS
