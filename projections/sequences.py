"""What is missing of an agency's own count: each key numbers its events 1, 2, 3, ... in `sequence`, and signs that.

Signed events alone count, and as they were published: a correction or a retraction takes none of the numbers back. An
event that comes late fills its place; as known before, the gap stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from projections.finding import Finding, Kind, found
from projections.finding_row import finding_row
from projections.finding_workflow import Workflow
from projections.recorded import Recorded

KEY_SHOWN = 12
Counted = dict[int, Recorded]  # the first event of each number


class Sequences:
    """The fold over signed events in the order of the log."""

    def __init__(self, events: Iterable[Recorded] = ()) -> None:
        self._by_key: dict[tuple[str, str], Counted] = {}
        self._repeated: list[tuple[Recorded, Recorded]] = []
        for event in events:
            self.apply(event)

    def apply(self, event: Recorded) -> None:
        """Fold one event; what is unsigned or bears no number says nothing here."""
        envelope = event.envelope
        if not (event.is_signed and envelope.agencykey and envelope.sequence):
            return
        counted = self._by_key.setdefault((envelope.source, envelope.agencykey), {})
        first = counted.setdefault(int(envelope.sequence), event)
        if first is not event:
            self._repeated.append((first, event))

    def rows(self, told: Mapping[str, Workflow]) -> Iterator[dict[str, Any]]:
        """Yield the findings, by agency and key; `told` is what was said of findings, by their ids."""
        for _, counted in sorted(self._by_key.items()):
            yield from (_row(_gap(*gap), [gap[1]], told) for gap in _gaps(counted))
        for first, second in self._repeated:
            yield _row(_repetition(first, second), [first, second], told)


def _gaps(counted: Counted) -> Iterator[tuple[range, Recorded]]:
    """Yield the numbers that are missing, and the event after them."""
    expected = 1
    for number in sorted(counted):
        if number > expected:
            yield range(expected, number), counted[number]
        expected = number + 1


def _gap(missing: range, after: Recorded) -> Finding:
    numbers = f"{missing[0]}" if len(missing) == 1 else f"{missing[0]} to {missing[-1]}"
    return found(Kind.SEQUENCE_GAP, [after], says={**_says(after), "missing": numbers})


def _repetition(first: Recorded, second: Recorded) -> Finding:
    says = {**_says(second), "first": first.position, "second": second.position}
    return found(Kind.SEQUENCE_REPEATED, [second, first], says=says)


def _says(event: Recorded) -> dict[str, object]:
    envelope = event.envelope
    return {"by": event.agency, "number": envelope.sequence, "key": str(envelope.agencykey)[:KEY_SHOWN]}


def _row(finding: Finding, events: list[Recorded], told: Mapping[str, Workflow]) -> dict[str, Any]:
    return finding_row(f"agency/{events[0].agency}", finding, events, told)
