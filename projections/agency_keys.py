"""Who may publish, as known at a position: the keys of every agency, folded from their streams; and the commands.

    {"agency":"mn-cass-sheriff","speaks_as":"agency:mn-cass-sheriff","key_id":"9f86d0...","algorithm":"ed25519",
     "facilities":["mn-cass-jail"],"types":["custody.*"],"state":"active","since":1,"replaces":null,"revoked":null}

`since` and `revoked` are positions. Corrections do not reach these events: a key is enrolled, replaced or revoked, and
nothing else. Of two enrolments of one key the first counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.envelope import Submission, compose
from domain.errors import InputRefused
from domain.events.agency import (
    ANY,
    AgencyEnrolled,
    AgencyKeyRevoked,
    AgencyKeyRotated,
    Authority,
    PublicKey,
    UnsignedAllowed,
)
from domain.events.catalogue import CATALOGUE
from domain.events.episode import EpisodeData
from domain.events.fields import EventData
from domain.events.record import EventCorrected
from domain.identifiers import derived_uuid7
from domain.instants import Instant
from projections.recorded import Recorded

OPERATOR = "agency:ledger-operator"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an agency, and from which position to which it is good."""

    agency: str
    speaks_as: str
    public: PublicKey
    facilities: frozenset[str]
    types: tuple[str, ...]
    since: int
    replaces: str | None = None
    revoked: int | None = None

    def may_send(self, type_name: str) -> bool:
        """Say whether events of this type are the key's."""
        return type_name in self.types or f"{type_name.partition('.')[0]}.{ANY}" in self.types

    def speaks_for(self, facility: str | None) -> bool:
        """Say whether the key speaks for a facility; an event that names none is nobody else's."""
        return facility is None or facility in self.facilities or ANY in self.facilities

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "agency": self.agency,
            "speaks_as": self.speaks_as,
            "key_id": self.public.key_id,
            "algorithm": self.public.algorithm.value,
            "facilities": sorted(self.facilities),
            "types": list(self.types),
            "state": "revoked" if self.revoked else "active",
            "since": self.since,
            "replaces": self.replaces,
            "revoked": self.revoked,
        }


class AgencyKeys:
    """The fold over the types in `TYPES`, as they stand in the log."""

    TYPES = (AgencyEnrolled.TYPE, AgencyKeyRotated.TYPE, AgencyKeyRevoked.TYPE, UnsignedAllowed.TYPE)

    def __init__(self, events: Iterable[Recorded] = ()) -> None:
        self.unsigned_allowed = False
        self.public: dict[str, PublicKey] = {}
        self._keys: dict[str, Key] = {}
        self._spoken_for: set[str] = set()
        for event in events:
            self.apply(event)

    def __iter__(self) -> Iterator[Key]:
        """Yield every key in the order of the log."""
        return iter(self._keys.values())

    def get(self, key_id: str) -> Key | None:
        """Return the key of an id, revoked ones too."""
        return self._keys.get(key_id)

    def apply(self, event: Recorded) -> None:
        """Fold one event."""
        data, at = event.envelope.data, event.position
        if isinstance(data, UnsignedAllowed):
            self.unsigned_allowed = self.unsigned_allowed or at == 1
        elif isinstance(data, AgencyEnrolled):
            scope = (frozenset(data.facilities), data.types)
            self._add(Key(event.stream_id, data.speaks_as, data.key, *scope, since=at))
        elif isinstance(data, AgencyKeyRotated):
            old = self._keys.get(data.replaces)
            if old and old.agency == event.stream_id and not old.revoked:
                self._add(replace(old, public=data.key, since=at, replaces=data.replaces))
        elif isinstance(data, AgencyKeyRevoked):
            key = self._keys.get(data.key_id)
            if key and key.agency == event.stream_id and not key.revoked:
                self._keys[data.key_id] = replace(key, revoked=at)

    def _add(self, key: Key) -> None:
        key_id = key.public.key_id
        if key_id not in self._keys:
            self._keys[key_id] = key
            self.public[key_id] = key.public
            self._spoken_for |= key.facilities

    def judge(self, submission: Submission) -> None:
        """Say whether this may be recorded as the next event: the signature itself is checked already.

        Raise InputRefused: unsigned, unknown_key, key_revoked, source_not_the_keys, type_not_the_keys,
        facility_not_the_keys.
        """
        if submission.signature is None:
            self._judge_unsigned(submission)
            return
        key = self.active(submission.agencykey)
        if submission.source != key.speaks_as:
            raise InputRefused(
                "source_not_the_keys",
                f"the key speaks as {key.speaks_as}, the event as {submission.source}",
                where="source",
                mend="sign with a key of that source; made-up events need a key enrolled as synthetic:ID",
            )
        if not key.may_send(submission.type):
            raise InputRefused(
                "type_not_the_keys",
                f"the key may not send {submission.type}",
                where="type",
                mend=f"it may send {', '.join(key.types)}; ask whoever runs the ledger to enrol a key for more",
            )
        for facility in (*spoken_for(submission), self._of_episode(submission)):
            if not key.speaks_for(facility):
                raise InputRefused(
                    "facility_not_the_keys",
                    f"the key does not speak for {facility}",
                    where="data.facility",
                    mend="each facility's own agency publishes its events; ask to enrol a key for more facilities",
                )

    def active(self, key_id: str | None) -> Key:
        """Return a key that is good now; raise InputRefused (unknown_key, key_revoked)."""
        key = self._keys.get(key_id or "")
        if key is None:
            raise unknown_key(key_id)
        if key.revoked:
            raise InputRefused(
                "key_revoked",
                f"the key was revoked at position {key.revoked}",
                where="agencykey",
                mend="sign with a key that is active; `custody agency list` shows them",
            )
        return key

    def _of_episode(self, submission: Submission) -> str | None:
        """Return the facility whose episode an event is about, by its id, if some key speaks for that facility."""
        kind, _, episode = submission.stream.partition("/")
        facility = episode.partition(".")[0]
        return facility if kind == EpisodeData.STREAM and facility in self._spoken_for else None

    def _judge_unsigned(self, submission: Submission) -> None:
        has_keys = any(key.speaks_as == submission.source for key in self)
        if self.unsigned_allowed and submission.agencykey is None and not has_keys:
            return
        raise InputRefused(
            "unsigned",
            "the event comes without a signature",
            mend="sign it with an enrolled key; only a ledger made with `custody init --allow-unsigned` takes others, "
            "and only of sources that have no key",
        )


