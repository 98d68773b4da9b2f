"""What writes to a disk, as programs whose calls can be made to fail; they write down the receipts they are given."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from adapters.importers.run import Report
from adapters.intake.group_commit import GroupCommit
from adapters.intake.offered import Accepted, Offered
from adapters.store.ledger import Ledger
from adapters.store.recording import Receipt
from domain.errors import LedgerUnavailable
from tests.scenarios.processes import command
from tests.signing import door_to

WAIT_SECONDS = 120
UNAVAILABLE = 4


def importing(receipts: Path, *arguments: str) -> None:
    """Do what `custody import` does, and write down what each durable batch was answered with."""
    settle = Report.settle

    def told(report: Report, settled: Sequence[tuple[object, Receipt]]) -> None:
        settle(report, settled)
        write_down(receipts, [outcome for _, outcome in settled])

    Report.settle = told  # type: ignore[method-assign,assignment]
    command(*arguments)


def publishing(receipts: Path, place: Path, batches: Sequence[Sequence[Offered]]) -> None:
    """Publish batches through the door and group commit, as `custody serve` does: when one fails, the next is sent."""
    is_all = True
    try:
        ledger = Ledger.open_to_write(place)
        with GroupCommit(door_to(ledger)) as group:
            for batch in batches:
                answers = group.submit(batch)
                error = answers.exception(WAIT_SECONDS)
                if error is None:
                    write_down(receipts, [one.receipt for one in answers.result() if isinstance(one, Accepted)])
                    continue
                assert isinstance(error, LedgerUnavailable), error
                is_all = False
                click.echo(f"custody: {error}", err=True)
        ledger.close()
    except LedgerUnavailable as error:
        is_all = False
        click.echo(f"custody: {error}", err=True)
    sys.exit(0 if is_all else UNAVAILABLE)


def write_down(path: Path, receipts: Iterable[Receipt]) -> None:
    """Write down receipts on a disk that does not fail."""
    with path.open("a") as file:
        file.writelines(f"{receipt.position} {receipt.leaf.hex()}\n" for receipt in receipts)
        file.flush()
        os.fsync(file.fileno())


def written_down(path: Path) -> dict[int, str]:
    """Return the leaf hash of each position that a receipt was given for."""
    if not path.exists():
        return {}
    return {int(position): leaf for position, leaf in map(str.split, path.read_text().splitlines())}
