"""Times in which a rule has no force though its own dates cover them: a court stopped it, or it was ended.

A pack may carry suspensions (`suspensions`), and the log may tell of more (`rule.suspended_by_court`,
`rule.terminated`); both arrive here as stops, which `decide` shows as conditions of the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.rules.pack import Period


class StopKind(StrEnum):
    """Why the rule had no force."""

    SUSPENDED = "suspended"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Stop:
    """One such time; `by` says who and where; `position` is that of the event, None if the pack tells of it."""

    kind: StopKind
    period: Period
    by: str
    position: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form: what goes into the digest of the facts."""
        start, end = self.period.start, self.period.end
        return {
            "kind": self.kind.value,
            "from": start.as_json() if start else "unknown",
            "to": end.as_json() if end else "open",
            "by": self.by,
        }


Stops = Mapping[str, tuple[Stop, ...]]
NO_STOPS: Stops = {}
