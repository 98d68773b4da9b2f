"""Verification: re-hash every body and check everything the ledger keeps beside it. Trusts nothing but the bytes.

Signatures are checked again, each by the keys as they were at its position.

It proves that what is stored agrees with itself, and with a root somebody kept from before. It does not prove
that the record is true, nor complete, nor that nobody rewrote the whole ledger: for that, keep the root.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from adapters.intake.checking import check_clock
from adapters.intake.gate import BY_COMMAND
from adapters.store.ledger import Ledger, decode
from adapters.store.log import PostingList, Row, Snapshot
from adapters.store.recording import era_of
from adapters.store.verified_evidence import evidence_problems
from adapters.trust.keys import has_signed
from domain.canonical import leaf_hash
from domain.envelope import Submission, admit
from domain.errors import InputRefused, LedgerError
from domain.events.agency import AgencyKeyRotated, Authority
from domain.instants import microseconds
from domain.merkle import EMPTY_TREE, Tree
from projections.agency_keys import OPERATOR, AgencyKeys

OWN_MAX_US = 3600 * 1_000_000  # between writing an event of its own and storing it the ledger takes much less
SUM_BITS = (1 << 128) - 1
TIMES_US = 0, microseconds(datetime(9999, 1, 1, tzinfo=UTC))

Progress = Callable[[int], None]


@dataclass(slots=True)
class Verification:
    """What was found. `problems` are {position, what}; position 0 means the ledger as a whole."""

    events: int = 0
    signatures: int = 0
    root: str = ""
    problems: list[dict[str, Any]] = field(default_factory=list)

    def note(self, position: int, what: str) -> None:
        """Keep one problem."""
        self.problems.append({"position": position, "what": what})

    def as_json(self) -> dict[str, Any]:
        """Return `events`, `signatures`, `root`, `ok`, `problems`."""
        return {
            "events": self.events,
            "signatures": self.signatures,
            "root": self.root,
            "ok": not self.problems,
            "problems": self.problems,
        }


def verify(ledger: Ledger, progress: Progress, *, kept_root: tuple[int, str] | None = None) -> Verification:
    """Check the whole ledger; `kept_root` is a (size, root in hex) that somebody wrote down earlier."""
    result = Verification()
    try:
        with ledger.snapshot() as snapshot:
            for problem in snapshot.schema_problems():
                result.note(0, problem)
            _check_events(snapshot, result, progress, kept_root)
    except LedgerError as error:
        result.note(result.events + 1, f"the ledger cannot be read from here on: {error}")
    return result


def _check_events(
    snapshot: Snapshot, result: Verification, progress: Progress, kept_root: tuple[int, str] | None
) -> None:
    heads = list(snapshot.heads())
    walk = Walk(result)
    covering = 0
    for row in snapshot.events():
        walk.step(row)
        while covering < len(heads) and heads[covering]["size"] < row["position"]:
            covering += 1
        if covering < len(heads):
            _check_against_head(walk, row, heads[covering], result)
        _check_kept(walk.tree, kept_root, result)
        result.events += 1
        progress(result.events)
    _check_end(walk, heads, kept_root, result)
    for problem in evidence_problems(snapshot):
        result.note(0, problem)
    if walk.refs != _stored_refs(snapshot, walk.key, result):
        result.note(0, "the references beside the events are not those that the events make")


def _check_against_head(walk: Walk, row: Row, head: Row, result: Verification) -> None:
    """Check an event against the first head that covers it: the same transaction, so the same time."""
    if row["recorded_at"] != head["recorded_at"]:
        result.note(row["position"], "the ledger's time of this event is not that of its tree head")
    if walk.tree and walk.tree.size == head["size"]:
        _check_head(walk.tree, head, result)


def _check_end(walk: Walk, heads: list[Row], kept_root: tuple[int, str] | None, result: Verification) -> None:
    """Check that the heads, and the root somebody kept, cover exactly what is there."""
    if walk.tree is None:
        return
    size = walk.tree.size
    result.root = walk.tree.root.hex()
    for head in heads:
        if head["size"] > size:
            result.note(head["size"], f"a tree head of {head['size']} events is recorded, the log ends at {size}")
    if size and (not heads or heads[-1]["size"] < size):
        result.note(size, "no tree head covers the last events")
    if kept_root and kept_root[0] > size:
        result.note(kept_root[0], f"the kept root covers {kept_root[0]} events, the log ends at {size}")


@dataclass(slots=True)
class Walk:
    """What is carried from event to event. The tree is None after a missing position: no root can be known."""

    result: Verification
    tree: Tree | None = EMPTY_TREE
    key: bytes = field(default_factory=lambda: os.urandom(32))  # of the sum of references: nobody can aim at it
    keys: AgencyKeys = field(default_factory=AgencyKeys)
    versions: dict[str, int] = field(default_factory=dict)  # of aggregates: the last of each stream
    refs: int = 0
    position: int = 0
    recorded_at: int = 0

    def step(self, row: Row) -> None:
        """Check one row against its bytes and against the row before it."""
        if row["position"] != self.position + 1:
            self.result.note(self.position + 1, f"missing: the next position is {row['position']}")
            self.tree = None
        self.position = row["position"]
        if row["recorded_at"] < self.recorded_at:
            self.result.note(self.position, "the ledger's time runs backwards here")
        before, self.recorded_at = self.recorded_at, row["recorded_at"]
        if not TIMES_US[0] <= self.recorded_at <= TIMES_US[1]:
            self.result.note(self.position, "the ledger's time of this event is none that a clock shows")
        self._check_version(row["originator_id"], row["originator_version"])
        body = bytes(row["state"])
        leaf = leaf_hash(body)
        if bytes(row["leaf_hash"]) != leaf:
            self.result.note(self.position, "the leaf hash is not that of the bytes: one of them was altered")
        if self.tree:
            self.tree = self.tree.grow([leaf])
        self._check_meaning(row, body, before)

    def _check_version(self, stream: str, version: int | None) -> None:
        if version is None:
            return
        if version != self.versions.get(stream, 0) + 1:
            self.result.note(self.position, f"version {version} of {stream[:120]} does not follow the one before it")
        self.versions[stream] = version

    def _check_meaning(self, row: Row, body: bytes, before: int) -> None:
        """Check what the bytes say: against the columns, who said it, and the ledger's time of it."""
        try:
            submission = admit(body, None if row["signature"] is None else bytes(row["signature"]))
        except LedgerError as refusal:
            self.result.note(self.position, f"the bytes do not pass the gate: {refusal.what}")
            return
        self.refs = (self.refs + _check_columns(row, submission, self.key, self.result)) & SUM_BITS
        _check_signature(submission, self.position, self.keys, self.result)
        if problem := _time_problem(submission, self.recorded_at, before):
            self.result.note(self.position, problem)
        if submission.type in AgencyKeys.TYPES:
            self.keys.apply(decode(row))


