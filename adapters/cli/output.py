"""What commands print: one JSON document, or text for people; progress goes to standard error on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import click
import orjson
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from adapters.visible import visible
from domain.errors import InputRefused

REFRESH_EVERY = 500
GAP = 2  # between two columns
WORD_MAX = 8  # longer ones may go on in the next line


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json`: one JSON document on standard output and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")(command)


def print_json(document: object) -> None:
    """Print one JSON document, indented for a terminal and on one line for a program."""
    option = orjson.OPT_INDENT_2 if sys.stdout.isatty() else 0
    click.echo(orjson.dumps(document, option=option))


@contextmanager
def new_file(output: Path) -> Iterator[BinaryIO]:
    """Yield a file to write; it gets its name once all of it is on the disk. What fails leaves none.

    Raise InputRefused(file_exists, cannot_write): none is ever overwritten.
    """
    if os.path.lexists(output):
        raise InputRefused("file_exists", "the file is there already", where=str(output), mend="name a new file")
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(output)
    except OSError as error:
        what = f"the file cannot be written: {error.strerror}"
        mend = "give another path, on a disk with room"
        raise InputRefused("cannot_write", what, where=str(output), mend=mend) from None
    finally:
        with suppress(OSError):
            part.unlink()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print rows under headings, or say what it means that there are none; no cell can steer the terminal.

    On a terminal too narrow for that, where numbers and short words would be cut, each row is a list.
    """
    if not rows:
        click.echo(empty)
        return
    is_terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, width=None if is_terminal else 160, highlight=False, markup=False)
    shown = [["" if cell is None else visible(str(cell)) for cell in row] for row in rows]
    if is_terminal and _least_width([columns, *shown]) > console.width:
        for row in shown:
            console.print(_table((), zip(columns, row, strict=True)), "")
    else:
        console.print(_table(columns, shown))


def _table(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=bool(columns))
    for column in columns or ("", ""):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _least_width(rows: Iterable[Sequence[str]]) -> int:
    """Return how wide a table has to be so that no word is cut that has WORD_MAX characters at most."""
    words = [max(max(map(cell_len, cell.split()), default=0) for cell in column) for column in zip(*rows, strict=True)]
    return sum(min(word, WORD_MAX) for word in words) + GAP * (len(words) - 1)


def show_instant(value: object) -> str:
    """Write a wire instant for people: `2025-03-26`, `between 2025-12-12 and 2025-12-29`, `not known`."""
    if isinstance(value, Mapping):
        return _show_bounds(value["earliest"], value["latest"], str(value["precision"]))
    return _show_moment(str(value)) if value else "not known"


def _show_moment(text: str) -> str:
    """Write `2026-01-16 17:00 -06:00`, seconds only where there are some."""
    clock, offset = (text[:-1], "UTC") if text.endswith("Z") else (text[:-6], text[-6:])
    return f"{clock.removesuffix(':00').replace('T', ' ')} {offset}"


def _show_bounds(earliest: str | None, latest: str | None, precision: str) -> str:
    if earliest is None and latest is None:
        return "not known"
    if latest is None:
        return f"from {str(earliest)[:10]}"
    if earliest is None:
        return f"by {latest[:10]}"
    cut = {"day": 10, "month": 7, "year": 4}.get(precision)
    return earliest[:cut] if cut else f"between {earliest[:10]} and {latest[:10]}"


def show_pack(pack: Mapping[str, Any]) -> str:
    """Write which rules: `us-mn 2026.11.1 (5d41402a, published at position 12)`."""
    published = pack["published"]
    since = f"published at position {published:,}" if published else "not published"
    return f"{pack['id']} {pack['version']} ({pack['digest'][:8]}, {since})"


class _Rate(ProgressColumn):
    """How many a second, of late."""

    def render(self, task: Task) -> Text:
        """Write `151,000/s`."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Yield a function that takes how much is done; it draws on a terminal's standard error only."""
    columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}")]
    columns += [_Rate(), TimeRemainingColumn()] if total else [TimeElapsedColumn()]
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(what, total=total)
        last = 0

        def advance(done: int) -> None:
            nonlocal last
            if done - last >= REFRESH_EVERY:
                last = done
                progress.update(task, completed=done)

        yield advance
