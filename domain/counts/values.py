"""Which values a field of a row can have, so that a slip in a condition is refused and does not count as nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from domain.counts.fields import FIELDS, Of, Value
from domain.errors import InputRefused

NAMED_MAX = 30  # of more values only the near ones are named
Register = Mapping[str, Collection[str]]  # a field -> the values that the register of facilities has for it
WORDS: Mapping[str, Value] = {"null": None, "true": True, "false": False}


def check_values(of: Of, name: str, values: Iterable[Value], register: Register, *, code: str, where: str) -> None:
    """Raise InputRefused, with this code, for the first value that the field never has."""
    field = FIELDS[of][name]
    possible = (*register[name], None) if name in register else tuple(field.values) or field.codes
    for value in values:
        fitting = field.fits(value) if isinstance(value, str) else None
        if value not in possible if possible else fitting != value:
            near = _near(value, possible) if possible else fitting
            meant = f"did you mean {near}? " if near else ""
            mend = meant + (_named(possible) if possible else f"docs/counts.md: {field.about}")
            raise InputRefused(code, f"{name} is never {written(value)[:80]!r}", where=where, mend=mend)


def written(value: Value) -> str:
    """Write a value as it stands in a file of counts."""
    return next((word for word, meant in WORDS.items() if value is meant), str(value))


def _near(value: Value, possible: Iterable[Value]) -> str | None:
    known = {word.casefold(): word for word in map(written, possible)}
    return next((known[word] for word in get_close_matches(written(value).casefold(), known, n=1)), None)


def _named(possible: Collection[Value]) -> str:
    if len(possible) > NAMED_MAX:
        return "`custody facilities` lists what the register has"
    return f"one of: {', '.join(map(written, possible))}"
