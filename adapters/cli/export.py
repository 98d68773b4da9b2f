"""`custody export`: the log and every read model as Parquet or CSV, with a manifest."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from adapters.cli.options import known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar
from adapters.composition import Services
from adapters.export.export import Export, Wanted
from adapters.export.files import Format
from adapters.export.references import references
from adapters.known import agreements, amendments


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(Format, case_sensitive=False),
    default=Format.PARQUET,
    show_default=True,
    help="What files to write.",
)
@click.option("--only", "names", multiple=True, metavar="TABLE", help="Only this table; may be given again.")
@known_option
@click.option(
    "--history/--as-known",
    "is_history",
    default=True,
    show_default=True,
    help="Every row ever known by then, or only those known then.",
)
@click.option("--replace", is_flag=True, help="Replace an export that is there.")
@json_option
@pass_services
def export(
    services: Services,
    folder: Path,
    form: Format,
    names: tuple[str, ...],
    known: int | datetime | None,
    *,
    is_history: bool,
    replace: bool,
    as_json: bool,
) -> None:
    """Write the events and every read model into a new folder, for analysis elsewhere."""
    ledger = services.reading()
    upto = known_position(ledger, known)
    listed = references(services.register.facilities, lambda: agreements(ledger, upto, amendments(ledger, upto)).rows())
    made = Export(ledger, services.models(), listed, Wanted(names, upto, is_history, form))
    manifest = made.write(folder.absolute(), progress_bar, replace=replace)
    ledger.close()
    if as_json:
        print_json({"folder": str(folder), **manifest})
    else:
        _print(folder, manifest)


def _print(folder: Path, manifest: dict[str, Any]) -> None:
    files = manifest["files"]
    rows = []
    for table in manifest["tables"]:
        its = [file["bytes"] for file in files if file["table"] == table["table"]]
        rows.append([table["table"], f"{table['rows']:,}", len(its), f"{sum(its):,}"])
    print_table(["table", "rows", "files", "bytes"], rows, empty="")
    click.echo(f"{folder}: as known at position {manifest['position']:,}, root {manifest['root']}")


COMMANDS = (export,)
