"""`custody kafka intake`: agencies' topics into the ledger, every record once, each chain in its order.

    poll -> offered -> checks (meanwhile the batch before is written) -> one transaction: events, letters, offsets

The ledger's own offsets are the truth: a partition that comes to this worker is read from there, and a batch is stored
only if nobody moved it meanwhile. So a worker that was frozen, and wakes when others have gone on, stores nothing. What
is committed to Kafka is for those who watch the lag with Kafka's tools.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from kafka import TopicPartition
from kafka.errors import KafkaError, RetriableError
from kafka.structs import OffsetAndMetadata

from adapters.intake.door import Door, Started
from adapters.kafka.batches import Batch
from adapters.kafka.meters import IntakeMeter
from adapters.store.kafka_tables import Move, MovedByAnother
from adapters.store.ledger import Ledger
from domain.errors import LedgerUnavailable

POLL_MS = 250
AWAY_SECONDS_MIN, AWAY_SECONDS_MAX = 0.5, 10.0
SHORT_SECONDS = 60.0
# The ledger is there, but somebody has to do something about it: waiting would hide that.
HOPELESS = frozenset({"ledger_damaged", "other_schema", "not_a_ledger", "no_permission", "topic_recreated"})

Say = Callable[[str], None]


class InFlight(NamedTuple):
    """A batch whose checks have begun."""

    batch: Batch
    started: Started


class IntakeWorker:
    """One member of the consumer group."""

    def __init__(self, consumer: Any, group: str, ledger: Ledger, door: Door, meter: IntakeMeter, say: Say) -> None:
        self._consumer = consumer
        self._group = group
        self._ledger = ledger
        self._door = door
        self._meter = meter
        self._say = say
        self._places: dict[TopicPartition, int | None] = {}  # ours: the next offset, None where nothing was read yet
        self._short_since: dict[TopicPartition, float] = {}
        self._waiting: deque[InFlight] = deque()
        self._held = ledger.held_chains()
        self._away_until = 0.0
        self._away_seconds = 0.0
        self.counted: Counter[str] = Counter()

    def run(self, stopped: Callable[[], bool], *, once: bool = False) -> None:
        """Work until stopped, or once: until everything that is there has been read.

        Raise LedgerUnavailable where waiting will not help, KafkaError where Kafka refuses, or does not answer once.
        """
        while not stopped():
            try:
                worked = self.step()
            except RetriableError as error:
                if once:
                    raise
                self._say(f"Kafka does not answer, trying again: {type(error).__name__}: {error}")
                self._begin_anew()
                time.sleep(AWAY_SECONDS_MIN)
                continue
            if once and not worked and self._is_at_end():
                break
        while self._waiting:
            self._finish()

    def step(self) -> bool:
        """Poll once, and store a batch if one is ready; say whether there was anything."""
        polled = self._consumer.poll(timeout_ms=0 if self._waiting else POLL_MS)
        arrived = self._take_up()
        if self._away_until:
            self._come_back()
            return True
        batch = self._batch(polled, arrived)
        if batch is not None and not self._begin(batch):
            return True
        if self._waiting and (batch is None or len(self._waiting) > 1):
            self._finish()
            return True
        return batch is not None

    def _take_up(self) -> set[TopicPartition]:
        """Begin with partitions that came to us where the ledger says; what came of them before that is passed over."""
        assigned = self._consumer.assignment()
        for lost in self._places.keys() - assigned:
            del self._places[lost]
        arrived: set[TopicPartition] = assigned - self._places.keys()
        if not arrived or self._away_until:
            return arrived
        try:
            offsets = self._ledger.kafka_offsets(self._group)
            self._held = self._ledger.held_chains()
            ends = self._consumer.end_offsets(list(arrived))
        except LedgerUnavailable as error:
            self._go_away(error)
            return arrived
        for partition in arrived:
            place = offsets.get((partition.topic, partition.partition))
            if self._is_short(partition, place, ends[partition]):
                continue
            with suppress(ValueError):  # it went to another worker since
                if place is None:
                    self._consumer.seek_to_beginning(partition)
                else:
                    self._consumer.seek(partition, place)
                self._consumer.resume(partition)
                self._places[partition] = place
        return arrived

    def _batch(self, polled: Mapping[TopicPartition, list[Any]], arrived: set[TopicPartition]) -> Batch | None:
        records, moves = [], []
        for partition, found in polled.items():
            if partition in arrived or partition not in self._places or not found:
                continue
            expected = self._places[partition]
            if self._is_short(partition, expected, found[0].offset):
                del self._places[partition]  # to be taken up again
                continue
            self._say_gap(partition, expected, found[0].offset)
            records += found
            next_offset = found[-1].offset + 1
            moves.append(Move(self._group, partition.topic, partition.partition, expected, next_offset))
            self._places[partition] = next_offset
        return Batch.of(self._group, records, moves) if records else None

    def _say_gap(self, partition: TopicPartition, expected: int | None, offset: int) -> None:
        """Say so where records are gone that nobody read. Most gaps are marks of a producer's transactions."""
        if expected is None or offset == expected:
            return
        if self._consumer.beginning_offsets([partition])[partition] > expected:
            where = f"{partition.topic}/{partition.partition}"
            self._say(f"{where}: records {expected} to {offset - 1} were deleted before the ledger read them")

    def _is_short(self, partition: TopicPartition, place: int | None, reaches: int) -> bool:
        """Say whether a partition does not reach as far as the ledger has read.

        So it may be for a moment, after a leader died. Raise LedgerUnavailable(topic_recreated) where it stays so.
        """
        if place is None or reaches >= place:
            self._short_since.pop(partition, None)
            return False
        if time.monotonic() - self._short_since.setdefault(partition, time.monotonic()) < SHORT_SECONDS:
            return True
        raise LedgerUnavailable(
            "topic_recreated",
            f"the ledger has read up to offset {place}, and the topic does not reach that far",
            where=f"{partition.topic}/{partition.partition}",
            mend="the topic was made anew: read it under another --group; what is recorded is not recorded again",
        )

    def _begin(self, batch: Batch) -> bool:
        """Let the checks of a batch begin; False where the ledger cannot be read."""
        try:
            self._waiting.append(InFlight(batch, self._door.start(batch.offered())))
        except LedgerUnavailable as error:
            self._go_away(error)
            return False
        return True

    def _finish(self) -> None:
        """Store the batch that was begun first, with all that goes beside it."""
        batch, started = self._waiting.popleft()
        began = time.monotonic()
        if self._held:  # somebody may have replayed them; new ones come from here alone
            self._held = self._reread_held()
        batch.chains = self._held
        try:
            self._door.deliver(started, batch)
        except MovedByAnother:
            self._begin_anew()
            return
        except LedgerUnavailable as error:
            self._go_away(error)
            return
        if batch.counted["refused"]:
            self._held = self._reread_held()
        self._away_seconds = 0.0
        self.counted.update(batch.counted)
        self._meter.settled(batch.counted, time.monotonic() - began)
        self._show(batch)

    def _reread_held(self) -> set[tuple[str, bytes]]:
        try:
            return self._ledger.held_chains()
        except LedgerUnavailable:
            return self._held  # the append that follows will say so

    def _show(self, batch: Batch) -> None:
        """Commit to Kafka, for its own tools, and note the lag."""
        assigned = self._consumer.assignment()
        last = {(record.topic, record.partition): record.timestamp for record in batch.records}
        done = {}
        for move in batch.moves:
            partition = TopicPartition(move.topic, move.partition)
            if partition in assigned:
                done[partition] = OffsetAndMetadata(move.next_offset, "", -1)
                with suppress(KafkaError):  # lost meanwhile
                    end = self._consumer.highwater(partition) or move.next_offset
                    self._meter.lag(move.topic, move.partition, max(0, end - move.next_offset), last[partition])
        if done:
            with suppress(KafkaError):
                self._consumer.commit_async(done)

    def _begin_anew(self) -> None:
        """Drop what is in hand, and begin where the ledger says."""
        self._waiting.clear()
        self._places.clear()

    def _go_away(self, error: LedgerUnavailable) -> None:
        """Stop reading until the ledger can be written again; polling goes on, or the group would take us for dead."""
        if error.code in HOPELESS:
            raise error
        self._begin_anew()
        self._away_seconds = min(max(2 * self._away_seconds, AWAY_SECONDS_MIN), AWAY_SECONDS_MAX)
        self._away_until = time.monotonic() + self._away_seconds
        self._consumer.pause(*self._consumer.assignment())
        self._meter.away()
        self._say(f"the ledger cannot be written, waiting {self._away_seconds:.1f} s: {error}")

    def _come_back(self) -> None:
        if time.monotonic() >= self._away_until:
            self._away_until = 0.0
        else:
            self._consumer.pause(*self._consumer.assignment())  # also what has come to us meanwhile

    def _is_at_end(self) -> bool:
        if not self._places or self._places.keys() != self._consumer.assignment():
            return False
        ends = self._consumer.end_offsets(list(self._places))
        return all(self._consumer.position(partition) >= ends[partition] for partition in self._places)
