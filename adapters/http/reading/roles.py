"""Who reads, and what they may: by bearer token, or the role that a server gives whoever comes without one.

    Authorization: Bearer kbWvQ2…

| | rules, agreements, tree, released figures | exact figures, live | about persons | events as received |
|---|---|---|---|---|
| public | yes | | | |
| publisher | yes | of its own facilities | of its own facilities | |
| oversight | yes | yes | yes | |
| auditor | yes | yes | yes | yes |
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from adapters.access import digest_of
from adapters.places.register import Register
from adapters.store.ledger import Ledger
from domain.errors import InputRefused
from domain.events.record import Role
from projections.access import GRANT_TYPES, PREFIX, Grants

SCHEME = "bearer "


class Need(StrEnum):
    """What an answer tells, from least to most."""

    NOTHING = "nothing of persons"
    FIGURES = "exact figures"
    PERSONS = "persons"
    LOG = "the events themselves"


MAY: dict[Need, frozenset[Role]] = {
    Need.NOTHING: frozenset(Role),
    Need.FIGURES: frozenset((Role.PUBLISHER, Role.OVERSIGHT, Role.AUDITOR)),
    Need.PERSONS: frozenset((Role.PUBLISHER, Role.OVERSIGHT, Role.AUDITOR)),
    Need.LOG: frozenset((Role.AUDITOR,)),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks. `facilities` are those that may be asked about, None if any; `grant` is what is recorded under."""

    grant: str
    name: str
    role: Role
    purpose: str
    facilities: Collection[str] | None = None

    def ensure_may(self, need: Need) -> None:
        """Raise InputRefused (token_needed, role_not_allowed)."""
        if self.role in MAY[need]:
            return
        allowed = ", ".join(sorted(MAY[need]))
        if self.role is Role.PUBLIC:
            mend = f"send `Authorization: Bearer TOKEN` of a grant as {allowed}; whoever runs the ledger grants it"
            raise InputRefused("token_needed", f"the public is not told {need}", where="Authorization", mend=mend)
        what, mend = f"a reader as {self.role} is not told {need}", f"ask for a grant as {allowed}"
        raise InputRefused("role_not_allowed", what, where="Authorization", mend=mend)

    def ensure_within(self, facilities: Collection[str | None]) -> None:
        """Raise InputRefused(facility_not_the_readers) if the answer tells of none of the reader's facilities."""
        if self.facilities is None or any(one in self.facilities for one in facilities):
            return
        mend = f"ask with `facility`, of one of: {', '.join(sorted(self.facilities))}"
        what = f"{self.name} is told of its own facilities alone"
        raise InputRefused("facility_not_the_readers", what, where="facility", mend=mend)


class Readers:
    """Who has which token, as known now: a grant that was revoked opens nothing from then on."""

    def __init__(self, ledger: Ledger, register: Register, open_as: Role) -> None:
        self._ledger, self._register = ledger, register
        self._without_token = Reader(f"{PREFIX}open-{open_as}", "anybody", open_as, "the server is open to anybody")
        self._grants = Grants()
        self._upto = 0
        self._lock = Lock()

    def reader(self, authorization: str | None) -> Reader:
        """Return who sends this header; raise InputRefused(unknown_token)."""
        if authorization is None:
            return self._without_token
        is_bearer = authorization[: len(SCHEME)].lower() == SCHEME
        token = authorization[len(SCHEME) :].strip()
        grant = self._known().of_token(digest_of(token)) if is_bearer and token else None
        if grant is None:
            what, mend = (
                "this token opens nothing",
                "send the token that `custody access grant` showed; ask for a new one",
            )
            raise InputRefused("unknown_token", what, where="Authorization", mend=mend)
        own = None
        if grant.role is Role.PUBLISHER:
            own = frozenset(one.id for one in self._register.facilities if one.agency == grant.reader)
        return Reader(grant.id, grant.reader, grant.role, grant.purpose, own)

    def _known(self) -> Grants:
        with self._lock:
            upto = self._ledger.position()
            if upto > self._upto:
                for event in self._ledger.recorded(after=self._upto, upto=upto, topics=GRANT_TYPES):
                    self._grants.apply(event)
                self._upto = upto
            return self._grants
