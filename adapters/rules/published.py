"""Rule packs from the log: published there with their whole text, and compiled as any other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from adapters.rules.cel import CelEngine
from adapters.rules.packs import minnesota_rules
from domain.errors import InputRefused, IntegrityProblem
from domain.instants import Instant
from domain.rules.packtests import TestOutcome, run_pack_tests
from domain.rules.publishing import part_events, publication_event
from domain.rules.rulebook import Rulebook, build_rulebook
from projections.amendments import AMENDING_TYPES, Amendments
from projections.published_packs import Publication, PublishedPacks
from projections.recorded import Recorded

COMPILED_KEPT = 16
RULE_TYPES = (*PublishedPacks.TYPES, *AMENDING_TYPES)


@dataclass(frozen=True, slots=True)
class KnownRules:
    """The rules to decide by, and the position of their publication; None: they ship with the program."""

    rulebook: Rulebook
    position: int | None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form: `{"id","version","digest","published"}`."""
        pack = self.rulebook.pack
        return {"id": pack.pack, "version": pack.version, "digest": self.rulebook.digest, "published": self.position}


def known_rules(published: PublishedPacks) -> KnownRules:
    """Return Minnesota's pack as last published, else the one that ships."""
    shipped = minnesota_rules()
    latest = published.latest(shipped.pack.pack)
    return KnownRules(published_rulebook(published, latest), latest.position) if latest else KnownRules(shipped, None)


def rules_by_position(events: Iterable[Recorded]) -> dict[int, Rulebook]:
    """Return which rules came into use at which position, 0 for those that ship.

    `events` are those of the types in `RULE_TYPES`, in the order of the log.
    """
    amending = Amendments()
    told: list[Recorded] = []
    last = minnesota_rules()
    found = {0: last}
    for event in events:
        amending.add(event)
        if event.type in PublishedPacks.TYPES:
            told.append(event)
        elif not any(event.position in amending.positions(one) for one in told):
            continue
        rulebook = known_rules(PublishedPacks(amending.apply(told))).rulebook
        if rulebook is not last:
            found[event.position] = last = rulebook
    return found


def published_rulebook(published: PublishedPacks, publication: Publication) -> Rulebook:
    """Compile a published pack; raise IntegrityProblem(unusable_pack) if this program cannot read it."""
    try:
        return _rulebook(published, publication.digest)
    except InputRefused as problem:
        raise IntegrityProblem(
            "unusable_pack",
            f"the pack {publication.pack} published there cannot be used: {problem.what} ({problem.where})",
            where=f"position {publication.position}",
            mend="publish a pack that loads, or name one with --pack",
        ) from None


def _rulebook(published: PublishedPacks, digest: str) -> Rulebook:
    text = published.text(digest)
    if text is None:
        what, mend = f"the log does not hold the whole text of {digest}", "`custody rules publish` publishes it whole"
        raise InputRefused("unknown_pack", what, mend=mend)
    extends = orjson.loads(text).get("extends")
    return _compiled(text, _rulebook(published, extends["digest"]) if extends else None)


@lru_cache(maxsize=COMPILED_KEPT)
def _compiled(text: str, base: Rulebook | None) -> Rulebook:
    document = orjson.loads(text)
    if base:
        document["extends"] = base.pack.pack
    return build_rulebook(document, CelEngine(), base)


@lru_cache(maxsize=COMPILED_KEPT)
def failed_tests(rulebook: Rulebook) -> tuple[TestOutcome, ...]:
    """Return the tests of a pack that fail."""
    return tuple(outcome for outcome in run_pack_tests(rulebook) if not outcome.ok)


def check_tests(rulebook: Rulebook) -> None:
    """Raise InputRefused(failing_pack) if a test that ships with the pack, or with its base, fails."""
    for one in rulebook.lineage():
        failed = failed_tests(one)
        if failed:
            raise InputRefused(
                "failing_pack",
                f"{len(failed)} of its own tests fail, first: {'; '.join(failed[0].problems)}",
                where=f"{one.pack.pack}, test {failed[0].name!r}",
                mend="`custody rules test --pack FILE` lists them",
            )


def unpublished(rulebook: Rulebook, published: PublishedPacks, at: Instant) -> Iterator[tuple[Rulebook, list[bytes]]]:
    """Yield each pack of the lineage with the events that publish it; none for what is there.

    The pack itself has to be the one in use; for what it extends it is enough to have been published.
    """
    history = [one for one in published.history() if one.whole]
    for one in rulebook.lineage():
        of_name = [publication for publication in history if publication.pack == one.pack.pack]
        there = of_name[-1:] if one is rulebook else of_name
        if any(publication.digest == one.digest for publication in there):
            yield one, []
            continue
        last = of_name[-1] if of_name else None
        event = publication_event(one, at, last.digest if last else None, last.event if last else None)
        yield one, [*part_events(one), event]
