"""`custody explain`: the decisions of a case so that anyone can check them, as text, as a page, or as JSON.

`--json` is a list with one object for each decision point that arose, or with `--decision-point` that object; its keys
are drawn in `projections/explanation.py`.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from shutil import get_terminal_size

import click
import orjson

from adapters.cli.options import at_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, new_file, print_json
from adapters.cli.rules import PACK
from adapters.composition import Services
from adapters.explain.text import WIDTH, text_of_explanations
from adapters.questions.asked import Asked
from adapters.questions.explained import explained
from adapters.rules.packs import load_pack
from domain.errors import InputRefused
from domain.events.fields import DecisionPoint

WIDTH_MAX = 100  # longer lines are hard to read


@click.command()
@click.argument("ref")
@click.option(
    "--decision-point",
    "point",
    type=click.Choice([point.value for point in DecisionPoint]),
    metavar="P",
    help="Only this one, such as hold_past_release.",
)
@PACK
@at_option
@known_option
@click.option("--format", "form", type=click.Choice(["text", "html"]), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to a new file.")
@json_option
@pass_services
def explain(
    services: Services,
    ref: str,
    point: str | None,
    pack_file: Path | None,
    at: datetime | None,
    known: int | datetime | None,
    form: str,
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    """Explain which rule applied at each decision point of a case, and why, for people to check."""
    if as_json and form == "html":
        raise InputRefused("usage", "--json and --format html exclude each other", mend="give one of them")
    rulebook = load_pack(pack_file) if pack_file else None
    ledger = services.reading()
    upto = known_position(ledger, known)
    case = explained(Asked(services, ledger), ref, point=point, at=at, upto=upto, rulebook=rulebook)
    ledger.close()
    made = case.explanations
    if as_json:
        documents = [explanation.as_json() for explanation in made]
        document = documents[0] if point and len(documents) == 1 else documents
        if output is None:
            print_json(document)
            return
        content = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    elif form == "html":
        from adapters.explain.page import page_of  # text needs no template engine

        content = page_of(made, case.ref)
    else:
        terminal = output is None and sys.stdout.isatty()
        width = min(get_terminal_size().columns, WIDTH_MAX) if terminal else WIDTH
        content = text_of_explanations(made, case.ref, width, styled=terminal)
    _deliver(content, output)


def _deliver(content: str, output: Path | None) -> None:
    """Write to a new file, or print; no file is ever overwritten, the ledger among them."""
    if output is None:
        click.echo(content, nl=False)
        return
    with new_file(output) as file:
        file.write(content.encode())


COMMANDS = (explain,)
