"""The one way in: check, judge by the keys at the position, append; durable when it answers.

    offered -> checks (form, headers, clock, signature) -> keys at the position -> one transaction -> an answer for each
               may run in other processes                  may this key say this?   refusals beside it, as evidence

Kafka, HTTP and the command line call `Door.record`, or its two halves, so that the checks of the next events run while
these are written. A `Door` is used by one thread; `adapters.intake.group_commit` gathers what many submit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from adapters.intake.checking import Checked, Checker, Checks
from adapters.intake.evidence import different_bytes, evidence
from adapters.intake.offered import Accepted, Answer, Delivery, Held, Judged, Offered
from adapters.store.kafka_tables import Beside
from adapters.store.ledger import Clock, Ledger
from adapters.store.recording import Equivocation, KeysMoved, Outcome, Receipt, Reject
from domain.canonical import leaf_hash
from domain.envelope import Submission
from domain.errors import InputRefused
from domain.instants import microseconds
from projections.agency_keys import AgencyKeys


class Started(NamedTuple):
    """Events whose checks have begun."""

    offered: Sequence[Offered]
    checks: Checks


class Door:
    """The way in to one ledger, open to write."""

    def __init__(self, ledger: Ledger, checker: Checker, clock: Clock) -> None:
        self._ledger = ledger
        self._checker = checker
        self._clock = clock
        self._keys = AgencyKeys()
        self._keys_upto = 0

    def record(self, offered: Sequence[Offered], rejects: Sequence[Reject] = ()) -> list[Answer]:
        """Record what may be recorded, in one durable transaction; return an answer for each, in order.

        `rejects` is evidence of what could not be offered at all. Raise LedgerUnavailable: nothing of it is stored, or,
        where a connection was lost, nobody can say; sent again, what was stored gets its first receipt.
        """
        return self.finish(self.start(offered), rejects)

    def start(self, offered: Sequence[Offered]) -> Started:
        """Begin to check; what is started first is to be finished first."""
        self._read_keys()
        return Started(offered, self._checker.start(offered, self._keys.public, microseconds(self._clock())))

    def finish(self, started: Started, rejects: Sequence[Reject] = ()) -> list[Answer]:
        """Wait for the checks, judge and append; durable when it returns."""
        return [one for one in self.deliver(started, None, rejects) if not isinstance(one, Held)]

    def deliver(
        self, started: Started, delivery: Delivery | None, rejects: Sequence[Reject] = ()
    ) -> list[Answer | Held]:
        """Finish, with what the way in keeps in the same transaction; raise MovedByAnother, with nothing stored."""
        checked = started.checks()
        while True:
            self._read_keys()
            judged: list[Judged] = [self._judged(one) for one in checked]
            if delivery is not None:
                judged = delivery.held(judged)
            try:
                return self._append(started.offered, judged, delivery, rejects)
            except KeysMoved:  # somebody enrolled or revoked a key meanwhile: what is judged by it is judged again
                continue

    def _read_keys(self) -> None:
        upto = self._ledger.position()
        if upto > self._keys_upto:
            for event in self._ledger.recorded(after=self._keys_upto, upto=upto, topics=AgencyKeys.TYPES):
                self._keys.apply(event)
            self._keys_upto = upto

    def _judged(self, checked: Checked) -> Checked | Accepted:
        if isinstance(checked, InputRefused):
            return checked
        try:
            self._keys.judge(checked)
        except InputRefused as refusal:
            return self._recorded_before(checked) or refusal
        return checked

    def _recorded_before(self, submission: Submission) -> Accepted | None:
        """Return the first receipt of an event that was recorded while its key was good."""
        ledger = self._ledger
        for event in ledger.published([submission.id], topics=[submission.type], upto=self._keys_upto):
            leaf = leaf_hash(submission.body)
            if event.envelope.source == submission.source and ledger.leaf_at(event.position) == leaf.hex():
                recorded_us = microseconds(event.recorded_at)
                return _accepted(submission, Receipt(event.position, leaf, recorded_us, is_new=False))
        return None

    def _append(
        self,
        offered: Sequence[Offered],
        judged: Sequence[Judged],
        delivery: Delivery | None,
        rejects: Sequence[Reject],
    ) -> list[Answer | Held]:
        answers: list[Answer | Held] = []

        def beside(outcomes: list[Outcome]) -> Beside:
            found = iter(outcomes)
            answers[:] = [answer_of(one, next(found)) if isinstance(one, Submission) else one for one in judged]
            paired = zip(offered, answers, strict=True)
            refused = [_evidence(one, answer) for one, answer in paired if isinstance(answer, InputRefused)]
            return replace(delivery.beside(answers) if delivery else Beside(), rejects=refused)

        submissions = [one for one in judged if isinstance(one, Submission)]
        self._ledger.append(submissions, now=self._clock(), rejects=rejects, keys_upto=self._keys_upto, beside=beside)
        return answers


def answer_of(submission: Submission, outcome: Outcome) -> Answer:
    """Return what is answered to a submission that was appended."""
    if isinstance(outcome, Equivocation):
        return different_bytes(outcome.first)
    return _accepted(submission, outcome)


def _accepted(submission: Submission, receipt: Receipt) -> Accepted:
    return Accepted(submission.id, submission.source, submission.stream, receipt)


def _evidence(offered: Offered, refusal: InputRefused) -> Reject:
    return evidence(refusal, origin=offered.origin, row=offered.row, body=offered.body)
