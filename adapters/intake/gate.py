"""The gate as the store sees it: bytes in, a submission ready to be stored out, or a refusal."""

from __future__ import annotations

from adapters.places.register import Register, unknown_facility
from domain.envelope import Submission, admit
from domain.errors import InputRefused
from domain.events.record import FiguresReleased
from projections.access import ACCESS_TYPES
from projections.agency_keys import AgencyKeys

FACILITY = "facility/"
BY_COMMAND = frozenset((*AgencyKeys.TYPES, *ACCESS_TYPES, FiguresReleased.TYPE))


class Gate:
    """Canonical form, catalogue and schema, then the register: only known places, no keys, no readers."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._known = frozenset(f"{FACILITY}{facility}" for facility in register.by_id)

    def pass_through(self, body: bytes, signature: bytes | None = None) -> Submission:
        """Return the submission; raise InputRefused with a stable code."""
        submission = admit(body, signature)
        if submission.type in BY_COMMAND:
            raise InputRefused(
                "by_command_only",
                f"{submission.type} is written by the ledger itself alone",
                where="type",
                mend="use `custody agency`, `custody access` or `custody counts release`, where the ledger is kept",
            )
        for ref in submission.refs:
            if ref.startswith(FACILITY) and ref not in self._known:
                raise unknown_facility(ref.removeprefix(FACILITY), self._register.by_id)
        return submission
