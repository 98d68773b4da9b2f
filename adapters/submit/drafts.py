"""A line that an agency writes, made an event: what it leaves out and we can know is filled in.

    {"type":"custody.subject_booked","subject":"episode/mn-cass-jail.2026-17","time":"2026-01-16T17:00:00-06:00",
     "data":{"facility":"mn-cass-jail","subject":"s-81c2"}}

becomes canonical bytes with `specversion`, `dataschema`, `source`, an `id`, and with a key also `agencykey` and
`sequence`. What the line does say stays as it says. An event that names its key already is taken byte for byte, and so
is a signed envelope.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from adapters.trust.keys import SigningKey
from adapters.trust.signed import Signed, unwrapped, wrapped
from domain.canonical import canonical_bytes, check_as_written, read_object
from domain.envelope import admit, schema_name
from domain.errors import InputRefused
from domain.events.catalogue import event_class
from domain.identifiers import derived_uuid7
from domain.instants import parse_rfc3339


class Publisher(NamedTuple):
    """Who publishes: the source that a line may leave out, and the key that signs, if any."""

    source: str | None
    key: SigningKey | None


class Draft(NamedTuple):
    """A line that will do. `document` is None where the line is an event, or a signed envelope, to be sent as it is."""

    line: bytes
    document: dict[str, Any] | None = None
    is_signed: bool = False


def draft_of(line: bytes, publisher: Publisher, occurrence: int) -> Draft:
    """Read a line, and try it as the ledger will; raise InputRefused as the gate does.

    `occurrence` tells lines apart that are the same to the letter: the first is 1.
    """
    document = read_object(line)
    if "payloadType" in document:
        admit(unwrapped(line).body)
        return Draft(line, is_signed=True)
    if "agencykey" in document:
        admit(line)
        return Draft(line)
    check_as_written(line)
    filled = _filled(document, publisher, line, occurrence)
    admit(canonical_bytes(_numbered(filled, publisher, 1)))
    json.loads(line, object_pairs_hook=_without_repeats)
    return Draft(line, filled)


def sendable(drafts: Sequence[Draft], publisher: Publisher, next_sequence: Callable[[], int]) -> list[bytes]:
    """Return what is sent for each draft, on one line: a signed envelope, or without a key the event alone.

    Several events share a signature. What we fill in takes the key's next number.
    """
    key = publisher.key
    if key is None:
        return [_body(draft, publisher, 0) for draft in drafts]
    unsigned = [draft for draft in drafts if not draft.is_signed]
    bodies = [_body(draft, publisher, next_sequence() if draft.document else 0) for draft in unsigned]
    signed = zip(bodies, key.sign_all(bodies), strict=True)
    envelopes = (wrapped(Signed(body, signature, key.public.key_id)) for body, signature in signed)
    return [draft.line if draft.is_signed else next(envelopes) for draft in drafts]


def _body(draft: Draft, publisher: Publisher, sequence: int) -> bytes:
    return draft.line if draft.document is None else canonical_bytes(_numbered(draft.document, publisher, sequence))


def _without_repeats(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        what, mend = f"the key {repeated[:40]!r} is there twice", "leave one: which is meant cannot be guessed"
        raise InputRefused("not_canonical", what, where=repeated[:40], mend=mend)


def _filled(document: dict[str, Any], publisher: Publisher, line: bytes, occurrence: int) -> dict[str, Any]:
    event = event_class(document.get("type"))
    source = document.get("source", publisher.source)
    if not isinstance(source, str):
        mend = "write `source` in the line, or give --source"
        raise InputRefused("schema", "nothing says who publishes this", where="source", mend=mend)
    derived = derived_uuid7(_moment(document.get("time")), source, line.decode(), str(occurrence))
    return {"specversion": "1.0", "dataschema": schema_name(event), "source": source, "id": derived, **document}


def _moment(time: object) -> datetime | None:
    try:
        return parse_rfc3339(time) if isinstance(time, str) else None
    except ValueError:  # what is wrong with it, the gate says
        return None


def _numbered(document: dict[str, Any], publisher: Publisher, sequence: int) -> dict[str, Any]:
    if publisher.key is None:
        return document
    return {**document, "agencykey": publisher.key.public.key_id, "sequence": str(sequence)}
