"""What a page is asked: of which moment, and as known at which position. A URL that leaves either open is completed.

    /facilities/mn-cass-jail                                            leads to
    /facilities/mn-cass-jail?at=2026-01-17T12%3A00%3A00-06%3A00&known=350

The second is what people cite: opened next year it shows the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Query
from starlette.requests import Request

from adapters.deciding import Deciding, deciding
from adapters.http.reading.asking import Reading, Token
from adapters.http.reading.roles import MAY, Need, Reader
from adapters.queries import FoundCase, find_case
from adapters.questions.asked import Asked
from adapters.questions.knowledge import known_position, moment_of
from adapters.web.made_pages import MadePage, MadePages
from adapters.web.program import program_digest
from domain.instants import format_rfc3339, local

CLOCKS = ("at", "known")
MONTH = "month"  # what the slider sends: months since January 2025
FIRST_YEAR, MONTHS = 2025, 12
ETAG_HEX = 32
SKIP_MAX = 10_000_000
Skip = Annotated[int, Query(ge=0, le=SKIP_MAX)]  # how many of the latest are passed over


class Incomplete(Exception):
    """The URL leaves a clock open; `url` is the one to go to."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class Shown(Exception):
    """The same page was made before, for a reader who may be told as much; `page` is that."""

    def __init__(self, asking: Asking, page: MadePage) -> None:
        super().__init__(str(asking.request.url))
        self.asking, self.page = asking, page


@dataclass(frozen=True)
class Asking:
    """A page's two clocks, who reads it, and how much it tells."""

    asked: Asked
    request: Request
    reader: Reader
    need: Need
    at: datetime
    known: int

    @property
    def reading(self) -> Reading:
        """Return what questions are answered with."""
        reading: Reading = self.request.app.state.reading
        return reading

    @property
    def pages(self) -> MadePages:
        """Return the pages that were made before."""
        pages: MadePages = self.request.app.state.pages
        return pages

    @property
    def key(self) -> tuple[Hashable, ...]:
        """Return what a page depends on: its URL, which has both clocks, and how much the reader may be told."""
        facilities = self.reader.facilities
        return str(self.request.url), self.reader.role, None if facilities is None else tuple(sorted(facilities))

    @cached_property
    def etag(self) -> str:
        """Return the tag of the page: what it depends on, and by what program and of which log it is made."""
        told = (program_digest(), self.asked.ledger.leaf_at(self.known), *self.key)
        return f'"{hashlib.sha256(repr(told).encode()).hexdigest()[:ETAG_HEX]}"'

    @cached_property
    def by(self) -> Deciding:
        """Return what cases are decided by: the rules known at the position, and what the log says beside them."""
        return deciding(self.asked.ledger, self.known)

    @property
    def may_follow(self) -> bool:
        """Say whether the reader may know of each moment at which the ledger grows."""
        return self.reader.role in MAY[Need.FIGURES]

    def may_be_told_of(self, facility: str | None) -> bool:
        """Say whether the reader may be told of persons at a facility, on a page that others may read without."""
        theirs = self.reader.facilities
        return self.reader.role in MAY[Need.PERSONS] and (theirs is None or facility in theirs)

    def disclose(self, target: str) -> None:
        """Record what is about to be shown of persons; `target` says what, in a word or two."""
        self.reading.disclosures.record(self.reader, target, f"{self.request.url.path}?{self.request.url.query}")

    def case(self, ref: str) -> FoundCase:
        """Return a case, but tell nobody of one that is at none of their facilities.

        Raise InputRefused(unknown_reference, facility_not_the_readers).
        """
        found = find_case(self.asked.ledger, ref, self.known)
        self.reader.ensure_within(found.facilities)
        return found

    def to(self, path: str, **parameters: Any) -> str:
        """Return the URL of another page on the same two clocks, or others if given."""
        if not parameters:
            return f"{quote(path)}?{self._clocks}"
        given = {"at": self.at_text, "known": self.known, **parameters}
        return f"{quote(path)}?{urlencode({name: value for name, value in given.items() if value is not None})}"

    @cached_property
    def _clocks(self) -> str:
        return urlencode({"at": self.at_text, "known": self.known})

    def of_month(self, path: str, number: int, **parameters: Any) -> str:
        """Return the URL of a page as of the end of another month, counted as the slider counts."""
        return self.to(path, at=stamp(moment_of(month_text(number))), **parameters)

    @cached_property
    def at_text(self) -> str:
        """Return the moment as it is written into a form."""
        return stamp(self.at)

    @property
    def url(self) -> str:
        """Return this page's own URL, whole, for people to cite."""
        return str(self.request.url)


def asking_for(need: Need) -> Any:
    """Return the dependency of a page that tells so much; it raises Incomplete, and InputRefused as the API does."""

    def asking(request: Request, authorization: Token = None) -> Asking:
        reading: Reading = request.app.state.reading
        reader = reading.readers.reader(authorization)
        reader.ensure_may(need)
        given = {name: value for name, value in request.query_params.items() if value}
        asked = reading.asked()
        known = known_position(asked.ledger, given.get("known") or reading.told.position(), where="known")
        at = _moment(asked, given)
        rest = {name: value for name, value in given.items() if name not in (*CLOCKS, MONTH)}
        whole = {"at": stamp(at), "known": str(known), **rest}
        if dict(request.query_params) != whole:
            raise Incomplete(f"{quote(request.url.path)}?{urlencode(whole)}")
        found = Asking(asked, request, reader, need, at, known)
        if (made := found.pages.get(found.key)) is not None:
            raise Shown(found, made)
        return found

    return Depends(asking)


Open = Annotated[Asking, asking_for(Need.NOTHING)]
Persons = Annotated[Asking, asking_for(Need.PERSONS)]


def stamp(moment: datetime) -> str:
    """Write a moment to the second, in Minnesota's time."""
    return format_rfc3339(local(moment).replace(microsecond=0))


def month_number(moment: datetime) -> int:
    """Return a moment's month as the slider counts."""
    here = local(moment)
    return (here.year - FIRST_YEAR) * MONTHS + here.month - 1


def month_text(number: int) -> str:
    """Return the slider's month as `2026-01`."""
    return f"{FIRST_YEAR + number // MONTHS}-{number % MONTHS + 1:02}"


def _moment(asked: Asked, given: dict[str, str]) -> datetime:
    if given.get(MONTH, "").isdecimal():
        return moment_of(month_text(min(int(given[MONTH]), 100 * MONTHS)))
    return moment_of(given["at"]) if given.get("at") else local(asked.services.clock())
