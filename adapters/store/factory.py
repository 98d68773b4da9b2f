"""The library's factory: it hands out the one log that is open, whatever the process environment says."""

from __future__ import annotations

from typing import Any, NoReturn

from eventsourcing.persistence import ApplicationRecorder, InfrastructureFactory
from eventsourcing.utils import Environment

from adapters.store.log import Log


class LedgerFactory(InfrastructureFactory[Any]):
    """What the library's application asks for its recorder. Snapshots and tracking have no place in a ledger."""

    def __init__(self, env: Environment, log: Log) -> None:
        super().__init__(env)
        self._log = log

    def application_recorder(self) -> ApplicationRecorder:
        """Return the open log."""
        return self._log

    def aggregate_recorder(self, purpose: str = "events") -> NoReturn:
        """Refuse: there are no snapshots."""
        raise NotImplementedError(f"a ledger records no {purpose} of its own")

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> NoReturn:
        """Refuse: who follows the log keeps its own position."""
        raise NotImplementedError("a ledger tracks nobody")

    def process_recorder(self) -> NoReturn:
        """Refuse, likewise."""
        raise NotImplementedError("a ledger tracks nobody")

    def is_snapshotting_enabled(self) -> bool:
        """Return False, whatever the process environment says."""
        return False

    def close(self) -> None:
        """Close the log."""
        self._log.close()
