"""Letting readers in and out: a grant is an aggregate, so two who act on the same state of it cannot both succeed."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import NamedTuple

from eventsourcing.persistence import IntegrityError

from adapters.store.ledger import Ledger
from adapters.store.mapper import Fact
from domain.envelope import admit
from domain.errors import InputRefused
from domain.events.record import AccessDisclosed, Role
from domain.instants import microseconds
from projections.access import GRANT_TYPES, Grant, Grants, granting, revoking
from projections.recorded import Recorded

TOKEN_BYTES = 32
GRANTED, REVOKED = 1, 2  # versions of a grant


class Granted(NamedTuple):
    """A new grant, and its token, which is kept nowhere."""

    grant: Grant
    token: str


def grants_known(ledger: Ledger, upto: int | None = None) -> Grants:
    """Return the grants known at a position."""
    return Grants(ledger.recorded(upto=upto, topics=GRANT_TYPES))


def grant(ledger: Ledger, reader: str, role: Role, purpose: str, now: datetime) -> Granted:
    """Let somebody read; raise InputRefused(schema) for a name or a purpose that cannot be recorded."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    grant_id, event = granting(reader, role, purpose, digest_of(token), now)
    _save(ledger, grant_id, GRANTED, event, now)
    return Granted(grants_known(ledger).get(grant_id), token)


def revoke(ledger: Ledger, grant_id: str, reason: str, now: datetime) -> Grant:
    """Let a token open nothing from here on; raise InputRefused (unknown_grant, grant_revoked, schema)."""
    event = revoking(grants_known(ledger), grant_id, reason, now)
    _save(ledger, grant_id, REVOKED, event, now)
    return grants_known(ledger).get(grant_id)


def disclosures(ledger: Ledger, upto: int, reader: str | None = None) -> list[Recorded]:
    """Return what was read by a position, by everybody or one reader, in order."""
    events = ledger.recorded(upto=upto, topics=(AccessDisclosed.TYPE,))
    return [event for event in events if reader in (None, getattr(event.data, "reader", None))]


def digest_of(token: str) -> str:
    """Return what the log holds of a token: it has 256 random bits, so nobody finds it by trying."""
    return hashlib.sha256(token.encode()).hexdigest()


def _save(ledger: Ledger, grant_id: str, version: int, event: bytes, now: datetime) -> None:
    fact = Fact(f"record/{grant_id}", version, admit(event))
    try:
        ledger.save(fact, now_us=microseconds(now))  # type: ignore[arg-type] # see `Fact`
    except IntegrityError:
        raise InputRefused(
            "grant_moved",
            "somebody else acted on the grant meanwhile",
            where=grant_id,
            mend="look with `custody access list`, and repeat the command if it still is what you mean",
        ) from None
