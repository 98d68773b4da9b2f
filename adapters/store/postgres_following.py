"""Following a log in PostgreSQL: woken by NOTIFY, and on a heartbeat for a notice that got lost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
from eventsourcing.persistence import ListenNotifySubscription
from psycopg import Connection

from adapters.store.away import AWAY_SECONDS, PAUSE_SECONDS
from adapters.store.postgres_connections import Connections, is_lost
from domain.errors import LedgerUnavailable

if TYPE_CHECKING:
    from adapters.store.postgres_log import PostgresLog

CHANNEL = "custody_log"  # within the database
HEARTBEAT_SECONDS = 0.5


class PostgresNotices:
    """Listens. Whoever looks at the log after each `wait` misses nothing: the first one returns once it listens."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._listening: Connection[Any] | None = None

    def wait(self, seconds: float) -> None:
        """Return once something was committed since this last returned, or after so many seconds."""
        if self._listening is None:
            self._listening = self._connections.connect()
            self._listening.execute(f"LISTEN {CHANNEL}")
            return
        try:
            for _ in self._listening.notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.Error:
            self.close()  # and listen again when next asked, before anybody looks
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None


class PostgresSubscription(ListenNotifySubscription[Any]):
    """Listens before it first looks, so that nothing falls between, and again after the server was away."""

    def __init__(self, log: PostgresLog, *, gt: int | None, topics: Sequence[str]) -> None:
        self._connections = log.connections
        self._answered = time.monotonic()
        super().__init__(log, gt=gt, topics=topics)

    def _loop_on_pull(self) -> None:
        try:
            with closing(PostgresNotices(self._connections)) as notices:
                while not self._has_been_stopped:
                    self._follow(notices)
        except BaseException as error:
            self._thread_error = error
            self.stop()

    def _follow(self, notices: PostgresNotices) -> None:
        """Wait and look once; raise once the server has been away for too long."""
        try:
            notices.wait(HEARTBEAT_SECONDS)
            self._pull()
            self._answered = time.monotonic()
        except (psycopg.Error, LedgerUnavailable) as error:
            if not is_lost(error) or time.monotonic() - self._answered > AWAY_SECONDS:
                raise
            time.sleep(PAUSE_SECONDS)
