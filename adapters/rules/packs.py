"""Rule packs from files: read, check, compile. A problem names the file, the line, the rule, the mend."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

from adapters.rules.cel import CelEngine
from adapters.rules.strict_yaml import StrictDocument, parse_strict_yaml
from domain.errors import InputRefused
from domain.rules.rulebook import Rulebook, build_rulebook
from domain.rules.vocabulary import Engine

NAMED = re.compile(r"(rule|test) '?([^',]+)'?")


def load_pack(path: Path, engine: Engine | None = None) -> Rulebook:
    """Load a pack file; raise InputRefused, `where` giving file, line and rule."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputRefused("bad_encoding", f"the file is not UTF-8: {error.reason}", where=path.name) from None
    except OSError as error:
        what = error.strerror or "the file cannot be read"
        raise InputRefused("unreadable", what, where=str(path), mend="name a rule pack file") from None
    return parse_pack(text, path.name, engine)


def parse_pack(text: str, name: str, engine: Engine | None = None) -> Rulebook:
    """Parse, check and compile the text of a pack; `name` is used in errors."""
    document = parse_strict_yaml(text, name)
    if not isinstance(document.value, dict):
        raise InputRefused("bad_pack", "a pack is a mapping", where=f"{name}, line 1", mend="see `docs/rules.md`")
    try:
        return build_rulebook(document.value, engine or CelEngine())
    except InputRefused as refusal:
        line = _line(document, refusal.where)
        where = f"{name}, line {line}: {refusal.where}" if line else f"{name}: {refusal.where}"
        raise InputRefused(refusal.code, refusal.what, where=where, mend=refusal.mend) from None


def _line(document: StrictDocument, where: str) -> int | None:
    """Find the line of `rules.3.when.0.cel (rule X)` or of `rule X`."""
    dotted = where.partition(" (")[0]
    if re.fullmatch(r"[A-Za-z_]+(\.\w+)*", dotted):
        path = tuple(int(part) if part.isdecimal() else part for part in dotted.split("."))
        return document.line_of(path)
    named = NAMED.match(where)
    if not named:
        return None
    section, key = ("rules", "id") if named[1] == "rule" else ("tests", "name")
    for index, entry in enumerate(document.value.get(section, [])):
        if isinstance(entry, dict) and entry.get(key) == named[2]:
            return document.line_of((section, index))
    return None


@cache
def minnesota_rules() -> Rulebook:
    """Return the Minnesota pack that ships with the package, compiled once a process."""
    text = files("domain").joinpath("packs/us-mn.yaml").read_text(encoding="utf-8")
    return parse_pack(text, "us-mn.yaml")
