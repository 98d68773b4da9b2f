"""Reports that came late: how long after it happened a source recorded it, and how long after the ledger had it.

    happened 2026-01-12 (a day)   recorded by its source 2026-01-14T09:00   in the ledger 2026-01-20T10:00
    the source: at least 33 h     the ledger: at least 178 h

Two different delays: an archive brought in years later is late in the ledger and may have been recorded at once. What
has a precision is late only if it surely is: from the last moment it can have happened to the first at which it can
have been recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.instants import Instant, Precision
from projections.recorded import Recorded

ONE_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Delay:
    """How late something was recorded: surely at least `least`; `is_exact` says that it is no more."""

    least: timedelta
    is_exact: bool

    @property
    def minutes(self) -> int:
        """Return the whole minutes."""
        return self.least // ONE_MINUTE


@dataclass(frozen=True, slots=True)
class LateReport:
    """An event that was recorded late, by its source's word, or by when the ledger had it, or both."""

    event: Recorded
    by_source: Delay | None
    in_ledger: Delay | None


@dataclass(slots=True)
class Tally:
    """How many reports of an agency there are, and of these how many surely came late, and how many may have."""

    reports: int = 0
    late_by_source: int = 0
    late_in_ledger: int = 0
    maybe_by_source: int = 0
    maybe_in_ledger: int = 0
    source_silent: int = 0


@dataclass(slots=True)
class Lateness:
    """The fold: which of the events it is given came later than `over` after what they tell of."""

    over: timedelta
    tallies: dict[str, Tally] = field(default_factory=dict)

    def late(self, event: Recorded) -> Iterator[LateReport]:
        """Count an event, as amended, and yield it if it is late."""
        tally = self.tallies.setdefault(event.agency, Tally())
        told, recorded = event.envelope.recorded, Instant.exact(event.recorded_at)
        by_source, in_ledger = (self._delay(event.occurred, known) for known in (told, recorded))
        tally.reports += 1
        tally.late_by_source += by_source is not None
        tally.late_in_ledger += in_ledger is not None
        tally.source_silent += told.precision is Precision.UNKNOWN
        tally.maybe_by_source += by_source is None and self._may_be(event.occurred, told)
        tally.maybe_in_ledger += in_ledger is None and self._may_be(event.occurred, recorded)
        if by_source or in_ledger:
            yield LateReport(event, by_source, in_ledger)

    def _delay(self, happened: Instant, known: Instant) -> Delay | None:
        least = _between(happened.latest, known.earliest)
        if least is None or least <= self.over:
            return None
        return Delay(least, is_exact=happened.precision is known.precision is Precision.EXACT)

    def _may_be(self, happened: Instant, known: Instant) -> bool:
        """Say whether precision alone leaves it open; where a source is silent, nothing is said of it."""
        if known.precision is Precision.UNKNOWN:
            return False
        most = _between(happened.earliest, known.latest)
        return most is None or most > self.over


def _between(happened: datetime | None, known: datetime | None) -> timedelta | None:
    return None if happened is None or known is None else known - happened
