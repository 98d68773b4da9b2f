"""Dead letters: which there are, and giving them to the ledger again, each chain in its order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from adapters.intake.door import Door
from adapters.intake.offered import Accepted, Answer, Held, Judged
from adapters.kafka.records import offered
from adapters.store.kafka_tables import DROPPED, REPLAYED, Beside, Chain, MovedByAnother, StoredLetter
from adapters.store.ledger import Clock, Ledger
from domain.errors import InputRefused


class Replayed(NamedTuple):
    """What came of one letter. `position` is None where it was refused again, for the reason given."""

    number: int
    position: int | None
    code: str = ""
    what: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    """Ends a letter in the transaction that records its event."""

    number: int

    def held(self, judged: Sequence[Judged]) -> list[Judged]:
        """Hold nothing back."""
        return list(judged)

    def beside(self, answers: Sequence[Answer | Held]) -> Beside:
        """Return the end of the letter, if its event is recorded."""
        return Beside(ends={self.number: REPLAYED}) if isinstance(answers[0], Accepted) else Beside()


def open_letters(ledger: Ledger, topic: str = "") -> list[StoredLetter]:
    """Return the letters that have not ended, in order."""
    return [one for one in ledger.dead_letters(topic=topic) if one.how is None]


def one_letter(ledger: Ledger, number: int) -> StoredLetter:
    """Return a letter; raise InputRefused(unknown_letter)."""
    found = next(ledger.dead_letters(after=number - 1), None)
    if found is None or found.number != number:
        mend = "`custody dlq list` prints the numbers"
        raise InputRefused("unknown_letter", f"there is no dead letter {number}", where=str(number), mend=mend)
    return found


def waiting_behind(letters: Sequence[StoredLetter]) -> dict[int, int]:
    """Return how many of these open letters wait behind each that holds its chain."""
    chains = _chains(letters)
    return {chain[0].number: len(chain) - 1 for chain in chains.values() if chain}


def replay(ledger: Ledger, door: Door, numbers: Sequence[int]) -> list[Replayed]:
    """Give letters to the ledger again: all of a chain that holds, in order, up to the first that is refused again."""
    wanted = [one_letter(ledger, number) for number in numbers] or open_letters(ledger)
    done: list[Replayed] = []
    chains: set[Chain] = set()
    for stored in wanted:
        if stored.how is not None:
            continue
        if not stored.letter.holds:
            done.append(_replay_one(door, stored))
        elif _chain(stored) not in chains:
            chains.add(_chain(stored))
            done += _replay_chain(ledger, door, stored)
    return done


def drop(ledger: Ledger, clock: Clock, number: int) -> None:
    """Let a letter go, and keep it: what waits behind it may be replayed; raise InputRefused if it ended."""
    stored = one_letter(ledger, number)
    try:
        ledger.append([], now=clock(), beside=lambda _: Beside(ends={number: DROPPED}))
    except MovedByAnother:
        what = f"dead letter {number} has ended already: {stored.how or REPLAYED}"
        mend = "`custody dlq list --all` shows how each ended"
        raise InputRefused("letter_ended", what, where=str(number), mend=mend) from None


def letter_line(stored: StoredLetter) -> dict[str, Any]:
    """Return a letter as `dlq list` prints it: nothing of its content but the key."""
    letter = stored.letter
    return {
        "letter": stored.number,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": None if letter.key is None else letter.key.decode("utf-8", "replace"),
        "code": letter.code,
        "field": letter.field,
        "reason": letter.reason,
        "holds": letter.holds,
        "state": stored.how or "open",
    }


def _replay_chain(ledger: Ledger, door: Door, stored: StoredLetter) -> list[Replayed]:
    """Replay until nothing of the chain is open, also what a worker sets aside behind it meanwhile."""
    done: list[Replayed] = []
    while chain := _chains(open_letters(ledger, stored.letter.topic)).get(_chain(stored)):
        for one in chain:
            done.append(_replay_one(door, one))
            if done[-1].position is None:
                return done
    return done


def _replay_one(door: Door, stored: StoredLetter) -> Replayed:
    letter = stored.letter
    record = _Record(letter.topic, letter.partition, letter.offset, letter.key, letter.value, letter.headers)
    offer = offered(record)
    if isinstance(offer, InputRefused):
        return Replayed(stored.number, None, offer.code, offer.what, offer.mend)
    try:
        answer = door.deliver(door.start([offer]), Ending(stored.number))[0]
    except MovedByAnother:  # somebody else replays it at this moment: its first receipt is the answer
        answer = door.record([offer])[0]
    if isinstance(answer, Accepted):
        return Replayed(stored.number, answer.receipt.position)
    assert isinstance(answer, InputRefused)  # noqa: S101 - an Ending holds nothing
    return Replayed(stored.number, None, answer.code, answer.what, answer.mend)


class _Record(NamedTuple):
    """What `records.offered` reads of a consumed record."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


def _chain(stored: StoredLetter) -> Chain:
    return stored.letter.topic, stored.letter.key or b""


def _chains(letters: Sequence[StoredLetter]) -> dict[Chain, list[StoredLetter]]:
    found: defaultdict[Chain, list[StoredLetter]] = defaultdict(list)
    for one in letters:
        if one.letter.holds and one.how is None:
            found[_chain(one)].append(one)
    return found
