"""What comes to the one way in, and what it answers. Both are flat, so that they travel between processes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from adapters.store.recording import Receipt
from domain.errors import InputRefused
from domain.instants import EPOCH, format_rfc3339


class Offered(NamedTuple):
    """One event on its way in.

    `body` is the event's canonical bytes, None where a record has no value (a tombstone). `signature` is raw: 64 bytes
    of Ed25519, or ECDSA in DER. `origin` and `row` say where a refusal came from: "kafka custody.events/3" and the
    offset, a file and the line. `said` is what headers say of the event, by the names of the envelope.
    """

    body: bytes | None
    signature: bytes | None
    origin: str
    row: int
    said: tuple[tuple[str, str], ...] = ()


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
            "recorded_at": format_rfc3339(EPOCH + timedelta(microseconds=receipt.recorded_us)),
            "new": receipt.is_new,
        }


Answer = Accepted | InputRefused
