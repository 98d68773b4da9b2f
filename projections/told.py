"""What the read models tell of detainers and handoffs, as columns, every version: what counts are made from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from domain.events.detainer import lift_reason_words
from projections.columns import (
    LEAST,
    MOST,
    Columns,
    Source,
    Versions,
    Words,
    begins,
    ends,
    middle,
    moments,
    span,
    spans,
    words,
)
from projections.custody import STAYS
from projections.departures import DEPARTURES
from projections.detainers import DETAINERS
from projections.folding.table import Values
from projections.handoffs import CONFIRMED, HANDOFFS, NOTICES, STATUS, status_of

LIFTED = "lifted"
ACTIVE = "active"  # a detainer that nobody has ended by a moment, whatever is said of it later


def _words_of(printed: str | None) -> str | None:
    return lift_reason_words(printed) if printed else None


def _reasons(name: str, printed: Iterable[str | None], known: Words) -> Columns:
    return words(name, map(_words_of, printed), known)


def _ends(name: str, values: Iterable[str | None], known: Words) -> Columns:
    """Read the ends of those detainers that have several, as they stand; `ended_by` reads which counts by a moment."""
    stored = list(values)
    for text in stored:
        known.add(word for one in orjson.loads(text or "[]") for word in (one["status"], _words_of(one["lift_reason"])))
    return words(name, stored, known)


def ended_by(stored: str, moment: int) -> tuple[str, str | None] | None:
    """Return status and lift reason by a moment, of a detainer that has several ends; None if it cannot have ended.

    The first that surely was counts, and the last lift explains it, as `projections.detainers` has it of all.
    """
    ends = [(span(one["at"]), one) for one in orjson.loads(stored)]
    told = [(last, one["event"], one) for (first, last), one in ends if first <= moment]
    if not told:
        return None
    *_, ended = min(told, key=lambda one: one[:2])
    lifted = next((one for *_, one in reversed(told) if one["status"] == LIFTED), None)
    return ended["status"], _words_of(lifted["lift_reason"]) if lifted else None


def _said(name: str, values: Iterable[str], known: Words) -> Columns:
    """Read what was said of a handoff: when it may have been at the earliest, when it was, who confirmed it.

    When it was is the middle of the first time of which anything is known. Where more than one thing was said it is
    kept as it stands: `status_by` reads what of it was said by a moment. All of it may have been by `said_last`.
    """
    stored = list(values)
    every = [orjson.loads(text) for text in stored]
    times = [[span(one["at"]) for one in said] for said in every]
    told = [next((one for one in bounds if one != (LEAST, MOST)), (LEAST, MOST)) for bounds in times]
    confirming = (next((one["agency"] for one in said if one["type"] == CONFIRMED), None) for said in every)
    return {
        "said_first": moments((min((first for first, _ in bounds), default=None) for bounds in times), MOST),
        "said_last": moments((max((first for first, _ in bounds), default=None) for bounds in times), MOST),
        "said_middle": middle(*np.array(told, dtype=np.int64).reshape(-1, 2).T),
        **words("confirmed_by", confirming, known),
        **words(name, (text if len(said) > 1 else None for text, said in zip(stored, every, strict=True)), known),
    }


def status_by(stored: str, moment: int) -> str:
    """Return how the records of a handoff agree, of what may have been said by a moment."""
    return status_of(one for one in orjson.loads(stored) if span(one["at"])[0] <= moment)


WHOSE = {"episode": words, "subject": words, "facility": words}
DETAINERS_TOLD = Source(
    DETAINERS.name,
    {
        "detainer": words,
        **WHOSE,
        "facility_as_printed": words,
        "form": words,
        "status": words,
        "lift_reason": _reasons,
        "prepared": spans,
        "lifted": spans,
        "ends": _ends,
        "received_at": ends,
        "valid_from": begins,
        "valid_to": ends,
    },
    has_events=True,
)
STAYS_TOLD = Source(STAYS.name, {**WHOSE, "certain": begins, "valid_from": begins, "valid_to": ends})
DEPARTURES_TOLD = Source(
    DEPARTURES.name, {**WHOSE, "way": words, "left_earliest": begins, "left_latest": ends, "event": begins}
)
NOTICES_TOLD = Source(
    NOTICES.name,
    {"handoff": words, "episode": words, "detainer": words, "sent": spans, "lead_minutes": begins},
    has_events=True,
)
HANDOFFS_TOLD = Source(
    HANDOFFS.name,
    {"handoff": words, **WHOSE, "detainer": words, "to": words, "status": words, "said": _said},
    has_events=True,
)
SOURCES = (DETAINERS_TOLD, STAYS_TOLD, DEPARTURES_TOLD, NOTICES_TOLD, HANDOFFS_TOLD)


@dataclass(frozen=True)
class Told:
    """What the read models know and ever knew, by table."""

    words: Words
    tables: Mapping[str, Versions]

    @classmethod
    def of(cls, tables: Mapping[str, Sequence[Values]]) -> Told:
        """Return what stored rows tell: of each source its columns, `known_from` and `known_to`."""
        known = Words()
        known.add([ACTIVE, *STATUS])
        return cls(known, {one.table: one.columns(tables.get(one.table, ()), known) for one in SOURCES})

    def read_anew(self, source: Source, rows: Iterable[Values], keys: Collection[str] | None) -> Told:
        """Return what is told once the rows of some keys, or of all (None), have been read anew."""
        found = source.columns(rows, self.words)
        if keys is not None:
            found = self.tables[source.table].replaced(source.key, self.words.add(keys), found)
        return Told(self.words, {**self.tables, source.table: found})
