"""uvicorn's connection, with a limit on how long a request may take to begin: it has none of its own."""

from __future__ import annotations

import asyncio
from asyncio.events import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 10.0


class PunctualConnection(HttpToolsProtocol):
    """Closes a connection that sends no whole request header in time, or idle clients would use all of them up."""

    _waiting: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Begin to wait for the first header."""
        super().connection_made(transport)
        self._waiting = self.loop.call_later(HEADER_SECONDS, transport.close)

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
