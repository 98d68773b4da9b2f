"""Messages through Kafka: one record an event, as adapters/kafka/records.py draws it.

Kafka's acknowledgement says that Kafka has it. That the ledger has it shows in what the ledger publishes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson
from kafka.errors import KafkaError

from adapters.kafka.clients import plain_producer, unavailable
from adapters.kafka.records import headers_of
from adapters.kafka.settings import KafkaSettings
from adapters.submit.carriers import Answered, Away, opened
from domain.errors import InputRefused

TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
SECONDS = 30.0
PAUSE_SECONDS = 1.0


class KafkaCarrier:
    """Sends to one topic; every replica in sync has a record before it counts as taken."""

    batch_max = 500
    gives_receipts = False

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        """Raise InputRefused(bad_address) for what no topic is called."""
        if not TOPIC.fullmatch(topic):
            mend = "write kafka:TOPIC, as kafka:custody.intake.us-ice"
            raise InputRefused("bad_address", f"no topic is called {topic[:120]!r}", where="--to", mend=mend)
        self._settings, self._topic = settings, topic
        self._producer: Any = None

    def carry(self, messages: Sequence[bytes]) -> list[Answered]:
        """Send messages, wait until Kafka has them all, and return where each is. Raise Away."""
        try:
            self._producer = self._producer or plain_producer(self._settings)
            sent = [self._sent(message) for message in messages]
            self._producer.flush(timeout=SECONDS)
            placed = [future.get(timeout=SECONDS) for _, future in sent]
        except KafkaError as error:
            self.close()
            raise Away(unavailable(error, self._settings.bootstrap_servers).what, PAUSE_SECONDS) from None
        return [
            Answered(
                is_taken=True,
                is_new=True,
                is_final=True,
                document={"id": event_id, "topic": at.topic, "partition": at.partition, "offset": at.offset},
            )
            for (event_id, _), at in zip(sent, placed, strict=True)
        ]

    def _sent(self, message: bytes) -> tuple[str, Any]:
        body, signature = opened(message)
        document = orjson.loads(body)
        key = document["subject"].encode()
        return document["id"], self._producer.send(
            self._topic, key=key, value=body, headers=headers_of(body, signature)
        )

    def close(self) -> None:
        """Let the brokers go."""
        if self._producer is not None:
            self._producer.close(timeout=SECONDS)
            self._producer = None