def unknown_key(key_id: str | None) -> InputRefused:
    """Say that the ledger knows no such key."""
    what = f"no key {key_id[:80]!r} is enrolled" if key_id else "the event is signed and names no key"
    mend = "name the key in `agencykey`, by the id that `custody agency list` shows"
    return InputRefused("unknown_key", what, where="agencykey", mend=mend)


def spoken_for(submission: Submission) -> Iterator[str | None]:
    """Yield the facilities an event speaks for: its own, and for a correction the one that it puts there."""
    yield submission.facility
    if submission.type == EventCorrected.TYPE:
        facility = (submission.envelope.data.replacement or {}).get("facility")
        yield facility if isinstance(facility, str) else None


def rotation(agency: str, speaks_as: str, replaces: str, key: PublicKey, authority: Authority, now: datetime) -> bytes:
    """Return the event by which a new key joins an earlier one: to be signed by that one, or the operator's word."""
    by_old = authority is Authority.OLD_KEY
    data = {"replaces": replaces, "key": key.model_dump(mode="json"), "authorized_by": authority.value}
    named = {"agencykey": replaces} if by_old else {}
    return _event(AgencyKeyRotated, agency, speaks_as if by_old else OPERATOR, now, data, **named)


@dataclass(frozen=True, slots=True)
class Command:
    """The operator acts on an agency's keys: `keys` are those known when its stream had `version` events."""

    agency: str
    keys: AgencyKeys
    now: datetime

    def enrol(self, speaks_as: str, key: PublicKey, facilities: Sequence[str], types: Sequence[str]) -> bytes:
        """Return the enrolment; raise InputRefused (bad_agency, key_enrolled, unknown_type)."""
        if self.agency == OPERATOR.partition(":")[2]:
            raise InputRefused("bad_agency", "this name is the ledger's own", mend="choose another id")
        self._check_new(key)
        families = {name.partition(".")[0] for name in CATALOGUE}
        for scope in types:
            family, _, name = scope.partition(".")
            if scope not in CATALOGUE and not (name == ANY and family in families):
                what = f"there is no event type {scope[:80]!r}"
                raise InputRefused("unknown_type", what, where="types", mend="`docs/events.md` lists every type")
        data = {
            "speaks_as": speaks_as,
            "key": key.model_dump(mode="json"),
            "facilities": list(facilities),
            "types": list(types),
        }
        return _event(AgencyEnrolled, self.agency, OPERATOR, self.now, data)

    def rotate(self, replaces: str, key: PublicKey) -> bytes:
        """Return a rotation on the operator's word; raise InputRefused (unknown_key, key_revoked, key_enrolled)."""
        old = self._own(replaces)
        self._check_new(key)
        return rotation(self.agency, old.speaks_as, replaces, key, Authority.OPERATOR, self.now)

    def take_rotation(self, rotated: AgencyKeyRotated, source: str) -> Key:
        """Check a rotation that the old key signed, and return that key; raise InputRefused as `rotate` does.

        Also source_not_the_keys, if it is signed for another source than the key's.
        """
        old = self._own(rotated.replaces)
        if rotated.authorized_by is not Authority.OLD_KEY or source != old.speaks_as:
            what = f"the rotation is not one by {old.speaks_as}'s own key"
            mend = "make it with `custody agency sign-rotation`"
            raise InputRefused("source_not_the_keys", what, where="source", mend=mend)
        self._check_new(rotated.key)
        return old

    def revoke(self, key_id: str, reason: str) -> bytes:
        """Return the revocation; raise InputRefused (unknown_key, key_revoked)."""
        self._own(key_id)
        return _event(AgencyKeyRevoked, self.agency, OPERATOR, self.now, {"key_id": key_id, "reason": reason})

    def _own(self, key_id: str) -> Key:
        key = self.keys.active(key_id)
        if key.agency != self.agency:
            raise unknown_key(key_id)
        return key

    def _check_new(self, key: PublicKey) -> None:
        known = self.keys.get(key.key_id)
        if known:
            raise InputRefused(
                "key_enrolled",
                f"the key is enrolled for {known.agency} since position {known.since}",
                where=key.key_id,
                mend="make a new one with `custody agency keygen`; a key is never enrolled twice",
            )


def unsigned_allowed_event(now: datetime) -> bytes:
    """Return the event that a ledger which takes unsigned events begins with."""
    return _event(UnsignedAllowed, "custody", OPERATOR, now, {})


def _event(cls: type[EventData], stream: str, source: str, now: datetime, data: dict[str, Any], **by: str) -> bytes:
    event_id = derived_uuid7(now, cls.TYPE, stream, source, str(data))
    return compose(
        cls,
        event_id=event_id,
        source=source,
        stream=stream,
        occurred=Instant.exact(now),
        data=data,
        recorded=None,
        **by,
    )
