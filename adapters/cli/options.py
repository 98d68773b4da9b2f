"""Arguments that several commands share: a moment of valid time, and a point of knowledge."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.composition import Services
from adapters.store.ledger import Ledger
from domain.errors import InputRefused
from domain.instants import MINNESOTA, instant_from_text

pass_services = click.make_pass_decorator(Services)


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
            instant = instant_from_text(value, MINNESOTA)
        except (ValueError, OverflowError) as error:
            self.fail(f"{value!r} is not a date or a time: {error} (try 2026-01-22 or 2026-01-22T17:00)", param, ctx)
        moment = instant.earliest if self._start else instant.latest
        if moment is None:
            self.fail(f"{value!r} is not a date or a time", param, ctx)
        return moment


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
known_option = click.option(
    "--known", type=KNOWLEDGE, metavar="K", help="As known at a position, or by the end of a date."
)


def known_position(ledger: Ledger, known: int | datetime | None) -> int:
    """Return the position that `--known` means; the last one if it was not given."""
    last = ledger.position()
    if known is None:
        return last
    if isinstance(known, datetime):
        return ledger.position_known_by(known)
    if known > last:
        raise InputRefused(
            "unknown_position",
            f"the ledger ends at position {last}",
            where=f"--known {known}",
            mend="give a position up to that, or a date",
        )
    return known
