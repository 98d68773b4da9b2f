"""`custody determinations`: what was derived, and when that changed, as lines anybody can rebuild byte for byte.

determinations REF            a table: since which position, at which point, which status, under which rules
determinations --json         one JSON line a row (projections/determinations.py draws it)
determinations -o FILE        the same lines in a file, and {"rows","sha256"} of it
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from adapters.cli.options import known_option, known_position, pass_services
from adapters.cli.output import new_file, print_json, print_table, progress_bar
from adapters.composition import Services
from adapters.questions.asked import Asked
from adapters.questions.determined import determined
from domain.canonical import canonical_bytes
from projections.explained.wording import spaced


@click.command()
@click.argument("ref", required=False)
@known_option
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the lines to a new file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines, one a row, and nothing else.")
@pass_services
def determinations(
    services: Services, ref: str | None, known: int | datetime | None, output: Path | None, as_json: bool
) -> None:
    """Show what was derived at each decision point of one case, or of all, whenever it changed."""
    ledger = services.reading()
    upto = known_position(ledger, known)
    with progress_bar("deciding", upto) as progress:
        _show(determined(Asked(services, ledger, progress), upto, ref), upto, output, as_json=as_json)
    ledger.close()


def _show(rows: Iterator[dict[str, Any]], upto: int, output: Path | None, *, as_json: bool) -> None:
    if output is not None:
        document = {"known": upto, **_write(rows, output)}
        print_json(document) if as_json else click.echo("{rows:,} rows, SHA-256 {sha256}".format(**document))
    elif as_json:
        for row in rows:
            sys.stdout.buffer.write(canonical_bytes(row) + b"\n")
        sys.stdout.buffer.flush()
    else:
        print_table(
            ["case", "since position", "decision point", "status", "rules that stand"],
            [_cells(row) for row in rows],
            empty="No decision point has arisen.",
        )


def _write(rows: Iterator[dict[str, Any]], output: Path) -> dict[str, Any]:
    """Write the lines; a file that exists is never overwritten, a half-written one never has the name."""
    digest = hashlib.sha256()
    count = 0
    with new_file(output) as lines:
        for row in rows:
            line = canonical_bytes(row) + b"\n"
            lines.write(line)
            digest.update(line)
            count += 1
    return {"rows": count, "sha256": digest.hexdigest()}


def _cells(row: dict[str, Any]) -> list[object]:
    standing = ", ".join(rule["id"] for rule in row.get("rules", ()) if rule["standing"] == "stands")
    status = spaced(row.get("status", "no longer arises"))
    return [row["ref"], row["position"], spaced(row["decision_point"]), status, standing]


COMMANDS = (determinations,)
