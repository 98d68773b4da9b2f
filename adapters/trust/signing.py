"""Signing a file of events: each names the key, is written in canonical bytes, and signed as it then is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count, repeat

import orjson

from adapters.trust.keys import SigningKey
from adapters.trust.signed import Signed, wrapped
from domain.canonical import canonical_bytes
from domain.envelope import admit
from domain.errors import InputRefused


def signed_lines(lines: Iterable[bytes], key: SigningKey, sequence: int | None) -> Iterator[bytes]:
    """Yield a DSSE envelope for each event, numbered from `sequence` on if it is given; blank lines are passed over.

    Raise InputRefused with the line in `where`: other_key if an event names another key, and the codes of the gate.
    """
    numbers: Iterator[int | None] = repeat(None) if sequence is None else count(sequence)
    for row, line in enumerate(lines, 1):
        if line.strip():
            try:
                body = _named(line.strip(), key.public.key_id, next(numbers))
                admit(body)
            except InputRefused as refusal:
                where = f"line {row}: {refusal.where}" if refusal.where else f"line {row}"
                raise InputRefused(refusal.code, refusal.what, where=where, mend=refusal.mend) from None
            yield wrapped(Signed(body, key.sign(body), key.public.key_id))


def _named(line: bytes, key_id: str, number: int | None) -> bytes:
    """Return the event with the key's id, and its number, in it."""
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputRefused("not_json", f"the bytes are not JSON: {error}") from None
    if not isinstance(document, dict):
        raise InputRefused("not_an_object", "an event is one JSON object")
    if document.setdefault("agencykey", key_id) != key_id:
        what, mend = "the event names another key", "sign it with that one, or leave `agencykey` out"
        raise InputRefused("other_key", what, where="agencykey", mend=mend)
    if number is not None:
        document["sequence"] = str(number)
    return canonical_bytes(document)
