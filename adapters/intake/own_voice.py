"""What the ledger says itself, as of who read what: neither signed nor judged by keys, and durable when it answers."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.intake.door import Started, answer_of
from adapters.intake.offered import Answer, Offered
from adapters.store.ledger import Clock, Ledger
from domain.envelope import Submission, admit
from domain.errors import InputRefused


class OwnVoice:
    """As a `Door`, for `GroupCommit`: many threads say something at once, and one transaction stores it."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger, self._clock = ledger, clock

    def start(self, offered: Sequence[Offered]) -> Started:
        """Read what is said."""
        admitted = [_admitted(one) for one in offered]
        return Started(offered, lambda: admitted)

    def finish(self, started: Started) -> list[Answer]:
        """Append it, and return an answer for each."""
        checked = started.checks()
        submissions = [one for one in checked if isinstance(one, Submission)]
        outcomes = iter(self._ledger.append(submissions, now=self._clock()))
        return [answer_of(one, next(outcomes)) if isinstance(one, Submission) else one for one in checked]


def _admitted(offered: Offered) -> Submission | InputRefused:
    try:
        return admit(offered.body or b"")
    except InputRefused as refusal:
        return refusal
