"""Signing a file of events: each names the key, is written in canonical bytes, and signed with those around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count, islice, repeat

from adapters.trust.keys import TREE_EVENTS, SigningKey
from adapters.trust.signed import Signed, wrapped
from domain.canonical import canonical_bytes, check_as_written, read_object
from domain.envelope import admit
from domain.errors import InputRefused


def signed_lines(lines: Iterable[bytes], key: SigningKey, sequence: int | None) -> Iterator[bytes]:
    """Yield a DSSE envelope for each event, numbered from `sequence` on if it is given; blank lines are passed over.

    Several events share a signature. Raise InputRefused with the line in `where`: other_key if an event names another
    key, and the codes of the gate.
    """
    bodies = _bodies(lines, key.public.key_id, repeat(None) if sequence is None else count(sequence))
    while several := list(islice(bodies, TREE_EVENTS)):
        for body, signature in zip(several, key.sign_all(several), strict=True):
            yield wrapped(Signed(body, signature, key.public.key_id))


def _bodies(lines: Iterable[bytes], key_id: str, numbers: Iterator[int | None]) -> Iterator[bytes]:
    for row, line in enumerate(lines, 1):
        if line.strip():
            try:
                body = _named(line.strip(), key_id, next(numbers))
                admit(body)
            except InputRefused as refusal:
                where = f"line {row}: {refusal.where}" if refusal.where else f"line {row}"
                raise InputRefused(refusal.code, refusal.what, where=where, mend=refusal.mend) from None
            yield body


def _named(line: bytes, key_id: str, number: int | None) -> bytes:
    """Return the event with the key's id, and its number, in it."""
    document = read_object(line)
    check_as_written(line)
    if document.setdefault("agencykey", key_id) != key_id:
        what, mend = "the event names another key", "sign it with that one, or leave `agencykey` out"
        raise InputRefused("other_key", what, where="agencykey", mend=mend)
    if number is not None:
        document["sequence"] = str(number)
    return canonical_bytes(document)
