"""`custody kafka publish`: the log as an outbox, each position one record, whatever crashes.

Records go out in Kafka's transactions, and what a topic holds says how far it got: a publisher that starts ends any
transaction of the one before it, reads the last record of each partition, and goes on after the largest number there.
Nothing is written to the ledger. Who reads with `isolation.level=read_committed` sees each position exactly once and,
within a partition, in order; who reads uncommitted records may see one again, and drops it by `ce_id`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import timedelta
from itertools import islice
from typing import Any, NamedTuple, Protocol

from kafka import TopicPartition
from kafka.errors import (
    AuthorizationError,
    InvalidProducerEpochError,
    KafkaError,
    ProducerFencedError,
    RetriableError,
    SaslAuthenticationFailedError,
)

from adapters.batches import shared_out
from adapters.kafka.clients import plain_consumer, transactional_producer
from adapters.kafka.meters import PublishMeter
from adapters.kafka.records import LEAF, POSITION, Headers, published_headers
from adapters.kafka.settings import KafkaSettings
from adapters.store.kafka_tables import StoredLetter
from adapters.store.ledger import Ledger
from domain.errors import IntegrityProblem, LedgerUnavailable
from domain.instants import EPOCH, format_rfc3339

# What waits in the producer, which has no bound of its own, and what a slow line has to carry before the broker gives a
# transaction up, after a minute. Mostly the number is reached first; a record that is larger goes alone.
TRANSACTION_RECORDS = 1_000
TRANSACTION_BYTES = 4 * 1024 * 1024
LOOK_SECONDS = 0.5
POLL_MS = 500
AWAY_SECONDS = 2.0
OTHERS_SECONDS = 15.0
PAUSE_SECONDS = 0.2
LETTER = "ledger-dlq-letter"
LEFT_OUT = "ledger-dlq-left-out"
LETTER_BYTES_MAX = 1_000_000  # a topic takes 1,048,588 unless it says otherwise, and our own headers need their place
HEADER_BYTES_MORE = 8  # what a header takes beside its name and value
HOPELESS = (AuthorizationError, SaslAuthenticationFailedError, ProducerFencedError, InvalidProducerEpochError)


class Outgoing(NamedTuple):
    """One record on its way out; numbers grow by one."""

    topic: str
    number: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def size(self) -> int:
        """Return how many bytes it takes, without Kafka's own few."""
        return size_of(self.key, self.value, self.headers)


class Feed(Protocol):
    """What goes out in one order, to one topic or several. One publisher of a name works at a time."""

    @property
    def name(self) -> str:
        """Return the name of its publisher."""
        ...

    @property
    def number_header(self) -> str:
        """Return the header that carries the number."""
        ...

    def topics(self) -> Sequence[str]:
        """Return where it goes."""
        ...

    def after(self, number: int, limit: int) -> Iterable[Outgoing]:
        """Return what comes next, at most so many."""
        ...

    def check(self, number: int, headers: dict[str, bytes]) -> None:
        """Raise IntegrityProblem if the last record is not ours."""
        ...


class LogFeed:
    """The events of the log, by position."""

    number_header = POSITION

    def __init__(self, ledger: Ledger, topic: str) -> None:
        self._ledger = ledger
        self.name = topic

    def topics(self) -> list[str]:
        """Return the topic."""
        return [self.name]

    def after(self, number: int, limit: int) -> list[Outgoing]:
        """Return the next events, keyed by their stream."""
        return [
            Outgoing(
                self.name,
                row["position"],
                row["originator_id"].encode(),
                bytes(row["state"]),
                published_headers(row),
            )
            for row in self._ledger.whole_rows(after=number, limit=limit)
        ]

    def check(self, number: int, headers: dict[str, bytes]) -> None:
        """Raise IntegrityProblem(other_log) if the topic holds what this ledger does not."""
        if self._ledger.leaf_at(number) != headers.get(LEAF, b"").decode():
            raise IntegrityProblem(
                "other_log",
                f"the topic holds another event at position {number} than this ledger",
                where=self.name,
                mend="give each ledger a topic of its own",
            )


class LetterFeed:
    """The dead letters by number, each into the topic beside the one it came from."""

    name = "dead-letters"
    number_header = LETTER

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def topics(self) -> list[str]:
        """Return the topics beside those that letters came from."""
        return [beside(topic) for topic in self._ledger.letter_topics()]

    def after(self, number: int, limit: int) -> Iterator[Outgoing]:
        """Yield the next letters: key, value and headers as they came, and why beside them."""
        return (_outgoing(one) for one in islice(self._ledger.dead_letters(after=number), limit))

    def check(self, number: int, headers: dict[str, bytes]) -> None:
        """Take the topic as it is: letters have no hash."""


def beside(topic: str) -> str:
    """Return where the dead letters of a topic go."""
    return f"{topic}.dlq"


def _outgoing(stored: StoredLetter) -> Outgoing:
    """Return a letter's record, with an empty value where it has neither key nor value: no producer sends that.

    Of one that no topic would take, it is only why it is one: the ledger has the whole.
    """
    letter = stored.letter
    topic, why = beside(letter.topic), why_headers(stored)
    size = size_of(letter.key, letter.value, letter.headers)
    if size > LETTER_BYTES_MAX:
        return Outgoing(topic, stored.number, None, b"", [*why, (LEFT_OUT, str(size).encode())])
    value = b"" if letter.key is None and letter.value is None else letter.value
    return Outgoing(topic, stored.number, letter.key, value, [*letter.headers, *why])


