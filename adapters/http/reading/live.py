"""`GET /v1/events/live`: what is appended, as it is appended, as server-sent events: positions, ids and types alone.

    retry: 2000

    id: 351
    event: custody.subject_booked
    data: {"position":351,"id":"019b…","type":"custody.subject_booked"}

    :

`id` is the position, so a client that was cut off sends `Last-Event-ID: 351` and goes on from there. A line with a
colon alone comes where nothing else does, so that a dead connection is noticed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import msgspec
import orjson

from adapters.store.ledger import Ledger
from adapters.store.log import Row
from domain.errors import LedgerError, LedgerUnavailable, TooBusy

STREAMS_MAX = 100
HEARTBEAT_SECONDS = 15.0
LOOK_SECONDS = 1.0
PAGE_EVENTS = 500
RETRY = b"retry: 2000\n\n"
HEARTBEAT = b":\n\n"


class _Id(msgspec.Struct, gc=False):
    id: str


_read = msgspec.json.Decoder(_Id).decode


class Live:
    """Wakes every stream when the log grows: one thread looks, while there are streams.

    `opened` opens the ledger for that thread; `stopping` says that the server is about to end.
    """

    def __init__(self, opened: Callable[[], Ledger], stopping: Callable[[], bool]) -> None:
        self._opened, self._stopping = opened, stopping
        self._streams = 0
        self._grown = asyncio.Event()
        self._end = Event()

    def ensure_room(self) -> None:
        """Raise what `stream` would raise at once."""
        if self._streams >= STREAMS_MAX:
            what = f"{STREAMS_MAX} streams are open already"
            raise TooBusy("too_many_streams", what, mend="ask for `/v1/events` from time to time instead")

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Take one of the places for streams, in the event loop; raise TooBusy(too_many_streams)."""
        self.ensure_room()
        self._streams += 1
        if self._streams == 1:
            self._end = Event()
            Thread(target=self._look, args=(asyncio.get_running_loop(), self._end), daemon=True).start()
        try:
            yield
        finally:
            self._streams -= 1
            if self._streams == 0:
                self._end.set()

    def follow(self, ledger: Ledger, after: int, may_go_on: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield what stands in the stream from a position on, until the server ends or the reader may not go on."""

        def rows() -> bytes | None:
            nonlocal after
            found = _rows(ledger, after, may_go_on)
            after = found[-1]["position"] if found else after
            return None if found is None else b"".join(map(_written, found))

        return self._stream(rows)

    def grown(self, told: Callable[[], int], after: int, may_go_on: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Yield that something is told beyond a position, once it is; it ends as `follow` does.

        event: grown
        data: {"known":351}
        """
        is_said = False

        def position() -> bytes | None:
            nonlocal is_said
            try:
                known = told()
            except LedgerUnavailable:
                return None
            if is_said or not may_go_on():
                return None
            is_said = known > after
            return b'event: grown\ndata: {"known":%d}\n\n' % known if is_said else b""

        return self._stream(position)

    async def _stream(self, look: Callable[[], bytes | None]) -> AsyncIterator[bytes]:
        """Yield what there is whenever the log has grown, or that nothing is, until it is None."""
        yield RETRY
        silent_since = asyncio.get_running_loop().time()
        while not self._stopping():
            grown = self._grown
            found = await asyncio.to_thread(look)
            if found is None:
                return
            if not found and asyncio.get_running_loop().time() - silent_since < HEARTBEAT_SECONDS:
                await _wait(grown)
                continue
            yield found or HEARTBEAT
            silent_since = asyncio.get_running_loop().time()

    def _look(self, loop: asyncio.AbstractEventLoop, end: Event) -> None:
        ledger = self._opened()
        try:
            position = ledger.position()
            while not end.is_set():
                found = ledger.wait_beyond(position, LOOK_SECONDS)
                if found > position:
                    position = found
                    loop.call_soon_threadsafe(self._wake)
        except (LedgerError, RuntimeError):  # away, or the loop has ended: streams look every second without it
            return
        finally:
            ledger.close()

    def _wake(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


def _rows(ledger: Ledger, after: int, may_go_on: Callable[[], bool]) -> list[Row] | None:
    """Return some events after a position, None where the stream is to end."""
    try:
        return list(ledger.event_rows(after=after, limit=PAGE_EVENTS)) if may_go_on() else None
    except LedgerUnavailable:  # the client comes again, and goes on where it was
        return None


async def _wait(grown: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await grown.wait()
    except TimeoutError:
        return


def _written(row: Row) -> bytes:
    told = {"position": row["position"], "id": _read(row["state"]).id, "type": row["topic"]}
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (row["position"], row["topic"].encode(), orjson.dumps(told))
