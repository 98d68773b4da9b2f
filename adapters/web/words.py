"""How pages write what the questions answer: moments with their zone, codes as words, statuses as sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from adapters.questions.asked import Asked
from domain.instants import EPOCH, local, microseconds
from domain.rules.pack import Status
from projections.explained.wording import spaced

MOMENTS_KEPT = 10_000
STATUS_WORDS = {
    Status.REQUIRED: "must",
    Status.PERMITTED: "may",
    Status.PROHIBITED: "must not",
    Status.CONFLICT: "rules conflict",
    Status.REQUESTED_ONLY: "is only asked to",
    Status.UNDETERMINED: "not known",
    Status.NO_RULE: "no rule",
}
STATUS_MEANS = {
    Status.REQUIRED: "an obligation stands, and nothing against it",
    Status.PERMITTED: "a permission stands, and nothing against it",
    Status.PROHIBITED: "a prohibition stands, and nothing against it",
    Status.CONFLICT: "a prohibition stands against an obligation or a permission; nothing here says which prevails",
    Status.REQUESTED_ONLY: "only a request stands, which obliges nobody",
    Status.UNDETERMINED: "a fact that is not recorded, or rival readings of a text, could change the answer",
    Status.NO_RULE: "no rule of the pack speaks to this custodian",
}


def when(value: Any) -> Markup:
    """Write a moment or a wire instant for people: `Fri 16 Jan 2026, 17:00 CST`, with the machine's form beside."""
    if value is None or value == "":
        return Markup('<span class="quiet">not known</span>')
    if isinstance(value, Mapping):
        return _bounds(value["earliest"], value["latest"], str(value["precision"]))
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return _time(moment, clock_words(moment))


def clock_words(moment: datetime) -> str:
    """Write a moment in Minnesota's time: `Fri 16 Jan 2026, 17:00 CST`."""
    return _written(microseconds(moment))[1]


def date_words(moment: datetime) -> str:
    """Write a day in Minnesota: `Fri 16 Jan 2026`."""
    return _written(microseconds(moment))[0]


@lru_cache(MOMENTS_KEPT)
def _written(moment_us: int) -> tuple[str, str]:
    """Return day and moment as people write them; by number, as datetimes of an hour that comes twice are equal."""
    here = local(EPOCH + timedelta(microseconds=moment_us))
    day = f"{here:%a} {here.day} {here:%b %Y}"
    return day, f"{day}, {here:%H:%M %Z}"


def _bounds(earliest: str | None, latest: str | None, precision: str) -> Markup:
    first, last = (datetime.fromisoformat(bound) if bound else None for bound in (earliest, latest))
    if first and last and precision == "day":
        return _time(first, date_words(first))
    if first and last and precision in ("month", "year"):
        return Markup("{}").format(f"{local(first):%b %Y}" if precision == "month" else f"{local(first):%Y}")
    words = [
        Markup("{} {}").format(word, _time(bound, date_words(bound)))
        for word, bound in (("not before", first), ("not after", last))
        if bound
    ]
    return Markup(", ").join(words) if words else when(None)


def _time(moment: datetime, words: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), words)


def duration(minutes: int | None) -> str:
    """Write minutes as `2 d 3 h 10 min`, the parts that are not nought."""
    if minutes is None:
        return "not known"
    days, rest = divmod(abs(minutes), 24 * 60)
    parts = [f"{number} {unit}" for number, unit in ((days, "d"), (rest // 60, "h"), (rest % 60, "min")) if number]
    return " ".join(parts) or "0 min"


MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
HIDDEN = {"facility", "subject", "episode", "detainer", "handoff", "cited_rules"}


def details(data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what an event says beside whom and what it is about: (name, value) in words."""
    said = [(spaced(name), _value(value)) for name, value in data.items() if name not in HIDDEN]
    return said + [("cites", rule["rule"]) for rule in data.get("cited_rules", [])]


def event_words(event_type: str) -> str:
    """Write an event's type in words: `detainer.received` as "detainer received", others without their family."""
    family, _, name = event_type.partition(".")
    return spaced(f"detainer_{name}" if family == "detainer" else name)


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        if "precision" in value:
            return when(value)
        return ", ".join(f"{spaced(name)} {_value(inner)}" for name, inner in value.items())
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return when(value)
    if isinstance(value, list):
        return ", ".join(str(_value(one)) for one in value)
    return ("yes" if value else "no") if isinstance(value, bool) else value


def agency_names(asked: Asked) -> dict[str, str]:
    """Return the names of the agencies that run a facility, by id."""
    return {facility.agency: facility.agency_name for facility in asked.services.register.facilities}
