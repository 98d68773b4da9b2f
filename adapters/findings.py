"""Acting on a finding: its stream is an aggregate, so two who act on the same state of it cannot both succeed."""

from __future__ import annotations

from eventsourcing.persistence import IntegrityError

from adapters.store.ledger import Ledger
from adapters.store.mapper import Fact
from domain.envelope import admit
from domain.errors import InputRefused
from domain.instants import microseconds
from projections.finding_workflow import Command


def version_of(ledger: Ledger, finding: str) -> int:
    """Return how many events the finding's aggregate has: read it before what a command is decided on."""
    return len(list(ledger.events.get(f"finding/{finding}")))


def act(ledger: Ledger, command: Command, *, words: str | None, outcome: str | None) -> None:
    """Append an answer in these words, or a closing with this outcome.

    Raise InputRefused: not_named, finding_closed, schema; finding_moved if somebody else acted on it meanwhile.
    """
    resting_on = ledger.at(command.row["events"])
    bodies = command.answer(words, resting_on) if words is not None else command.close(outcome or "", resting_on)
    stream = f"finding/{command.row['id']}"
    facts = [Fact(stream, version, admit(body)) for version, body in enumerate(bodies, command.version + 1)]
    try:
        ledger.save(*facts, now_us=microseconds(command.now))  # type: ignore[arg-type] # a fact may have no version
    except IntegrityError:
        raise InputRefused(
            "finding_moved",
            "somebody else acted on it meanwhile",
            where=f"finding {command.row['id']}",
            mend="look at it with `custody findings show`, and repeat the command if it still is what you mean",
        ) from None
