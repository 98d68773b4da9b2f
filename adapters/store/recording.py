"""What is recorded and what comes back for it, whatever the log is kept in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain.canonical import leaf_hash
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


def maybe_known(facts: Iterable[Submission], largest_id: str | None) -> list[str]:
    """Return the ids of these facts that a log may hold whose largest id is this one, None for an empty log.

    Ids begin with their time, so most that come are larger than all that are there, and need no look into the log.
    """
    return [fact.id for fact in facts if fact.id <= largest_id] if largest_id else []


def numbered(
    facts: Sequence[Submission],
    versions: Iterable[int | None],
    known: dict[tuple[str, str], Receipt],
    *,
    after: int,
    now_us: int,
) -> tuple[list[Outcome], list[Numbered]]:
    """Give each new fact the next position; return an outcome for every fact, and the new ones.

    `known` are the receipts of (source, id) that the log holds; those of the new facts are added.
    """
    outcomes: list[Outcome] = []
    fresh: list[Numbered] = []
    position = after
    for fact, version in zip(facts, versions, strict=False):
        leaf = leaf_hash(fact.body)
        key = (fact.source, fact.id)
        first = known.get(key)
        if first is None:
            position += 1
            known[key] = receipt = Receipt(position, leaf, now_us, True)
            fresh.append((position, version, leaf, fact))
            outcomes.append(receipt)
        else:
            first = first._replace(is_new=False)
            outcomes.append(first if first.leaf == leaf else Equivocation(first))
    return outcomes, fresh


def positions_of(fresh: Sequence[Numbered]) -> list[tuple[str, list[int]]]:
    """Return each reference of a transaction with the positions that mention it, in order."""
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for position, _, _, fact in fresh:
        for ref in fact.refs:
            positions[ref].append(position)
    return [(ref, positions[ref]) for ref in sorted(positions)]  # texts alone sort faster than pairs


def era_of(position: int) -> int:
    """Return the era of a posting list that begins at this position."""
    return position >> ERA_BITS
