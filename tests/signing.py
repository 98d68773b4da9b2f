"""Agencies for tests: each has a key, signs what it says, and counts its events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.agencies import enrol
from adapters.intake.checking import SerialChecker
from adapters.intake.door import Door
from adapters.intake.offered import Offered
from adapters.places.register import minnesota_register
from adapters.store.ledger import Ledger, system_clock
from adapters.trust.keys import SigningKey, described
from domain.canonical import canonical_bytes
from domain.events.agency import Algorithm
from projections.agency_keys import Key
from tests.builders import JAIL, SHERIFF, booked

TYPES = ("custody.*", "record.event_corrected")


def new_key(algorithm: Algorithm = Algorithm.ED25519) -> SigningKey:
    """Return a fresh key, in no file."""
    ours = algorithm is Algorithm.ED25519
    private = Ed25519PrivateKey.generate() if ours else ec.generate_private_key(ec.SECP256R1())
    return SigningKey(private, described(private.public_key()))


@cache
def door_checker() -> SerialChecker:
    """Return a checker over the shipped register."""
    return SerialChecker(minnesota_register())


@dataclass
class Agency:
    """A publisher. `source` is what its key is enrolled to speak as."""

    source: str = f"agency:{SHERIFF}"
    key: SigningKey = field(default_factory=new_key)
    sent: int = 0

    def enrolled(self, ledger: Ledger, *, facilities: tuple[str, ...] = (JAIL,), types: tuple[str, ...] = TYPES) -> Key:
        """Enrol its key."""
        return enrol(ledger, self.source, self.key.public, facilities, types, system_clock())

    def says(self, body: bytes, **changed: Any) -> Offered:
        """Return an event of this agency's, numbered and signed; `changed` replaces attributes of the envelope."""
        event = self._named(body, **changed)
        return Offered(event, self.key.sign(event), "test", self.sent)

    def says_together(self, bodies: list[bytes]) -> list[Offered]:
        """Return events of this agency's, numbered and signed as many at once as one signature covers."""
        events = [self._named(body) for body in bodies]
        signed = zip(events, self.key.sign_all(events), strict=True)
        return [Offered(event, signature, "test", row) for row, (event, signature) in enumerate(signed, 1)]

    def _named(self, body: bytes, **changed: Any) -> bytes:
        self.sent += 1
        named = {"source": self.source, "agencykey": self.key.public.key_id, "sequence": str(self.sent)}
        document = {**orjson.loads(body), **named, **changed}
        return canonical_bytes({name: value for name, value in document.items() if value is not None})

    def books(self, number: int, **changed: Any) -> Offered:
        """Return the booking of a person of that number."""
        return self.says(booked(number), **changed)


def door_to(ledger: Ledger, now: datetime | None = None) -> Door:
    """Return the way in to a ledger, by the system's clock if no time is given."""
    return Door(ledger, door_checker(), (lambda: now) if now else system_clock)
