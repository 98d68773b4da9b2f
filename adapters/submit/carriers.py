"""What carries messages: the port, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from adapters.trust.signed import unwrapped

ENVELOPE_START = b'{"payload"'


class Answered(NamedTuple):
    """What became of one message. `is_final` is false where the same message may be taken another time."""

    is_taken: bool
    is_new: bool
    is_final: bool
    document: dict[str, Any]  # the receipt, or where it is; or the problem: {"code","detail","where","mend"}


class Away(Exception):
    """Nothing of what was sent is known to have arrived; worth another try after so many seconds."""

    def __init__(self, what: str, seconds: float) -> None:
        super().__init__(what)
        self.what = what
        self.seconds = seconds


def opened(message: bytes) -> tuple[bytes, bytes | None]:
    """Return the event of a message, an envelope or the event itself, and its signature."""
    if not message.startswith(ENVELOPE_START):
        return message, None
    body, signature, _ = unwrapped(message)
    return body, signature


class Carrier(Protocol):
    """Carries messages to a ledger. `gives_receipts`: what it takes is in the ledger, not only on its way there."""

    batch_max: int
    gives_receipts: bool

    def carry(self, messages: Sequence[bytes]) -> list[Answered]:
        """Send messages and return an answer for each; raise Away."""
        ...

    def close(self) -> None:
        """Let the connection go."""
        ...