def size_of(key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> int:
    """Return how many bytes a record takes, without Kafka's own few."""
    beside = sum(len(name.encode()) + len(value) + HEADER_BYTES_MORE for name, value in headers)
    return len(key or b"") + len(value or b"") + beside


def why_headers(stored: StoredLetter) -> Headers:
    """Return the headers that say why a letter is one; no value of the event is repeated in them."""
    letter = stored.letter
    said = {
        LETTER: stored.number,
        "ledger-dlq-topic": letter.topic,
        "ledger-dlq-partition": letter.partition,
        "ledger-dlq-offset": letter.offset,
        "ledger-dlq-timestamp": format_rfc3339(EPOCH + timedelta(milliseconds=letter.record_ms)),
        "ledger-dlq-group": letter.consumer,
        "ledger-dlq-reason": letter.code,
        "ledger-dlq-where": letter.field,
        "ledger-dlq-failed-at": format_rfc3339(EPOCH + timedelta(microseconds=stored.recorded_us)),
    }
    return [(name, str(value).encode()) for name, value in said.items()]


def transactions(records: Iterable[Outgoing]) -> Iterator[list[Outgoing]]:
    """Share records out, in order, into transactions of at most TRANSACTION_BYTES."""
    return shared_out(records, lambda one: one.size, size_max=TRANSACTION_BYTES)


class Publisher:
    """Publishes one feed."""

    def __init__(self, settings: KafkaSettings, feed: Feed, meter: PublishMeter, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._feed = feed
        self.name = feed.name
        self._meter = meter
        self._say = say
        self.published = 0
        self.number = 0

    def run(self, stopped: Callable[[], bool], *, once: bool = False) -> None:
        """Publish until stopped, or once: up to the end. After any fault it begins anew from what the topic holds.

        Raise KafkaError where trying again would not help: no right, or another publisher took over.
        """
        while not stopped():
            try:
                self._publish(stopped, once=once)
            except HOPELESS:
                raise
            except KafkaError as error:
                self._say(f"{self.name}: beginning anew in {AWAY_SECONDS:.0f} s: {type(error).__name__}: {error}")
                time.sleep(AWAY_SECONDS)
            else:
                return

    def _publish(self, stopped: Callable[[], bool], *, once: bool) -> None:
        producer = transactional_producer(self._settings, f"custody-publish-{self.name}")
        try:
            producer.init_transactions()  # whoever published before is ended, with its transaction
            self.number = self._last_number()
            while not stopped():
                begun = self.number
                for outgoing in transactions(self._feed.after(begun, TRANSACTION_RECORDS)):
                    self._send(producer, outgoing)
                    if stopped():
                        break
                if self.number > begun:
                    continue
                if once:
                    break
                time.sleep(LOOK_SECONDS)
        finally:
            with suppress(KafkaError):
                producer.close(timeout=5)

    def _send(self, producer: Any, outgoing: Sequence[Outgoing]) -> None:
        producer.begin_transaction()
        sent = [producer.send(one.topic, value=one.value, key=one.key, headers=one.headers) for one in outgoing]
        producer.commit_transaction()
        for future in sent:
            future.get(timeout=0)  # raises what kept a record back; the transaction has ended
        self.number = outgoing[-1].number
        self.published += len(outgoing)
        self._meter.published(self.name, len(outgoing), self.number)

    def _last_number(self) -> int:
        """Return the largest number in the topics, 0 if they are empty; raise LedgerUnavailable(topic_missing)."""
        with closing(plain_consumer(self._settings)) as consumer:
            partitions = [one for topic in self._feed.topics() for one in partitions_of(consumer, topic)]
            found = [self._last_in(consumer, partition) for partition in partitions]
        number, headers = max(found, key=lambda one: one[0], default=(0, {}))
        if number:
            self._feed.check(number, headers)
        return number

    def _last_in(self, consumer: Any, partition: TopicPartition) -> tuple[int, dict[str, bytes]]:
        """Return the number and headers of a partition's last record, looking back further and further."""
        begin, end = (offsets([partition])[partition] for offsets in (consumer.beginning_offsets, consumer.end_offsets))
        consumer.assign([partition])
        back = 16
        while True:
            start = max(begin, end - back)
            consumer.seek(partition, start)
            last = None
            while consumer.position(partition) < end:  # of the last offsets, some are a transaction's own marks
                for record in consumer.poll(timeout_ms=POLL_MS).get(partition, ()):
                    last = record
            if last is not None:
                headers = dict(last.headers)
                return int(headers.get(self._feed.number_header, b"0")), headers
            if start == begin:
                return 0, {}
            back *= 16


def partitions_of(consumer: Any, topic: str) -> list[TopicPartition]:
    """Return the partitions of a topic; raise LedgerUnavailable(topic_missing), KafkaError where no broker answers."""
    numbers = _partition_numbers(consumer, topic)
    if not numbers:
        mend = "declare it, and run `custody kafka topics apply`"
        raise LedgerUnavailable("topic_missing", "Kafka has no such topic", where=topic, mend=mend)
    return [TopicPartition(topic, number) for number in sorted(numbers)]


def _partition_numbers(consumer: Any, topic: str) -> set[int] | None:
    """Ask, and ask another broker where one has just gone: the cluster names it for a while yet."""
    until = time.monotonic() + OTHERS_SECONDS
    while True:
        try:
            found: set[int] | None = consumer.partitions_for_topic(topic)
        except RetriableError:
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return found
