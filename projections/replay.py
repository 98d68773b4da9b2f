"""Replay: every read model folded over the whole log, and a digest of each result.

A fold that fails on an event never stops the replay: the event is parked, named in the result, and the fold
goes on. The same log gives the same digests, on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from domain.canonical import digest_of
from projections.amendments import Amendments
from projections.recorded import Recorded


class ReadModel(Protocol):
    """A fold over recorded events and a JSON picture of what it has become."""

    name: str

    def apply(self, event: Recorded) -> object:
        """Fold one event."""
        ...

    def snapshot(self) -> Any:
        """Return the state as JSON, the same for the same events."""
        ...


@dataclass(slots=True)
class Replayed:
    """How many events were folded, the digest of each read model, and what could not be folded."""

    events: int = 0
    read_models: dict[str, str] = field(default_factory=dict)
    parked: list[dict[str, Any]] = field(default_factory=list)


def replay(
    events: Iterable[Recorded],
    amendments: Amendments,
    models: Sequence[ReadModel],
    progress: Callable[[int], None],
) -> Replayed:
    """Fold all models over the events at once, in one pass."""
    result = Replayed()
    for event in events:
        result.events += 1
        amended = amendments.amend(event)
        if amended is not None:
            for model in models:
                _apply(model, amended, result)
        progress(result.events)
    result.read_models = {model.name: digest_of(model.snapshot()) for model in models}
    return result


def _apply(model: ReadModel, event: Recorded, result: Replayed) -> None:
    try:
        model.apply(event)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        result.parked.append({"position": event.position, "read_model": model.name, "what": what})
