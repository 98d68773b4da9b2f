"""One question over HTTP: who asks, on which clocks, and how it is answered.

Every answer names the position it is known at, and a URL that gives the same answer for ever:

    GET /v1/facilities/mn-cass-jail/state               200 OK
    Authorization: Bearer kbWvQ2…                       ETag: "350-2f1c9b0a77e4d6c1"
                                                        Link: <http://…/state?at=…&known=350>; rel="canonical"

    {"rows":[…],"known":350,"at":null,"next":"WzM1MCxu…","next_url":"http://…&next=WzM1MCxu…"}    of a list
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from operator import itemgetter
from threading import BoundedSemaphore
from typing import Annotated, Any

from fastapi import Depends, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.composition import Services
from adapters.http.rates import Rates
from adapters.http.reading import answers
from adapters.http.reading.cursors import Cursor, bad_cursor, cursor_of
from adapters.http.reading.disclosing import Disclosures, Told
from adapters.http.reading.live import Live
from adapters.http.reading.roles import Need, Reader, Readers
from adapters.queries import FoundCase, find_case
from adapters.questions.asked import Asked
from adapters.questions.knowledge import known_position, moment_of
from adapters.store.ledger import Ledger
from domain.errors import InputRefused, TooBusy
from domain.instants import format_rfc3339, local
from projections.folding.table import Table

WHOLE_LOG_AT_ONCE = 2
TEXT_MAX = 64

Row = Mapping[str, Any]
Page = tuple[Sequence[Row], Cursor | None]  # some rows, and where the list goes on
AtText = Annotated[
    str | None,
    Query(
        alias="at",
        max_length=TEXT_MAX,
        description="when it was so: a date (its end, in Minnesota) or a time",
        examples=["2026-01-17T12:00"],
    ),
]
KnownText = Annotated[
    str | None,
    Query(
        alias="known",
        max_length=TEXT_MAX,
        description="what was known: a position, or a date of the ledger's clock; else all that is known now",
        examples=["350"],
    ),
]
Token = Annotated[str | None, Header(alias="Authorization", description="Bearer TOKEN, from `custody access grant`")]


@dataclass(frozen=True, slots=True)
class Reading:
    """What questions are answered with, while the application runs."""

    services: Services
    ledger: Ledger
    readers: Readers
    told: Told
    disclosures: Disclosures
    live: Live
    whole_log: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(WHOLE_LOG_AT_ONCE))

    def asked(self) -> Asked:
        """Return what the questions are asked of."""
        return Asked(self.services, self.ledger)

    @contextmanager
    def whole_log_read(self) -> Iterator[None]:
        """Hold one of the few places for questions that read the whole log; raise TooBusy(too_many_questions)."""
        if not self.whole_log.acquire(blocking=False):
            what = f"{WHOLE_LOG_AT_ONCE} questions that read the whole log are being answered already"
            raise TooBusy("too_many_questions", what, mend="ask again as Retry-After says, or ask about one case")
        try:
            yield
        finally:
            self.whole_log.release()


async def counted(request: Request) -> None:
    """Let a request count against what its address may send; in the event loop, as for those that publish."""
    rates: Rates = request.app.state.rates
    rates.take(request.client.host if request.client else "", 1, time.monotonic())


class Asking:
    """A question, and who asks it. `at` is None where it says nothing; a cursor says what the first page said."""

    def __init__(self, request: Request, reader: Reader, need: Need, at: str | None, known: str | None) -> None:
        self.reading: Reading = request.app.state.reading
        self.asked: Asked = self.reading.asked()
        self.request, self.reader = request, reader
        self._need = need
        self._check_texts()
        cursor = request.query_params.get("next")
        self.cursor = cursor_of(cursor) if cursor else None
        self.upto = self._position(known)
        self.at = self._moment(at)
        self._is_cited = self.cursor is not None or (known or "").isdecimal()
        self._is_of_now = False

    def _check_texts(self) -> None:
        texts = [*self.request.path_params.values(), *self.request.query_params.values()]
        if any("\0" in str(text) for text in texts):
            raise InputRefused("bad_parameter", "a zero byte stands in it", where="URL", mend="leave it out")

    def _position(self, known: str | None) -> int:
        if self.cursor is None:
            upto = self.reading.told.position() if known is None else known
            return known_position(self.reading.ledger, upto, where="known")
        if known is not None and known != str(self.cursor.known):
            raise bad_cursor(f"the first page is of position {self.cursor.known}, `known` is {known[:40]}")
        return known_position(self.reading.ledger, self.cursor.known, where="next")

    def _moment(self, at: str | None) -> datetime | None:
        moment = moment_of(at) if at else None
        if self.cursor is None:
            return moment
        first = moment_of(self.cursor.at) if self.cursor.at else None
        if moment not in (None, first):
            raise bad_cursor(f"the first page is of {self.cursor.at}, `at` is {at}")
        return first

    def now(self) -> datetime:
        """Return the moment asked about: now, to the second, if none is given; the answer's own URL then says it."""
        if self.at is None:
            self.at = local(self.reading.services.clock().replace(microsecond=0))
            self._is_of_now = True
        return self.at

    def within(self, *facilities: str | None) -> None:
        """Let nobody be told of facilities that are not theirs; raise InputRefused(facility_not_the_readers)."""
        self.reader.ensure_within(facilities)

    def within_agency(self, agency: str | None) -> None:
        """The same of the facilities that an agency runs."""
        self.within(*(one.id for one in self.asked.services.register.facilities if one.agency == agency))

    def case(self, ref: str) -> FoundCase:
        """Return a case, but tell nobody of one that is at none of their facilities.

        Raise InputRefused(unknown_reference, facility_not_the_readers).
        """
        found = find_case(self.asked.ledger, ref, self.upto)
        self.within(*found.facilities)
        return found

    def within_case(self, ref: str) -> None:
        """Raise as `case` does, for an answer that finds the case otherwise: it is looked up only where that can be."""
        if self.reader.facilities is not None:
            self.case(ref)

    def whole_log(self) -> AbstractContextManager[None]:
        """Hold one of the few places for questions that read the whole log; raise TooBusy(too_many_questions)."""
        return self.reading.whole_log_read()

    def document(self, target: str, answer: Callable[[], Any]) -> Response:
        """Answer with one JSON document. `target` is what is shown, in a word or two, as it is recorded."""
        return self._answer(target, answers.JSON, lambda: answers.json_bytes(answer()))

    def numbered(self, target: str, size: int, rows: Callable[[int, int], Iterable[Row]], table: Table) -> Response:
        """Answer with a page of a list, given its rows from a number on, at most so many: JSON, CSV or Parquet."""
        start = self.cursor.skip if self.cursor else 0

        def page() -> Page:
            found = list(rows(start, size + 1))
            return found[:size], Cursor(self.upto, self._at, "", start + size) if found[size:] else None

        return self._listed(target, page, table)

    def keyed(
        self,
        target: str,
        size: int,
        key: Callable[[Row], str],
        rows: Callable[[str, int], Iterable[Row]],
        table: Table,
    ) -> Response:
        """Answer with a page of a list in the order of a key, given its rows from a key on, at most so many."""
        return self._listed(target, lambda: self._by_key(size, key, rows), table)

    def table(
        self,
        target: str,
        size: int,
        table: Table,
        rows: Callable[[str, int], Iterable[Row]],
        shown: Callable[[Row], Row],
    ) -> Response:
        """Answer with a page of a read model's table, as JSON, CSV or Parquet."""
        return self._listed(target, lambda: self._by_key(size, itemgetter(table.key), rows), table, shown)

    def _listed(
        self,
        target: str,
        page: Callable[[], Page],
        table: Table,
        shown: Callable[[Row], Row] | None = None,
    ) -> Response:
        media_type = answers.media_type_of(self.request, (answers.JSON, *answers.FORMS))
        headers: dict[str, str] = {}

        def written() -> bytes:
            found, following = page()
            if media_type == answers.JSON:
                return self._page([shown(row) for row in found] if shown else found, following)
            if following:
                headers["Link"] = f'{self._link()}, <{self._url(following)}>; rel="next"'
            return answers.table_bytes(table, found, media_type)

        return self._answer(target, media_type, written, headers)

    def _by_key(self, size: int, key: Callable[[Row], str], rows: Callable[[str, int], Iterable[Row]]) -> Page:
        begin, skip = (self.cursor.key, self.cursor.skip) if self.cursor else ("", 0)
        end = skip + size
        found = list(islice(rows(begin, end + 1), end + 1))
        if len(found) <= end:
            return found[skip:], None
        last = key(found[end - 1])
        given = sum(key(row) == last for row in found[:end])
        return found[skip:end], Cursor(self.upto, self._at, last, given)

    def _page(self, rows: Sequence[Row], following: Cursor | None) -> bytes:
        return answers.json_bytes(
            {
                "rows": rows,
                "known": self.upto,
                "at": self._at,
                "next": following.text() if following else None,
                "next_url": self._url(following) if following else None,
            }
        )

    def _answer(
        self, target: str, media_type: str, body: Callable[[], bytes], more: Mapping[str, str] | None = None
    ) -> Response:
        """Return the answer, or say that the client has it; what is about persons is recorded before it is shown."""
        url = self._url(self.cursor)
        etag = answers.etag_of(self.upto, url, media_type)
        if answers.is_named(etag, self.request):
            return answers.answered(b"", media_type, self._headers(etag), answers.NOT_MODIFIED)
        written = body()
        if self._need in (Need.PERSONS, Need.LOG):
            question = url.removeprefix(str(self.request.base_url).rstrip("/"))
            self.reading.disclosures.record(self.reader, target, question)
        return answers.answered(written, media_type, {**self._headers(etag), **(more or {})})

    def _headers(self, etag: str) -> dict[str, str]:
        scope = "public" if self._need is Need.NOTHING else "private"
        lasting = answers.FOR_EVER if self._is_cited and not self._is_of_now else "no-cache"
        return {
            "ETag": etag,
            "Cache-Control": f"{scope}, {lasting}",
            "Vary": "Accept, Authorization",
            "Link": self._link(),
        }

    def _link(self) -> str:
        return f'<{self._url(self.cursor)}>; rel="canonical"'

    @property
    def _at(self) -> str | None:
        return format_rfc3339(self.at) if self.at else None

    def going_on(self, following: int | None) -> dict[str, str | None]:
        """Return `next` and `next_url` of a list that goes on from a number, or ends."""
        cursor = Cursor(self.upto, self._at, "", following) if following is not None else None
        return {"next": cursor.text() if cursor else None, "next_url": self._url(cursor) if cursor else None}

    def url_with(self, **parameters: object) -> str:
        """Return the URL of the same question with other parameters, as known at the same position."""
        return str(self.request.url.include_query_params(known=self.upto, **parameters))

    def _url(self, cursor: Cursor | None) -> str:
        """Return the URL that gives this answer, or the page that a cursor leads to, for ever."""
        said = {"known": str(self.upto), "at": self._at, "next": cursor.text() if cursor else None}
        url = self.request.url.remove_query_params(list(said))
        return str(url.include_query_params(**{name: value for name, value in said.items() if value is not None}))


def asking_for(need: Need) -> Any:
    """Return the dependency of a route whose answers tell so much."""

    def asking(request: Request, authorization: Token = None, at: AtText = None, known: KnownText = None) -> Asking:
        reading: Reading = request.app.state.reading
        reader = reading.readers.reader(authorization)
        reader.ensure_may(need)
        return Asking(request, reader, need, at, known)

    return Depends(asking)


Open = Annotated[Asking, asking_for(Need.NOTHING)]
Figures = Annotated[Asking, asking_for(Need.FIGURES)]
Persons = Annotated[Asking, asking_for(Need.PERSONS)]
Events = Annotated[Asking, asking_for(Need.LOG)]
