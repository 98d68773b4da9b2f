"""What comes to the one way in, and what it answers. Both are flat, so that they travel between processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from adapters.store.kafka_tables import Beside
from adapters.store.recording import Receipt
from adapters.trust.signed import unwrapped
from domain.envelope import Submission
from domain.errors import InputRefused
from domain.instants import EPOCH, format_rfc3339


class Offered(NamedTuple):
    """One event on its way in.

    `body` is the event's canonical bytes, None where a record has no value (a tombstone). `signature` is raw: 64 bytes
    of Ed25519, ECDSA in DER, or one over many events (`domain.batch_signature`). `origin` and `row` say where a refusal
    came from: "kafka custody.events/3" and the offset, a file and the line. `said` is what headers say of the event, by
    the names of the envelope.
    """

    body: bytes | None
    signature: bytes | None
    origin: str
    row: int
    said: tuple[tuple[str, str], ...] = ()


def from_envelope(line: bytes, *, origin: str, row: int) -> Offered:
    """Return the event of a DSSE envelope, which may say whose key it is; raise InputRefused(bad_dsse)."""
    signed = unwrapped(line)
    said = (("agencykey", signed.key_id),) if signed.key_id else ()
    return Offered(signed.body, signed.signature, origin, row, said)


class Accepted(NamedTuple):
    """An event that is in the ledger, durably: its id, source and stream, and the receipt."""

    id: str
    source: str
    stream: str
    receipt: Receipt

    def as_json(self) -> dict[str, Any]:
        """Return the receipt as agencies get it: `{"id","source","position","leaf","recorded_at","new"}`."""
        receipt = self.receipt
        return {
            "id": self.id,
            "source": self.source,
            "position": receipt.position,
            "leaf": receipt.leaf.hex(),
            "recorded_at": _moment(receipt.recorded_us),
            "new": receipt.is_new,
        }


@lru_cache(64)
def _moment(us: int) -> str:
    """Write a moment; all events of a transaction have the same."""
    return format_rfc3339(EPOCH + timedelta(microseconds=us))


class Held(NamedTuple):
    """An event that was not recorded: it waits behind one of its chain that was set aside."""


Answer = Accepted | InputRefused
Judged = Submission | Accepted | InputRefused | Held


class Delivery(Protocol):
    """A way in that keeps something of its own in the transaction that records its events."""

    def held(self, judged: Sequence[Judged]) -> list[Judged]:
        """Return what was judged, with Held in the place of what shall wait; it may be asked again."""
        ...

    def beside(self, answers: Sequence[Answer | Held]) -> Beside:
        """Return what goes beside the events, now that it is known what comes of each."""
        ...
