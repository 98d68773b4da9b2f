"""The one way in, signatures checked: in this process, in worker processes, and the ledger alone.

    python -m benchmarks.bench_intake [--events 20000] [--rounds 3] [--json]

`serial` and `parallel` record signed events through the door, 2,000 a transaction; `parallel` checks in a process for
each core while what came before is written. `each` has a signature over each event, `together` one over 64. `append`
writes the same events, checked already: what the ledger alone takes. `signatures` only checks the signatures, in one
process: the raw limit of one core; `checks` does all that is checked of an event before it is appended. Prints medians,
ratios, and the processor time that an event costs where one process does the work.
"""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from adapters.agencies import enrol
from adapters.collector import look_seldom
from adapters.intake.checking import Checker, ParallelChecker, SerialChecker
from adapters.intake.door import Door, Started
from adapters.intake.offered import Accepted, Offered
from adapters.places.register import minnesota_register
from adapters.simulator.run import simulate
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import Place
from adapters.trust.keys import SigningKey, has_signed, load_signing_key, make_key
from benchmarks.compare import measured, options, show
from domain.canonical import canonical_bytes
from domain.envelope import Submission, admit
from domain.events.agency import Algorithm
from domain.events.catalogue import CATALOGUE
from domain.instants import microseconds

BATCH = 2_000
AHEAD = 2
SOURCE = "synthetic:bench"


def new_key() -> SigningKey:
    """Make a key that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        make_key(Path(folder) / "key.pem", Algorithm.ED25519)
        return load_signing_key(Path(folder) / "key.pem")


def signed_events(key: SigningKey, number: int) -> dict[str, list[Offered]]:
    """Make up a scenario, let one source tell all of it, and sign each event alone, and many together."""
    period = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    bodies = []
    for row, body in enumerate(simulate(events=number, seed=1, register=minnesota_register(), **period), 1):
        named: dict[str, Any] = {"source": SOURCE, "agencykey": key.public.key_id, "sequence": str(row)}
        bodies.append(canonical_bytes({**orjson.loads(body), **named}))
    signatures = {"each": map(key.sign, bodies), "together": key.sign_all(bodies)}
    return {
        form: [Offered(body, one, "bench", row) for row, (body, one) in enumerate(zip(bodies, signed, strict=True), 1)]
        for form, signed in signatures.items()
    }


def ledger_with(place: Place, key: SigningKey) -> Ledger:
    """Make a ledger where the key may say everything."""
    ledger = Ledger.create(place)
    families = tuple(sorted({f"{name.partition('.')[0]}.*" for name in CATALOGUE}))
    enrol(ledger, SOURCE, key.public, ("*",), families, system_clock())
    return ledger


def through_the_door(folder: Path, key: SigningKey, offered: Sequence[Offered], checker: Checker) -> None:
    """Record everything; some transactions ahead are being checked already."""
    ledger = ledger_with(folder / "ledger.db", key)
    door = Door(ledger, checker, system_clock)
    begun: deque[Started] = deque()
    for at in range(0, len(offered), BATCH):
        begun.append(door.start(offered[at : at + BATCH]))
        if len(begun) > AHEAD:
            finish(door, begun.popleft())
    for started in begun:
        finish(door, started)
    ledger.close()


def finish(door: Door, started: Started) -> None:
    """Write what was begun: nothing of it is refused."""
    assert all(isinstance(answer, Accepted) for answer in door.finish(started))


def append(folder: Path, key: SigningKey, submissions: Sequence[Submission]) -> None:
    """Append what is checked already."""
    ledger = ledger_with(folder / "ledger.db", key)
    for at in range(0, len(submissions), BATCH):
        ledger.append(submissions[at : at + BATCH], now=system_clock())
    ledger.close()


def checks(_: Path, key: SigningKey, offered: Sequence[Offered], checker: Checker) -> None:
    """Check everything that can be checked without the ledger."""
    checked = checker.start(offered, {key.public.key_id: key.public}, microseconds(system_clock()))()
    assert all(isinstance(one, Submission) for one in checked)


def signatures(_: Path, key: SigningKey, offered: Sequence[Offered]) -> None:
    """Check the signatures and nothing else."""
    for one in offered:
        assert one.body is not None
        assert one.signature is not None
        assert has_signed(key.public, one.body, one.signature)


def main() -> None:
    """Measure and print."""
    chosen = options(__doc__, events=20_000, rounds=3)
    look_seldom()  # as the program does
    key = new_key()
    forms = signed_events(key, chosen.events)
    register, cores = minnesota_register(), os.cpu_count() or 1
    with ParallelChecker(register, processes=cores) as parallel:
        parallel.start(forms["each"][:BATCH], {key.public.key_id: key.public}, 0)()  # so that its processes are there
        runs: dict[str, Callable[[Path], object]] = {}
        for form, offered in forms.items():
            submissions = [admit(one.body or b"", one.signature) for one in offered]
            runs |= {
                f"serial_{form}": partial(through_the_door, key=key, offered=offered, checker=SerialChecker(register)),
                f"parallel_{form}": partial(through_the_door, key=key, offered=offered, checker=parallel),
                f"append_{form}": partial(append, key=key, submissions=submissions),
                f"checks_{form}": partial(checks, key=key, offered=offered, checker=SerialChecker(register)),
                f"signatures_{form}": partial(signatures, key=key, offered=offered),
            }
        results = measured(runs, events=chosen.events, rounds=chosen.rounds)
    found = {name: one.events_per_second for name, one in results.items()}
    names = ("serial", "parallel", "checks", "append", "signatures")
    result = {
        "events": chosen.events,
        "cores": cores,
        "events_per_second": found,
        "processor_us": {name: one.processor_us for name, one in results.items() if "parallel" not in name},
        "together_to_each": {name: round(found[f"{name}_together"] / found[f"{name}_each"], 2) for name in names},
        "parallel_to_append": {form: round(found[f"parallel_{form}"] / found[f"append_{form}"], 2) for form in forms},
    }
    show(result, as_json=chosen.json)


if __name__ == "__main__":
    main()
