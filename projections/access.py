"""Who may read, as known at a position: the grants, folded from their streams; the commands; and what was read.

    record/access-3f9ac01b77d2  1  record.access_granted    {"reader":"mn-house-research","role":"oversight",
                                                             "purpose":"...","target":"ledger","token":"9f86d0..."}
                                   record.access_disclosed  {"reader":"mn-house-research","role":"oversight",
                                                             "purpose":"...","target":"state","question":"/v1/..."}
                                2  record.access_revoked    {"reason":"ended"}

A grant is drawn as

    {"grant":"access-3f9ac01b77d2","reader":"mn-house-research","role":"oversight","purpose":"...","state":"active",
     "since":12,"revoked":null}

`since` and `revoked` are positions. The log holds the SHA-256 of a token and never the token. These events are the
ledger's own: no way in takes them, and corrections do not reach them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hmac import compare_digest
from typing import Any

from domain.envelope import compose
from domain.errors import InputRefused
from domain.events.fields import EventData
from domain.events.record import AccessDisclosed, AccessGranted, AccessRevoked, Role
from domain.identifiers import derived_uuid7
from domain.instants import Instant
from projections.agency_keys import OPERATOR
from projections.recorded import Recorded

GRANT_TYPES = (AccessGranted.TYPE, AccessRevoked.TYPE)
ACCESS_TYPES = (*GRANT_TYPES, AccessDisclosed.TYPE)
EVERYTHING = "ledger"  # a role, not a grant, says what is not to be read
PREFIX = "access-"
GRANT_HEX = 12


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to read, from one position to another; `token` is SHA-256 of the token, in hex."""

    id: str
    reader: str
    role: Role
    purpose: str
    token: str
    since: int
    revoked: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form, without anything of the token."""
        return {
            "grant": self.id,
            "reader": self.reader,
            "role": self.role.value,
            "purpose": self.purpose,
            "state": "revoked" if self.revoked else "active",
            "since": self.since,
            "revoked": self.revoked,
        }


class Grants:
    """The fold over `GRANT_TYPES`, as they stand in the log."""

    def __init__(self, events: Iterable[Recorded] = ()) -> None:
        self._grants: dict[str, Grant] = {}
        for event in events:
            self.apply(event)

    def __iter__(self) -> Iterator[Grant]:
        """Yield every grant in the order of the log."""
        return iter(self._grants.values())

    def apply(self, event: Recorded) -> None:
        """Fold one event."""
        data, grant_id = event.envelope.data, event.stream_id
        if isinstance(data, AccessGranted) and data.role and data.token and grant_id not in self._grants:
            self._grants[grant_id] = Grant(
                grant_id, data.reader, data.role, data.purpose, data.token, since=event.position
            )
        elif isinstance(data, AccessRevoked) and grant_id in self._grants and not self._grants[grant_id].revoked:
            self._grants[grant_id] = replace(self._grants[grant_id], revoked=event.position)

    def get(self, grant_id: str) -> Grant:
        """Return a grant, also a revoked one; raise InputRefused(unknown_grant)."""
        if grant_id not in self._grants:
            what = f"there is no grant {grant_id[:80]!r}"
            raise InputRefused("unknown_grant", what, mend="`custody access list` shows every grant")
        return self._grants[grant_id]

    def of_token(self, digest: str) -> Grant | None:
        """Return the grant of a token that is good now, None if there is none; every digest is compared in full."""
        found = [grant for grant in self if compare_digest(grant.token, digest)]
        return next((grant for grant in found if not grant.revoked), None)


def granting(reader: str, role: Role, purpose: str, token: str, now: datetime) -> tuple[str, bytes]:
    """Return a new grant's id, and its event; `token` is the SHA-256 of one, in hex."""
    grant_id = f"{PREFIX}{token[:GRANT_HEX]}"
    data = {"reader": reader, "purpose": purpose, "target": EVERYTHING, "role": role.value, "token": token}
    return grant_id, _event(AccessGranted, grant_id, now, data)


def revoking(grants: Grants, grant_id: str, reason: str, now: datetime) -> bytes:
    """Return the event that ends a grant; raise InputRefused(unknown_grant, grant_revoked)."""
    grant = grants.get(grant_id)
    if grant.revoked:
        what = f"the grant was revoked at position {grant.revoked}"
        raise InputRefused("grant_revoked", what, where=grant_id, mend="there is nothing to do")
    return _event(AccessRevoked, grant_id, now, {"reason": reason})


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What is about to be shown: under which grant, to whom, in which role and for what, in answer to what."""

    grant: str
    reader: str
    role: Role
    purpose: str
    target: str
    question: str

    def event(self, now: datetime, number: str) -> bytes:
        """Return the event; `number` tells it from others of the same moment."""
        data = {
            "reader": self.reader,
            "purpose": self.purpose,
            "target": self.target,
            "role": self.role.value,
            "question": self.question,
        }
        return _event(AccessDisclosed, self.grant, now, data, number)


def _event(cls: type[EventData], stream: str, now: datetime, data: dict[str, Any], number: str = "") -> bytes:
    event_id = derived_uuid7(now, cls.TYPE, stream, str(data), number)
    return compose(cls, event_id=event_id, source=OPERATOR, stream=stream, occurred=Instant.exact(now), data=data)
