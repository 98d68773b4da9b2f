"""One error shape for everything a user can meet: a stable code, what, where, how to mend it.

LedgerError
  InputRefused        a record or argument the ledger will not take          exit 3 (recorded) or 2 (usage)
  LedgerUnavailable   the file cannot be opened, read or written             exit 4
  TooBusy             more comes in than can be written; nothing is stored   exit 4
  IntegrityProblem    stored bytes contradict what is recorded about them    exit 1
"""

from __future__ import annotations


class LedgerError(Exception):
    """Base of every error the ledger raises on purpose.

    `code` is stable and lower_snake_case; programs may branch on it. `what` says what is wrong, `where`
    names the file, row, field or position, `mend` says what to do about it.
    """

    def __init__(self, code: str, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.where = where
        self.mend = mend

    def __reduce__(self) -> tuple[object, ...]:
        """Let an error travel between processes with everything it says."""
        return _rebuilt, (type(self), self.code, self.what, self.where, self.mend)

    def as_json(self) -> dict[str, str]:
        """Return the wire form: `{"code", "what", "where", "mend"}`."""
        return {"code": self.code, "what": self.what, "where": self.where, "mend": self.mend}

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        mend = f"\n  to mend it: {self.mend}" if self.mend else ""
        return f"{self.what}{where} [{self.code}]{mend}"


def _rebuilt(cls: type[LedgerError], code: str, what: str, where: str, mend: str) -> LedgerError:
    return cls(code, what, where=where, mend=mend)


class InputRefused(LedgerError):
    """The bytes, the row or the argument cannot be recorded as they are."""


class LedgerUnavailable(LedgerError):
    """The ledger file is missing, is something else, or the disk refuses it."""


class TooBusy(LedgerError):
    """More comes in than can be written just now: nothing of it is stored, and it is to be sent again."""


class IntegrityProblem(LedgerError):
    """What is stored no longer agrees with itself."""
