"""A member of a consumer group that waits for the join it began, also if a poll ended meanwhile.

kafka-python 3.0.12 asks anew at each poll whether it has to join, and takes up a join that ends while a poll waits for
it. A join of the leader, because partitions were added, is forgotten if it ends between two polls: the member gets no
partitions, sends no heartbeats, and never notices. Any other join that ends between two polls is begun again.
"""

from __future__ import annotations

from typing import Any

from kafka.coordinator.base import MemberState
from kafka.coordinator.consumer import ConsumerCoordinator


class RememberingCoordinator(ConsumerCoordinator):  # type: ignore[misc]  # the library has no types
    """The library's coordinator, but for that."""

    _join_task: Any

    def need_rejoin(self) -> bool:
        """Say whether there is a join to begin, or one that was begun."""
        return bool(self.rejoining or super().need_rejoin())

    async def join_group_async(self, timeout_ms: float | None = None) -> bool:
        """Take up a join that ended since the last poll, or wait for one."""
        task = self._join_task
        if task is None or not task.succeeded():
            return bool(await super().join_group_async(timeout_ms=timeout_ms))
        self._join_task = None
        with self._lock:
            self.rejoining = self.rejoin_needed = False
            self.state = MemberState.STABLE
            self._enable_heartbeat()
        generation = self._generation
        await self._on_join_complete_async(
            generation.generation_id, generation.member_id, generation.protocol, task.value
        )
        return True


def remember_joins(consumer: Any) -> None:
    """Let a consumer that has not joined yet remember."""
    consumer._coordinator.__class__ = RememberingCoordinator  # noqa: SLF001 - there is no other way in
