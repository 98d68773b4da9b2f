"""Following a log in PostgreSQL: woken by NOTIFY, and on a heartbeat for a notice that got lost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import psycopg
from eventsourcing.persistence import ListenNotifySubscription

from adapters.store.postgres_connections import AWAY_SECONDS, PAUSE_SECONDS, is_lost
from domain.errors import LedgerUnavailable

if TYPE_CHECKING:
    from adapters.store.postgres_log import PostgresLog

CHANNEL = "custody_log"  # within the database
HEARTBEAT_SECONDS = 0.5


class PostgresSubscription(ListenNotifySubscription[Any]):
    """Listens before it first looks, so that nothing falls between, and again after the server was away."""

    def __init__(self, log: PostgresLog, *, gt: int | None, topics: Sequence[str]) -> None:
        self._connections = log.connections
        self._answered = time.monotonic()
        super().__init__(log, gt=gt, topics=topics)

    def _loop_on_pull(self) -> None:
        try:
            while not self._has_been_stopped:
                self._listen()
        except BaseException as error:
            self._thread_error = error
            self.stop()

    def _listen(self) -> None:
        """Follow until stopped or the connection is lost; raise once the server has been away for too long."""
        try:
            with self._connections.connect() as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                while not self._has_been_stopped:
                    self._pull()
                    self._answered = time.monotonic()
                    for _ in connection.notifies(timeout=HEARTBEAT_SECONDS, stop_after=1):
                        pass
        except (psycopg.Error, LedgerUnavailable) as error:
            if not is_lost(error) or time.monotonic() - self._answered > AWAY_SECONDS:
                raise
            time.sleep(PAUSE_SECONDS)
