"""Submitting: lines into the spool, the spool to the ledger, and a report of what became of each.

Everything read is in the spool, signed, before the first of it is sent. Killed at any moment, the same command goes on
where it was: a line known to the spool is not taken again, and the ledger gives the first receipt for what it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from adapters.submit.carriers import Answered, Away, Carrier
from adapters.submit.drafts import Draft, Publisher, draft_of, sendable
from adapters.submit.spool import Message, Spool, State
from domain.errors import InputRefused, LedgerUnavailable

LINES_AT_ONCE = 500
DETAILS_MAX = 10_000
PAUSE_FACTOR = 2.0
PAUSE_SECONDS_MAX = 30.0

Progress = Callable[[int], None]


class Line(NamedTuple):
    """One line of an input, without its end, and where it stands."""

    raw: bytes
    origin: str


class Taken(NamedTuple):
    """A line that goes into the spool: what it is known by there, and where it stood."""

    draft: Draft
    digest: bytes
    occurrence: int
    origin: str


@dataclass(slots=True)
class Submitted:
    """What was done. `read` counts lines; `handed_over` is what Kafka took, `waiting` what the spool still holds."""

    read: int = 0
    stored: int = 0
    already_there: int = 0
    handed_over: int = 0
    refused_count: int = 0
    waiting: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, origin: str, document: dict[str, Any]) -> None:
        """Count a refusal, and keep its details while there is room."""
        self.refused_count += 1
        if len(self.refused) < DETAILS_MAX:
            self.refused.append({"line": origin, **{key: document.get(key, "") for key in ("code", "where", "mend")}})
            self.refused[-1]["reason"] = document.get("detail", "")

    def settle(self, origin: str, answered: Answered, *, is_receipt: bool) -> None:
        """Count an answer."""
        if not answered.is_taken:
            self.refuse(origin, answered.document)
            return
        if not is_receipt:
            self.handed_over += 1
            return
        self.stored += answered.is_new
        self.already_there += not answered.is_new
        if len(self.receipts) < DETAILS_MAX:
            self.receipts.append(answered.document)

    def as_json(self) -> dict[str, Any]:
        """Return the report as `submit --json` prints it."""
        counts = ("read", "stored", "already_there", "handed_over", "refused", "refused_count", "waiting", "receipts")
        return {name: getattr(self, name) for name in counts}


def take_in(lines: Iterable[Line], publisher: Publisher, spool: Spool, done: Submitted) -> None:
    """Put lines into the spool, some hundred a transaction; what the ledger would refuse is refused here."""
    seen: Counter[bytes] = Counter()
    batch: list[Line] = []
    for line in lines:
        batch.append(line)
        if len(batch) == LINES_AT_ONCE:
            _take_batch(batch, publisher, spool, done, seen)
            batch = []
    _take_batch(batch, publisher, spool, done, seen)


def _take_batch(batch: list[Line], publisher: Publisher, spool: Spool, done: Submitted, seen: Counter[bytes]) -> None:
    key_id = publisher.key.public.key_id if publisher.key else ""
    with spool.transaction():
        taken: list[Taken] = []
        for line in batch:
            digest = sha256(line.raw).digest()
            seen[digest] += 1
            done.read += 1
            known = spool.known(digest, seen[digest])
            if known:
                _note_known(line, *known, done)
            elif draft := _draft(line, publisher, seen[digest], done):
                taken.append(Taken(draft, digest, seen[digest], line.origin))
        messages = sendable([one.draft for one in taken], publisher, lambda: spool.next_sequence(key_id))
        for (_, digest, occurrence, origin), message in zip(taken, messages, strict=True):
            spool.add(digest, occurrence, message, origin)


def _note_known(line: Line, state: State, answer: str, done: Submitted) -> None:
    """Count a line that the spool has already; one that waits is counted when it is answered."""
    if state is State.TAKEN:
        done.already_there += 1
    elif state is State.REFUSED:
        document = orjson.loads(answer)
        mend = "; ".join(
            filter(None, (document.get("mend"), "`--retry-refused` then sends it again, as it was signed"))
        )
        done.refuse(line.origin, {**document, "mend": mend})


def _draft(line: Line, publisher: Publisher, occurrence: int, done: Submitted) -> Draft | None:
    try:
        return draft_of(line.raw, publisher, occurrence)
    except InputRefused as refusal:
        done.refuse(line.origin, {**refusal.as_json(), "detail": refusal.what})
        return None


def send(
    spool: Spool,
    carrier: Carrier,
    done: Submitted,
    *,
    patience_seconds: float,
    sleep: Callable[[float], None],
    progress: Progress,
) -> None:
    """Send what waits, in order, until nothing does. Raise LedgerUnavailable(server_away) when patience ends."""
    after, sent = 0, 0
    while messages := spool.waiting(after, carrier.batch_max):
        try:
            answers = _carried(carrier, messages, patience_seconds, sleep)
        except Away as away:
            waiting = spool.counted()[State.WAITING]
            what = f"{away.what}; {waiting:,} events wait in the spool, and none is lost"
            raise LedgerUnavailable("server_away", what, mend="run the same command again later") from None
        spool.settle(
            [
                (message.number, _state(answered), orjson.dumps(answered.document).decode())
                for message, answered in zip(messages, answers, strict=True)
            ]
        )
        for message, answered in zip(messages, answers, strict=True):
            if answered.is_final:
                done.settle(message.origin, answered, is_receipt=carrier.gives_receipts)
        after, sent = messages[-1].number, sent + len(messages)
        progress(sent)
    done.waiting = spool.counted()[State.WAITING]


def _state(answered: Answered) -> State:
    if answered.is_taken:
        return State.TAKEN
    return State.REFUSED if answered.is_final else State.WAITING


def _carried(
    carrier: Carrier, messages: list[Message], patience_seconds: float, sleep: Callable[[float], None]
) -> list[Answered]:
    """Carry messages, again after ever longer pauses as long as patience lasts; raise the last Away."""
    waited, factor = 0.0, 1.0
    while True:
        try:
            return carrier.carry([message.message for message in messages])
        except Away as away:
            pause = min(away.seconds * factor, PAUSE_SECONDS_MAX)
            if waited + pause > patience_seconds:
                raise
            sleep(pause)
            waited, factor = waited + pause, factor * PAUSE_FACTOR
