"""Who may publish: the keys of an agency as a stream of the log, and whether this ledger takes unsigned events.

    agency/mn-cass-sheriff  1  agency.enrolled     {"speaks_as":"agency:mn-cass-sheriff","key":{"algorithm":"ed25519",
                                                    "key_id":"9f86d0...","spki":"MCowBQYDK2Vw..."},
                                                    "facilities":["mn-cass-jail"],"types":["custody.*"]}
                            2  agency.key_rotated  {"replaces":"9f86d0...","key":{...},"authorized_by":"old_key"}
                            3  agency.key_revoked  {"key_id":"9f86d0...","reason":"replaced"}
    ledger/custody          1  ledger.unsigned_allowed  {}   at position 1 or not at all

A key is good for the positions after it was enrolled, or named by a rotation, and before it was revoked; clocks play
no part in that. These events are written by commands alone and no way in takes them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from domain.events.fields import SLUG, Closed, Code, Digest, EventData

SOURCE = f"(agency|synthetic):{SLUG}"
ANY = "*"
ICE = "us-ice"  # begins the ids of its offices

Source = Annotated[str, StringConstraints(pattern=f"^{SOURCE}$")]
FacilityScope = Annotated[str, StringConstraints(pattern=rf"^(\*|{SLUG})$")]
TypeScope = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.([a-z_]+|\*)$")]
Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{40,200}={0,2}$")]


def is_ice(agency: str) -> bool:
    """Say whether an agency is ICE or one of its offices."""
    return agency.startswith(ICE)


class Algorithm(StrEnum):
    """How a key signs: Ed25519 (RFC 8032), or ECDSA on P-256 with SHA-256."""

    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-p256"


class PublicKey(Closed):
    """A key that others check by. `key_id` is SHA-256 over `spki`: the DER that openssl prints, here in base64."""

    algorithm: Algorithm
    key_id: Digest
    spki: Base64


class Authority(StrEnum):
    """Who says that a key is replaced: the key itself, by its signature, or whoever runs the ledger."""

    OLD_KEY = "old_key"
    OPERATOR = "operator"


class AgencyData(EventData):
    """Events about an agency's keys."""

    STREAM: ClassVar[str] = "agency"


class AgencyEnrolled(AgencyData):
    """A key may speak from here on: as one source, for some facilities (`*` any), in events of some types.

    A type is a name of the catalogue, or a family of it: `custody.*`.
    """

    TYPE: ClassVar[str] = "agency.enrolled"

    speaks_as: Source
    key: PublicKey
    facilities: Annotated[tuple[FacilityScope, ...], Field(min_length=1, max_length=500)]
    types: Annotated[tuple[TypeScope, ...], Field(min_length=1, max_length=100)]


class AgencyKeyRotated(AgencyData):
    """A new key may speak as an earlier one does; that one stays good until it is revoked."""

    TYPE: ClassVar[str] = "agency.key_rotated"

    replaces: Digest
    key: PublicKey
    authorized_by: Authority


class AgencyKeyRevoked(AgencyData):
    """A key may speak no longer; what it signed before this position stays valid."""

    TYPE: ClassVar[str] = "agency.key_revoked"

    key_id: Digest
    reason: Code


class UnsignedAllowed(EventData):
    """This ledger was made to take unsigned events from the network too; it counts at position 1 only."""

    TYPE: ClassVar[str] = "ledger.unsigned_allowed"
    STREAM: ClassVar[str] = "ledger"


EVENTS: tuple[type[EventData], ...] = (AgencyEnrolled, AgencyKeyRotated, AgencyKeyRevoked, UnsignedAllowed)
