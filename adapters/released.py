"""Figures for the public: released once for each quarter that is over, and never again, so that no two can be compared.

    {"quarter":"2026-Q1","position":1450,"released_at":"2026-04-02T09:00:00-05:00","digest":"9f86d0…","threshold":11,
     "tables":[{"count":"N0","label":"detainers prepared","counted":"…","left_out":"…","whose_word":"…",
                "rows":["Anoka",…,"all"],"columns":["county_jail",…,"all"],"values":[[null,0,43],…]}]}

What is counted is by county and kind of custodian, as known just before the release, at `position`; null is suppressed
(`projections/suppression.py`). A count of different people counts each once, where it comes first. Quarters do not
overlap, and neither count is within the other: no difference of two tables is a small count.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from eventsourcing.persistence import IntegrityError

from adapters.questions.asked import Asked
from adapters.questions.counted import Counting, tally
from adapters.questions.knowledge import moment_of
from adapters.store.ledger import Ledger
from adapters.store.mapper import Fact
from domain.canonical import canonical_bytes
from domain.counts.counting import Definition
from domain.counts.fields import NOT_PLACED
from domain.envelope import admit, compose
from domain.errors import InputRefused
from domain.events.record import QUARTER, FiguresReleased
from domain.identifiers import derived_uuid7
from domain.instants import Instant, format_rfc3339, local, microseconds
from projections.agency_keys import OPERATOR
from projections.suppression import THRESHOLD, published
from projections.tally import Tally

COUNTS = ("N0", "N8")
MONTHS = 3


def release(asked: Asked, ledger: Ledger, quarter: str, now: datetime) -> dict[str, Any]:
    """Release a quarter's figures into a ledger open to write, and return them.

    Raise InputRefused: bad_quarter, quarter_not_over, figures_released.
    """
    _, last = _bounds(quarter)
    if now <= last:
        mend = f"release it after {last:%Y-%m-%d}"
        raise InputRefused("quarter_not_over", f"{quarter} is not over", where=quarter, mend=mend)
    upto = ledger.position()
    data = {"quarter": quarter, "digest": _digest(_tables(asked, quarter, upto))}
    stream, occurred = f"figures-{quarter}", Instant.exact(now)
    event_id = derived_uuid7(now, FiguresReleased.TYPE, stream, str(data))
    body = compose(FiguresReleased, event_id=event_id, source=OPERATOR, stream=stream, occurred=occurred, data=data)
    fact = Fact(f"record/{stream}", 1, admit(body))
    try:
        ledger.save(fact, now_us=microseconds(now))  # type: ignore[arg-type] # see `Fact`
    except IntegrityError:
        what, mend = f"the figures of {quarter} are released", "they stay as they are; later knowledge changes none"
        raise InputRefused("figures_released", what, where=quarter, mend=mend) from None
    return figures(asked, quarter, ledger.position())


def releases(ledger: Ledger, upto: int) -> list[dict[str, Any]]:
    """Return the quarters whose figures were released by a position, in order."""
    return [
        {
            "quarter": event.stream_id.removeprefix("figures-"),
            "position": event.position - 1,
            "released_at": format_rfc3339(local(event.recorded_at)),
            "digest": getattr(event.data, "digest", ""),
        }
        for event in ledger.recorded(upto=upto, topics=(FiguresReleased.TYPE,))
    ]


def figures(asked: Asked, quarter: str, upto: int) -> dict[str, Any]:
    """Return a quarter's figures as they were released by a position; raise InputRefused(not_released)."""
    found = next((one for one in releases(asked.ledger, upto) if one["quarter"] == quarter), None)
    if found is None:
        what = f"no figures of {quarter[:20]!r} are released"
        raise InputRefused("not_released", what, mend="`custody counts released` lists the quarters that are")
    return {**found, "threshold": THRESHOLD, "tables": _tables(asked, quarter, found["position"])}


def _tables(asked: Asked, quarter: str, upto: int) -> list[dict[str, Any]]:
    first, last = _bounds(quarter)
    tallied = tally(asked, Counting(upto, last, first, last))
    return [_table(asked, tallied, tallied.definitions.get(count)) for count in COUNTS]


def _table(asked: Asked, tallied: Tally, count: Definition) -> dict[str, Any]:
    """Return one table."""
    facilities = asked.services.register.facilities
    counties = [*sorted({one.county for one in facilities if one.county}), NOT_PLACED]
    kinds = [*sorted({one.kind for one in facilities}), NOT_PLACED]
    counts = Counter((row["county"] or NOT_PLACED, row["custodian_kind"] or NOT_PLACED) for row in tallied.once(count))
    shown = published(counts, counties, kinds)
    said = {name: getattr(count, name) for name in ("label", "counted", "left_out", "whose_word")}
    return {"count": count.id, **said, **shown._asdict()}


def _digest(tables: list[dict[str, Any]]) -> str:
    """Return what the log holds of figures: null is no value of a canonical event, so it is written -1."""
    told = [[[-1 if value is None else value for value in line] for line in one["values"]] for one in tables]
    return hashlib.sha256(canonical_bytes(told)).hexdigest()


def _bounds(quarter: str) -> tuple[datetime, datetime]:
    """Return a quarter's first and last moment, in Minnesota; raise InputRefused(bad_quarter)."""
    if not re.fullmatch(QUARTER, quarter) or quarter < "1970":
        raise InputRefused("bad_quarter", f"{quarter[:20]!r} is no quarter", mend="write it as 2026-Q1")
    year, number = int(quarter[:4]), int(quarter[-1])
    first = date(year, MONTHS * (number - 1) + 1, 1)
    last = (date(year, MONTHS * number, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return moment_of(first.isoformat(), start=True), moment_of(last.isoformat())
