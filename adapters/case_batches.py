"""Every case of the log, some hundreds at a time: what is held in memory grows with a batch, not with the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from adapters.store.ledger import Ledger
from projections.cases import SEALING_TYPES, CaseEvents, Cases, case_ref
from projections.linked_cases import CASE_KINDS
from projections.recorded import Recorded

CASES_A_BATCH = 500
CASES_FIRST = 50  # whoever wants few rows of many does not wait for five hundred cases


def case_refs(ledger: Ledger) -> list[str]:
    """Return every reference that may be a case, in order: some hundred bytes for each are held."""
    return ledger.refs_of(CASE_KINDS)


def cases_of(ledger: Ledger, refs: Sequence[str], upto: int) -> Iterator[CaseEvents]:
    """Yield the cases among these references, each as `projections.cases` gathers it from the log up to a position."""
    seals = list(ledger.recorded(upto=upto, topics=SEALING_TYPES))
    starts = [0, *range(CASES_FIRST, len(refs), CASES_A_BATCH)] if refs else []
    for first, end in pairwise([*starts, len(refs)]):
        yield from _batch(ledger, refs[first:end], seals, upto)


def _batch(ledger: Ledger, refs: Sequence[str], seals: list[Recorded], upto: int) -> Iterator[CaseEvents]:
    """Gather the batch with all that the log tells of its people: a detainer may name no episode."""
    own = ledger.about(refs, upto=upto)
    subjects = {getattr(event.data, "subject", None) for event in own} - {None}
    theirs = ledger.about(sorted(f"subject/{subject}" for subject in subjects), upto=upto)
    loose = {event.stream for event in theirs if (case_ref(event) or "").startswith("detainer/")}
    wanted = set(refs)
    sealed = [seal for seal in seals if case_ref(seal) in wanted]
    found = {event.position: event for event in (*own, *theirs, *ledger.about(sorted(loose), upto=upto), *sealed)}
    cases = Cases()
    for position in sorted(found):
        cases.apply(found[position])
    yield from (case for case in map(cases.case, refs) if case)