def _check_columns(row: Row, submission: Submission, key: bytes, result: Verification) -> int:
    """Check one row's columns against its bytes; return the sum of the digests of its references."""
    position = row["position"]
    for name, value in _expected_columns(submission).items():
        if row[name] != value:
            result.note(position, f"column {name} says {row[name]!r}, the event says {value!r}")
    return sum(_ref_digest(key, ref, position) for ref in submission.refs)


def _check_signature(submission: Submission, position: int, keys: AgencyKeys, result: Verification) -> None:
    """Check a signature, and that its key might say this then."""
    rotated = submission.envelope.data if submission.type == AgencyKeyRotated.TYPE else None
    if submission.signature is None:
        if rotated and rotated.authorized_by is Authority.OLD_KEY:
            result.note(position, "the rotation is said to be signed by the old key, and is not signed")
        elif submission.agencykey in keys.public:
            result.note(position, "the event names a key of the ledger, and its signature is not there")
        return
    result.signatures += 1
    key = keys.public.get(submission.agencykey or "")
    if key is None or not has_signed(key, submission.body, submission.signature):
        result.note(position, "the signature is not one by a key of the ledger over these bytes")
        return
    try:
        if rotated is None:
            keys.judge(submission)
        elif keys.active(submission.agencykey).public.key_id != rotated.replaces:
            result.note(position, "the rotation is not signed by the key that it replaces")
    except InputRefused as refusal:
        result.note(position, f"the key might not say this here: {refusal.what}")


def _time_problem(submission: Submission, recorded_us: int, before_us: int) -> str | None:
    """Say why the ledger's time of an event cannot be that; `before_us` is its time of the one before.

    What the ledger says itself has its clock in its bytes; where that stood behind the log, its time stays as it was.
    What is signed was let in by that clock.
    """
    if submission.type in BY_COMMAND:
        said = submission.occurred_earliest if submission.source == OPERATOR else None
        late = said is not None and recorded_us > said + OWN_MAX_US and recorded_us > before_us
        if said is not None and (late or recorded_us < said - OWN_MAX_US):
            return "the ledger's time of this event is not the one that it wrote into it"
    elif submission.signature is not None:
        try:
            check_clock(submission, recorded_us)
        except InputRefused as refusal:
            return f"the event would have been refused at the ledger's time of it: {refusal.what}"
    return None


def _expected_columns(submission: Submission) -> dict[str, Any]:
    return {
        "originator_id": submission.stream,
        "topic": submission.type,
        "source": submission.source,
        "event_id": submission.id,
        "key_id": submission.agencykey,
        "facility": submission.facility,
        "occurred_earliest": submission.occurred_earliest,
        "occurred_latest": submission.occurred_latest,
        "source_recorded_latest": submission.recorded_latest,
    }


def _check_head(tree: Tree, head: Row, result: Verification) -> None:
    if head["root"] != tree.root or head["peaks"] != b"".join(tree.peaks):
        result.note(tree.size, f"the tree head of {tree.size} events does not follow from the events")


def _check_kept(tree: Tree | None, kept_root: tuple[int, str] | None, result: Verification) -> None:
    if tree and kept_root and kept_root[0] == tree.size and kept_root[1] != tree.root.hex():
        result.note(tree.size, f"the root of {tree.size} events is {tree.root.hex()}, not the one kept")


def _ref_digest(key: bytes, ref: str, position: int) -> int:
    return int.from_bytes(blake2b(f"{ref}|{position}".encode(), digest_size=16, key=key).digest())


def _stored_refs(snapshot: Snapshot, key: bytes, result: Verification) -> int:
    """Sum the digests of all stored references: an order-free fingerprint, in constant memory."""
    total = 0
    for found in snapshot.posting_lists():
        total += sum(_ref_digest(key, found.ref, position) for position in _positions(found, result))
    return total & SUM_BITS


def _positions(found: PostingList, result: Verification) -> list[int]:
    """Return the positions of a posting list, or note that it is not as we write it, which readers rely on."""
    positions = found.positions or []
    well_formed = (
        positions != []
        and positions[0] > 0
        and all(earlier < later for earlier, later in pairwise(positions))
        and found.era == era_of(positions[0])
    )
    if not well_formed:
        result.note(0, f"the references of {found.ref[:120]!r} in era {found.era} are not a list of ours")
    return positions if well_formed else []
