"""What one poll brought: the records, what they offer, and what goes beside them into the ledger's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.intake.offered import Accepted, Answer, Held, Judged, Offered
from adapters.kafka.records import offered
from adapters.store.kafka_tables import BEHIND, Beside, Chain, Letter, Move
from domain.errors import InputRefused

# What a replay can mend: somebody enrols a key, a place enters the register, a newer program knows the type, time goes
# by. Only these hold their chain; what is broken for ever would hold it for ever.
MENDABLE = frozenset(
    {
        "unknown_key",
        "source_not_the_keys",
        "type_not_the_keys",
        "facility_not_the_keys",
        "unknown_facility",
        "unknown_type",
        "clock_ahead",
    }
)
TIME_MAX_MS = 253_402_300_799_999  # the last of the year 9999: a producer may say that it is any time
BEHIND_WHAT = "an earlier record of its chain was set aside, and it waits behind that"


@dataclass(slots=True)
class Batch:
    """Records of several partitions, each partition's in order, and the places that they move."""

    group: str
    records: list[Any]
    refused: dict[int, InputRefused]  # by index: what is no event at all
    moves: list[Move]
    chains: set[Chain]  # held before this batch
    counted: Counter[str]

    @classmethod
    def of(cls, group: str, records: list[Any], moves: list[Move]) -> Batch:
        """Read the records of a poll."""
        return cls(group, records, {}, moves, set(), Counter())

    def offered(self) -> list[Offered]:
        """Return what the records offer; one that is no event offers its bytes, and is refused all the same."""
        found = []
        for index, record in enumerate(self.records):
            offer = offered(record)
            if isinstance(offer, InputRefused):
                self.refused[index] = offer
                offer = Offered(record.value, None, f"kafka {record.topic}/{record.partition}", record.offset)
            found.append(offer)
        return found

    def held(self, judged: Sequence[Judged]) -> list[Judged]:
        """Set aside what comes behind something of its chain that was set aside, before or in this batch."""
        chains = set(self.chains)
        found: list[Judged] = []
        for index, (record, one) in enumerate(zip(self.records, judged, strict=True)):
            answer = self.refused.get(index, one)
            if chain_of(record) in chains and index not in self.refused:
                answer = Held()
            elif isinstance(answer, InputRefused) and answer.code in MENDABLE:
                chains.add(chain_of(record))
            found.append(answer)
        return found

    def beside(self, answers: Sequence[Answer | Held]) -> Beside:
        """Return the offsets after these records, and a letter for each that was not recorded."""
        self.counted = Counter(_said(answer) for answer in answers)
        letters = [
            letter_of(self.group, record, answer)
            for record, answer in zip(self.records, answers, strict=True)
            if not isinstance(answer, Accepted)
        ]
        return Beside(self.moves, letters)


def chain_of(record: Any) -> Chain:
    """Return what a record is held with: its topic and its key."""
    return record.topic, record.key or b""


def letter_of(group: str, record: Any, answer: InputRefused | Held) -> Letter:
    """Set a record aside, as it came."""
    if isinstance(answer, Held):
        why = (BEHIND, "", BEHIND_WHAT, True)
    else:
        why = (answer.code, answer.where, answer.what, answer.code in MENDABLE)
    headers = tuple((name, value or b"") for name, value in record.headers or ())
    place = (group, record.topic, record.partition, record.offset, min(max(record.timestamp, 0), TIME_MAX_MS))
    return Letter(*place, record.key, record.value, headers, *why)


def _said(answer: Answer | Held) -> str:
    if isinstance(answer, Accepted):
        return "stored" if answer.receipt.is_new else "already_there"
    return "held" if isinstance(answer, Held) else "refused"
