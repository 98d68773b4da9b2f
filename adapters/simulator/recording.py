"""Recording a simulation: its bodies go through the same intake as everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from adapters.intake.intake import Intake, Item
from adapters.places.register import Register
from adapters.store.ledger import Clock, Ledger
from adapters.store.recorder import Outcome, Receipt


def record_simulation(
    bodies: Iterable[bytes], ledger: Ledger, register: Register, clock: Clock, progress: Callable[[int], None]
) -> tuple[int, int]:
    """Append the bodies; return how many were stored and how many were there already."""
    stored = there = 0

    def settle(settled: Sequence[tuple[Item, Outcome]]) -> None:
        nonlocal stored, there
        new = sum(1 for _, outcome in settled if isinstance(outcome, Receipt) and outcome.is_new)
        stored, there = stored + new, there + len(settled) - new
        progress(stored + there)

    with Intake(ledger, register, clock, settle) as intake:
        for number, body in enumerate(bodies, start=1):
            intake.submit(body, origin="simulate", row=number)
    return stored, there
