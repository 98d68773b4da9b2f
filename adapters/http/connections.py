"""uvicorn's connection, with limits on how long a request may take to begin, and in how many bytes: it has none."""

from __future__ import annotations

import asyncio
from asyncio.events import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 10.0
HEADER_BYTES_MAX = 64 * 1024


class PunctualConnection(HttpToolsProtocol):
    """Closes a connection that sends no whole request header in time, or idle clients would use all of them up.

    And one whose header grows on: it is put together anew with each part of it, and nobody else is answered meanwhile.
    """

    _waiting: TimerHandle | None = None
    _header_bytes = 0  # of the header that is waited for

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Begin to wait for the first header."""
        super().connection_made(transport)
        self._waiting = self.loop.call_later(HEADER_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is too much of one header."""
        waiting = self._waiting
        super().data_received(data)
        if waiting is None or self._waiting is not waiting:
            self._header_bytes = 0
            return
        self._header_bytes += len(data)
        if self._header_bytes > HEADER_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response(f"The header of a request has at most {HEADER_BYTES_MAX} bytes.")

    def on_message_begin(self) -> None:
        """Begin to wait for a later header."""
        super().on_message_begin()
        if self._waiting is None:
            self._waiting = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def on_headers_complete(self) -> Any:
        """Wait no longer."""
        self._stop_waiting()
        return super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._waiting:
            self._waiting.cancel()
            self._waiting = None
