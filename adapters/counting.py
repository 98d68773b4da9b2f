"""Counting over a ledger: the named counts and a user's, and what the read models know of detainers and handoffs."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock

from adapters.composition import Services, services
from adapters.known import amendments
from adapters.places.register import minnesota_register
from adapters.read_models.answers import answering
from adapters.read_models.models import Models
from adapters.remembering import Grown
from adapters.rules.strict_yaml import parse_strict_yaml, yaml_text
from adapters.store.ledger import Ledger
from domain.counts.counting import Definitions
from domain.counts.values import Register
from domain.errors import InputRefused
from projections.counted import Rows
from projections.custody import Custody
from projections.departures import Departures
from projections.detainers import Detainers
from projections.handoffs import Handoffs
from projections.joined import Joined
from projections.persons import LINKING_TYPES, Persons
from projections.told import DEPARTURES_TOLD, DETAINERS_TOLD, HANDOFFS_TOLD, NOTICES_TOLD, STAYS_TOLD, Told

SOURCES_OF = {
    Detainers.name: (DETAINERS_TOLD,),
    Custody.name: (STAYS_TOLD,),
    Departures.name: (DEPARTURES_TOLD,),
    Handoffs.name: (NOTICES_TOLD, HANDOFFS_TOLD),
}


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
        return counts.and_those_of(document.value, of_the_register())
    except InputRefused as refusal:
        path = tuple(int(part) if part.isdecimal() else part for part in refusal.where.split("."))
        where = f"{name}, line {document.line_of(path) or 1}: {refusal.where}"
        raise InputRefused(refusal.code, refusal.what, where=where, mend=refusal.mend) from None


def of_the_register() -> Register:
    """Return the values of the fields that a count takes from the register of facilities."""
    listed = minnesota_register().facilities
    return {
        "facility": [one.id for one in listed],
        "agency": sorted({one.agency for one in listed}),
        "county": sorted({one.county for one in listed if one.county}),
    }


def joined(asking: Services, ledger: Ledger, upto: int) -> Joined:
    """Return what is told of detainers and handoffs, every version of it, joined by what persons were one by then."""
    links = amendments(ledger, upto).apply(ledger.recorded(upto=upto, topics=LINKING_TYPES))
    told = _counting.upto(ledger, upto)
    told.ensure_of_now(asking.models(), ledger)
    return told.joined(Persons(links))


def rows_of(asking: Services, ledger: Ledger, upto: int, moment: int, facility: str | None = None) -> Rows:
    """Return the detainers and handoffs as known at a position, as of a moment; of one facility or of all."""
    return Rows(joined(asking, ledger, upto), asking.custodians(), upto, moment, facility)


class _Counting:
    """What the read models tell, in memory, and the last of it that was joined."""

    def __init__(self) -> None:
        self._told = Told.of({})
        self._generations: list[int | None] = []
        self._joined: tuple[Told, dict[str, str], Joined] | None = None
        self._lock = Lock()

    def read(self, models: Models, ledger: Ledger, after: int, upto: int) -> None:
        """Read what became known in (after, upto]: the keys of which something changed; everything, if after 0."""
        with self._lock:
            told, generations = self._told, _generations(models)
            for name, sources in SOURCES_OF.items():
                with answering(models, ledger, name, upto) as model:
                    for source in sources:
                        keys = model.changed_keys(source.table, after, upto) if after else None
                        told = told.read_anew(source, model.versions(source.table, source.names, keys), keys)
            self._told, self._generations = told, generations

    def ensure_of_now(self, models: Models, ledger: Ledger) -> None:
        """Read everything anew if a model was built anew: what could not be folded then may be now."""
        if self._generations != _generations(models):
            self.read(models, ledger, 0, ledger.position())

    def joined(self, persons: Persons) -> Joined:
        """Return what is told, joined by what persons are one."""
        others = {subject: persons.one(subject) for subject in persons.others}
        with self._lock:
            if self._joined is None or self._joined[0] is not self._told or self._joined[1] != others:
                self._joined = self._told, others, Joined(self._told, persons)
            return self._joined[2]


def _generations(models: Models) -> list[int | None]:
    return [models.live_generation(name) for name in SOURCES_OF]


def _grow(found: _Counting, ledger: Ledger, after: int, upto: int) -> None:
    found.read(services(ledger.place).models(), ledger, after, upto)


_counting = Grown(_Counting, _grow)
