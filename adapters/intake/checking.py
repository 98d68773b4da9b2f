"""What can be checked of an event without the ledger: its form, what headers say of it, its clock, its signature.

Nothing here depends on the position the event will get, so it may run in other processes, for many events at once.
That the key was good at the position is judged where the event is appended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from functools import partial
from itertools import chain
from multiprocessing import get_context
from types import TracebackType
from typing import Protocol, Self

import orjson

from adapters.collector import look_seldom
from adapters.intake.gate import Gate
from adapters.intake.offered import Offered
from adapters.places.register import Register
from adapters.trust.keys import has_signed
from domain.envelope import Submission
from domain.errors import InputRefused, LedgerUnavailable
from domain.events.agency import PublicKey
from projections.agency_keys import unknown_key

AHEAD_MAX_US = 24 * 3600 * 1_000_000  # how far an agency's clock may be ahead of ours
CHUNK_EVENTS = 250
# What headers say of an event, and where a submission has it: for these its body is not parsed again.
READ_ALREADY = {"id": "id", "source": "source", "type": "type", "subject": "stream", "agencykey": "agencykey"}

Keys = Mapping[str, PublicKey]
Checked = Submission | InputRefused
Checks = Callable[[], list[Checked]]


class Checker(Protocol):
    """Checks many events, perhaps meanwhile."""

    def start(self, offered: Sequence[Offered], keys: Keys, now_us: int) -> Checks:
        """Begin to check; what is returned waits for the end and gives a result for each event, in order.

        It raises LedgerUnavailable(checker_ended) if a process that checked was ended.
        """
        ...


class SerialChecker:
    """Checks here and at once."""

    def __init__(self, register: Register) -> None:
        self._gate = Gate(register)

    def start(self, offered: Sequence[Offered], keys: Keys, now_us: int) -> Checks:
        """Check."""
        results = check_all(self._gate, offered, keys, now_us)
        return lambda: results


class ParallelChecker:
    """Checks in processes of its own. Use as a context: leaving it ends them."""

    def __init__(self, register: Register, *, processes: int) -> None:
        self._processes = processes
        self._make = partial(
            ProcessPoolExecutor,
            max_workers=processes,
            mp_context=get_context("spawn"),
            initializer=_begin,
            initargs=(register,),
        )
        self._pool = self._make()

    def __enter__(self) -> Self:
        """Let the processes start, which takes a second or two; nobody waits for it."""
        for _ in range(self._processes):
            self._pool.submit(_is_there)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)

    def start(self, offered: Sequence[Offered], keys: Keys, now_us: int) -> Checks:
        """Hand the events out in chunks and return."""
        chunks = [offered[at : at + CHUNK_EVENTS] for at in range(0, len(offered), CHUNK_EVENTS)]
        try:
            begun = [self._pool.submit(_check, chunk, keys, now_us) for chunk in chunks]
        except BrokenExecutor:
            raise self._renewed() from None
        return lambda: self._finished(begun)

    def _finished(self, begun: Sequence[Future[list[Checked]]]) -> list[Checked]:
        try:
            return list(chain.from_iterable(future.result() for future in begun))
        except BrokenExecutor:
            raise self._renewed() from None

    def _renewed(self) -> LedgerUnavailable:
        self._pool.shutdown(wait=False)
        self._pool = self._make()
        what = "a process that checks signatures was ended from outside"
        return LedgerUnavailable("checker_ended", what, mend="send the same events again; nothing of them is stored")


_gates: list[Gate] = []  # of a process that checks: the register is sent once


def _begin(register: Register) -> None:
    look_seldom()
    _gates.append(Gate(register))


def _is_there() -> bool:
    return bool(_gates)


def _check(offered: Sequence[Offered], keys: Keys, now_us: int) -> list[Checked]:
    return check_all(_gates[0], offered, keys, now_us)


def check_all(gate: Gate, offered: Sequence[Offered], keys: Keys, now_us: int) -> list[Checked]:
    """Check events one by one: an error in one changes nothing for its neighbours."""
    return [_checked(gate, one, keys, now_us) for one in offered]


def _checked(gate: Gate, offered: Offered, keys: Keys, now_us: int) -> Checked:
    try:
        return check(gate, offered, keys, now_us)
    except InputRefused as refusal:
        return refusal


def check(gate: Gate, offered: Offered, keys: Keys, now_us: int) -> Submission:
    """Check one event; raise InputRefused.

    Its codes: tombstone, those of the gate, headers_disagree, clock_ahead, unknown_key, bad_signature.
    """
    if offered.body is None:
        raise InputRefused(
            "tombstone",
            "the record has no value",
            mend="nothing is ever deleted; take an event back with record.event_retracted",
        )
    submission = gate.pass_through(offered.body, offered.signature)
    if offered.said:
        _check_said(offered.said, submission)
    check_clock(submission, now_us)
    if offered.signature is not None:
        _check_signature(submission, offered.signature, keys)
    return submission


def _check_said(said: Sequence[tuple[str, str]], submission: Submission) -> None:
    for name, value in said:
        field = READ_ALREADY.get(name)
        inside = getattr(submission, field) if field else orjson.loads(submission.body).get(name)
        if inside != value:
            raise InputRefused(
                "headers_disagree",
                f"beside the event its {name[:80]} is {value[:80]!r}, in it {str(inside)[:80]!r}",
                where=name[:80],
                mend="leave the header out, or let it say what the event says",
            )


def check_clock(submission: Submission, now_us: int) -> None:
    """Raise InputRefused(clock_ahead) if the event's clock was too far ahead of the ledger's own."""
    latest = now_us + AHEAD_MAX_US
    for where, moment in (("time", submission.occurred_earliest), ("recordedtime", submission.recorded_latest)):
        if moment is not None and moment > latest:
            raise InputRefused(
                "clock_ahead",
                f"{where} is more than a day after the ledger's own clock",
                where=where,
                mend="set the clock that the event was made by; what is planned goes into the data, not into time",
            )


def _check_signature(submission: Submission, signature: bytes, keys: Keys) -> None:
    key = keys.get(submission.agencykey or "")
    if key is None:
        raise unknown_key(submission.agencykey)
    if not has_signed(key, submission.body, signature):
        raise InputRefused(
            "bad_signature",
            "the signature is not this key's over these bytes",
            where="signature",
            mend="sign the DSSE encoding of exactly the bytes that are sent; docs/agencies.md draws it",
        )
