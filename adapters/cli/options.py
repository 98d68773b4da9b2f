"""Arguments that several commands share: a moment of valid time, and a point of knowledge."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.composition import Services
from adapters.questions import knowledge
from domain.errors import InputRefused

pass_services = click.make_pass_decorator(Services)
known_position = knowledge.known_position
POSITION_MAX = 2**63 - 1  # what SQLite can count


class Moment(click.ParamType[datetime]):
    """A date (its end, or its start; Minnesota time) or a date and time (Minnesota time unless it has an offset)."""

    name = "time"

    def __init__(self, *, start: bool = False) -> None:
        self._start = start

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return a zoned datetime; `2026-02` means the end, or the start, of that month."""
        if isinstance(value, datetime):
            return value
        try:
            return knowledge.moment_of(value, start=self._start)
        except InputRefused as refused:
            self.fail(f"{refused.what} (try 2026-01-22 or 2026-01-22T17:00)", param, ctx)


class Knowledge(click.ParamType[int | datetime]):
    """A position (a whole number), or a date or time of the ledger's own clock."""

    name = "knowledge"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | datetime:
        """Return a position or a zoned datetime."""
        if isinstance(value, int | datetime):
            return value
        if value.isdecimal():
            return int(value)
        try:
            return MOMENT.convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value!r} is neither a position nor a date (try 1200 or 2026-01-22)", param, ctx)


MOMENT = Moment()
START = Moment(start=True)
KNOWLEDGE = Knowledge()

at_option = click.option("--at", type=MOMENT, help="As of this date (its end) or time; now if not given.")
as_of_option = click.option(
    "--at", type=MOMENT, help="As of this date (its end) or time: without what surely happened later."
)
known_option = click.option(
    "--known", type=KNOWLEDGE, metavar="K", help="As known at a position, or by the end of a date."
)
