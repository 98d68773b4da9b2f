"""How far a consumer of ours is behind: the broker's ends against the ledger's own offsets."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from adapters.kafka.clients import plain_consumer
from adapters.kafka.outbox import partitions_of
from adapters.kafka.settings import KafkaSettings
from adapters.store.ledger import Ledger


def lag(settings: KafkaSettings, ledger: Ledger, group: str, topics: Sequence[str]) -> list[dict[str, Any]]:
    """Return `topic`, `partition`, `next_offset` (None: not begun), `end_offset`, `lag` of each partition."""
    offsets = ledger.kafka_offsets(group)
    wanted = sorted({*topics} or {topic for topic, _ in offsets})
    with closing(plain_consumer(settings)) as consumer:
        partitions = [one for topic in wanted for one in partitions_of(consumer, topic)]
        begins, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
    found = []
    for one in partitions:
        place, end = offsets.get((one.topic, one.partition)), ends[one]
        row = {"topic": one.topic, "partition": one.partition, "next_offset": place, "end_offset": end}
        found.append({**row, "lag": max(0, end - (begins[one] if place is None else place))})
    return found
