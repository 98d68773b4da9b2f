"""The gate as the store sees it: bytes in, a submission ready to be stored out, or a refusal."""

from __future__ import annotations

from adapters.places.register import Register, unknown_facility
from domain.envelope import Submission, admit
from domain.errors import InputRefused
from projections.agency_keys import AgencyKeys

FACILITY = "facility/"


class Gate:
    """Canonical form, catalogue and schema, then the register: only known places are spoken of, and no keys."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._known = frozenset(f"{FACILITY}{facility}" for facility in register.by_id)

    def pass_through(self, body: bytes, signature: bytes | None = None) -> Submission:
        """Return the submission; raise InputRefused with a stable code."""
        submission = admit(body, signature)
        if submission.type in AgencyKeys.TYPES:
            raise InputRefused(
                "by_command_only",
                f"{submission.type} is written by commands alone",
                where="type",
                mend="use `custody agency`; a ledger's keys are enrolled, replaced and revoked where it is kept",
            )
        for ref in submission.refs:
            if ref.startswith(FACILITY) and ref not in self._known:
                raise unknown_facility(ref.removeprefix(FACILITY), self._register.by_id)
        return submission
