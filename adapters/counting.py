"""Counting over a ledger: the named counts and a user's, and what the read models know of detainers and handoffs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from adapters.composition import Services, amendments
from adapters.read_models.answers import answering
from adapters.rules.strict_yaml import parse_strict_yaml, yaml_text
from adapters.store.ledger import Ledger
from domain.counts.counting import Definitions
from domain.errors import InputRefused
from projections.counted import ModelRow, Told
from projections.custody import STAYS, Custody
from projections.departures import DEPARTURES, Departures
from projections.detainers import DETAINERS, Detainers
from projections.handoffs import HANDOFFS, NOTICES, Handoffs
from projections.persons import LINKING_TYPES, Persons

Where = Mapping[str, Iterable[Any]]


@cache
def named_counts() -> Definitions:
    """Return the counts that ship with the program."""
    text = files("domain.counts").joinpath("named.yaml").read_text(encoding="utf-8")
    return _with_text(Definitions(()), text, "named.yaml")


def counts_with(path: Path | None) -> Definitions:
    """Return the counts that ship, and those of a user's file.

    Raise InputRefused, `where` giving file and line: unreadable, bad_encoding, bad_yaml, bad_counts, duplicate_count,
    unknown_count.
    """
    if path is None:
        return named_counts()
    text = yaml_text(path, mend="name a file of counts: docs/counts.md")
    return _with_text(named_counts(), text, path.name)


def _with_text(counts: Definitions, text: str, name: str) -> Definitions:
    document = parse_strict_yaml(text, name)
    try:
        return counts.and_those_of(document.value)
    except InputRefused as refusal:
        path = tuple(int(part) if part.isdecimal() else part for part in refusal.where.split("."))
        where = f"{name}, line {document.line_of(path) or 1}: {refusal.where}"
        raise InputRefused(refusal.code, refusal.what, where=where, mend=refusal.mend) from None


def told(services: Services, ledger: Ledger, upto: int, facility: str | None = None) -> Told:
    """Return what is known at a position of the detainers and handoffs, of one facility or of all."""
    amending = amendments(ledger, upto)
    persons = Persons(amending.apply(ledger.recorded(upto=upto, topics=LINKING_TYPES)))
    at: Where = {"facility": [facility]} if facility else {}
    detainers = _rows(services, ledger, upto, Detainers.name, DETAINERS.name, at)
    episodes = {row["episode"] for row in detainers if row["episode"]}
    subjects = persons.all_of(row["subject"] for row in detainers if row["subject"] and not row["episode"])
    with answering(services.models(), ledger, Handoffs.name, upto) as model:
        handoffs, notices = (list(model.rows(table.name, upto, at)) for table in (HANDOFFS, NOTICES))
    about = (episodes, subjects)
    return Told(
        detainers,
        _of(services, ledger, upto, (Custody.name, STAYS.name), *about),
        _of(services, ledger, upto, (Departures.name, DEPARTURES.name), *about),
        notices,
        handoffs,
        persons,
        services.custodians(),
    )


def _rows(services: Services, ledger: Ledger, upto: int, name: str, table: str, where: Where) -> list[ModelRow]:
    with answering(services.models(), ledger, name, upto) as model:
        return list(model.rows(table, upto, where))


def _of(
    services: Services, ledger: Ledger, upto: int, table: tuple[str, str], episodes: set[str], subjects: set[str]
) -> list[ModelRow]:
    """Return the rows of these episodes, and those of these persons in any other."""
    with answering(services.models(), ledger, table[0], upto) as model:
        found = list(model.rows(table[1], upto, {"episode": sorted(episodes)}))
        others = model.rows(table[1], upto, {"subject": sorted(subjects)})
        return [*found, *(row for row in others if row["episode"] not in episodes)]
