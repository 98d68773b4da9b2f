"""Acting on an agency's keys: its stream is an aggregate, so two who act on the same state cannot both succeed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from eventsourcing.persistence import IntegrityError

from adapters.store.ledger import Ledger
from adapters.store.mapper import Fact
from adapters.trust.keys import has_signed
from adapters.trust.signed import Signed
from domain.envelope import Submission, admit
from domain.errors import InputRefused
from domain.events.agency import AgencyKeyRotated, PublicKey
from domain.instants import microseconds
from projections.agency_keys import AgencyKeys, Command, Key, unsigned_allowed_event


def keys_known(ledger: Ledger, upto: int | None = None) -> AgencyKeys:
    """Return the keys of every agency as known at a position."""
    return AgencyKeys(ledger.recorded(upto=upto, topics=AgencyKeys.TYPES))


def act(ledger: Ledger, agency: str, now: datetime, decide: Callable[[Command], Submission]) -> AgencyKeys:
    """Append what a command decides on what is known now; return the keys known then.

    Raise InputRefused: what `decide` raises; agency_moved if somebody else acted on the agency meanwhile.
    """
    stream = f"agency/{agency}"
    version = len(list(ledger.events.get(stream))) + 1
    decided = decide(Command(agency, keys_known(ledger), now))
    try:
        ledger.save(Fact(stream, version, decided), now_us=microseconds(now))  # type: ignore[arg-type] # see `Fact`
    except IntegrityError:
        raise InputRefused(
            "agency_moved",
            "somebody else acted on the agency's keys meanwhile",
            where=agency,
            mend="look with `custody agency list`, and repeat the command if it still is what you mean",
        ) from None
    return keys_known(ledger)


def enrol(
    ledger: Ledger,
    speaks_as: str,
    key: PublicKey,
    facilities: tuple[str, ...],
    types: tuple[str, ...],
    now: datetime,
) -> Key:
    """Enrol a key of a source, `agency:ID` or `synthetic:ID`; raise InputRefused as the command does."""
    agency = speaks_as.partition(":")[2]
    keys = act(ledger, agency, now, lambda command: admit(command.enrol(speaks_as, key, facilities, types)))
    return _own(keys, agency, key.key_id)


def rotate(ledger: Ledger, agency: str, replaces: str, key: PublicKey, now: datetime) -> Key:
    """Let a new key join an earlier one, on the operator's word."""
    keys = act(ledger, agency, now, lambda command: admit(command.rotate(replaces, key)))
    return _own(keys, agency, key.key_id)


def take_rotation(ledger: Ledger, agency: str, signed: Signed, now: datetime) -> Key:
    """Let a new key join an earlier one, which signed this; raise InputRefused(bad_signature, not_a_rotation) too."""
    submission = admit(signed.body, signed.signature)
    data = submission.envelope.data
    if not isinstance(data, AgencyKeyRotated) or submission.stream != f"agency/{agency}":
        what = f"this is not a rotation of a key of {agency}"
        raise InputRefused("not_a_rotation", what, mend="the agency makes one with `custody agency sign-rotation`")

    def decide(command: Command) -> Submission:
        old = command.take_rotation(data, submission.source)
        if submission.agencykey != data.replaces or not has_signed(old.public, signed.body, signed.signature):
            what, mend = "the rotation is not signed by the key that it replaces", "sign it with the old key"
            raise InputRefused("bad_signature", what, where="signature", mend=mend)
        return submission

    return _own(act(ledger, agency, now, decide), agency, data.key.key_id)


def revoke(ledger: Ledger, agency: str, key_id: str, reason: str, now: datetime) -> Key:
    """Let a key speak no longer from here on; return it."""
    keys = act(ledger, agency, now, lambda command: admit(command.revoke(key_id, reason)))
    return _own(keys, agency, key_id)


def _own(keys: AgencyKeys, agency: str, key_id: str) -> Key:
    """Return the key as it counts; the same key enrolled for another agency a moment earlier comes first."""
    found = keys.get(key_id)
    if found is None or found.agency != agency:
        what, mend = "the key was enrolled for another agency meanwhile", "make a new key; each agency has its own"
        raise InputRefused("key_enrolled", what, where=key_id, mend=mend)
    return found


def allow_unsigned(ledger: Ledger, now: datetime) -> None:
    """Let an empty ledger take unsigned events from the network too; one that does already stays as it is.

    Raise InputRefused(ledger_begun) for any other: how a ledger was made is not changed later.
    """
    if keys_known(ledger).unsigned_allowed:
        return
    if ledger.position() == 0:
        event = admit(unsigned_allowed_event(now))
        ledger.append([event], now=now)
    if not keys_known(ledger).unsigned_allowed:
        raise InputRefused(
            "ledger_begun",
            "the ledger has events already, and was made to take signed ones",
            where="--allow-unsigned",
            mend="make another ledger with it, and import what is wanted from `custody log`",
        )
