"""Rule packs from files: read, check, compile. A problem names the file, the line, the rule, the mend."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path

from adapters.rules.cel import CelEngine
from adapters.rules.strict_yaml import StrictDocument, parse_strict_yaml, yaml_text
from domain.errors import InputRefused
from domain.rules.rulebook import Rulebook, build_rulebook
from domain.rules.vocabulary import Engine

PACKS = files("domain").joinpath("packs")
NAMED = re.compile(r"(rule|test) '?([^',]+)'?")


def load_pack(path: Path, engine: Engine | None = None) -> Rulebook:
    """Load a pack file, or by its name a pack that ships with the program (`us-tx`).

    The pack it extends is looked for beside the file, then among those that ship. Raise InputRefused, `where` giving
    file, line and rule.
    """
    if path.name in shipped_packs() and str(path) == path.name and not path.exists():
        return shipped_pack(path.name)
    text = yaml_text(path, mend=f"name a rule pack file, or one of {', '.join(shipped_packs())}")

    def beside(name: str) -> Rulebook:
        file = path.with_name(f"{name}.yaml")
        return load_pack(file, engine) if file.exists() and file != path else shipped_pack(name)

    return parse_pack(text, path.name, engine, beside)


def parse_pack(
    text: str, name: str, engine: Engine | None = None, find_base: Callable[[str], Rulebook] | None = None
) -> Rulebook:
    """Parse, check and compile the text of a pack; `name` is used in errors, `find_base` gives what it extends."""
    document = parse_strict_yaml(text, name)
    if not isinstance(document.value, dict):
        raise InputRefused("bad_pack", "a pack is a mapping", where=f"{name}, line 1", mend="see `docs/rules.md`")
    extends = document.value.get("extends")
    base = (find_base or shipped_pack)(extends) if isinstance(extends, str) else None
    try:
        return build_rulebook(document.value, engine or CelEngine(), base)
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
def shipped_packs() -> tuple[str, ...]:
    """Return the names of the packs that ship with the program."""
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in PACKS.iterdir() if entry.name.endswith(".yaml")))


def shipped_pack(name: str) -> Rulebook:
    """Return a pack that ships with the program, compiled once a process; raise InputRefused(unknown_pack)."""
    if name not in shipped_packs():
        raise InputRefused(
            "unknown_pack", f"there is no pack {name[:80]!r}", mend=f"these ship: {', '.join(shipped_packs())}"
        )
    return _compiled(name)


@cache
def _compiled(name: str) -> Rulebook:
    return parse_pack(PACKS.joinpath(f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")


def minnesota_rules() -> Rulebook:
    """Return the Minnesota pack that ships with the program."""
    return shipped_pack("us-mn")
